package config

import (
	"fmt"
	"io"
	"strings"
)

const preface = `# Configuration

Every setting is an environment variable, and none is needed for a first run.
Each may be given by a file instead: set its name with ` + "`_FILE`" + ` behind it to the
file's path, as container platforms do for secrets.
Complaints are made all at once, before anything is opened. A variable that
begins with ` + "`SECURECHAT_`" + ` and is no setting is warned of, with the name that was
probably meant, and keeps nothing from starting.
` + "`securechat config`" + ` prints this page with the values in force.
`

// Manual is the page that describes every setting.
func Manual() string {
	var page strings.Builder
	page.WriteString(preface)
	for _, s := range settings {
		page.WriteString(s.entry())
	}
	return page.String()
}

// Print writes the manual with the value that each setting has; a secret's is
// not shown.
func (c Config) Print(w io.Writer) error {
	var page strings.Builder
	page.WriteString(preface)
	for _, s := range settings {
		page.WriteString(s.entry())
		now := c.said[s.name]
		text := "`" + now.text + "`"
		switch {
		case now.text == "":
			text = "not set"
		case s.secret:
			text = "set, and not shown"
		}
		if now.from != "" {
			text += ", from " + now.from
		}
		fmt.Fprintf(&page, "Now: %s.\n", text)
	}
	_, err := io.WriteString(w, page.String())
	return err
}

func (s setting) entry() string {
	standard := "none"
	if s.standard != "" {
		standard = "`" + s.standard + "`"
	}
	return fmt.Sprintf("\n## %s\n\n%s\n\nDefault: %s.\n", s.name, s.meaning, standard)
}

// Example is a file for tools that read settings from one, with every setting
// at its default.
func Example() string {
	var page strings.Builder
	page.WriteString("# Every setting at its default; docs/deployment/configuration.md says more.\n")
	page.WriteString("# Copy this to .env, and change what you need.\n")
	for _, s := range settings {
		fmt.Fprintf(&page, "\n%s\n#%s=%s\n", wrap(s.meaning), s.name, s.standard)
	}
	return page.String()
}

// wrap breaks text into comment lines of some 80 characters.
func wrap(text string) string {
	lines := []string{"#"}
	for word := range strings.FieldsSeq(text) {
		if last := len(lines) - 1; len(lines[last])+1+len(word) > 80 {
			lines = append(lines, "#")
		}
		lines[len(lines)-1] += " " + word
	}
	return strings.Join(lines, "\n")
}
