package chat

import "regexp"

// Branding is how a site's widget looks and what it says by itself. Every
// value is a checked token; there is no free CSS or HTML.
type Branding struct {
	Title         string
	Tagline       string
	Greeting      string
	Suggestions   []string
	Accent        string // "#rrggbb"
	Theme         string // "auto", "light" or "dark"
	Position      string // "right" or "left"
	LauncherLabel string
	AINotice      string // replaces the widget's own words about talking to an AI
}

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// Check returns the branding with defaults filled in, or an [Invalid] error
// naming the member at fault.
func (b Branding) Check() (Branding, error) {
	b.Title = orText(b.Title, "Chat with us")
	b.Tagline = orText(b.Tagline, "AI, answers at once")
	b.Greeting = orText(b.Greeting, "Hello! How can I help?")
	b.Accent = orText(b.Accent, "#2f5bea")
	b.Theme = orText(b.Theme, "auto")
	b.Position = orText(b.Position, "right")
	if !colour.MatchString(b.Accent) {
		return Branding{}, Wrong("branding.accent", "must be a colour such as #2f5bea")
	}
	if b.Theme != "auto" && b.Theme != "light" && b.Theme != "dark" {
		return Branding{}, Wrong("branding.theme", "must be auto, light or dark")
	}
	if b.Position != "right" && b.Position != "left" {
		return Branding{}, Wrong("branding.position", "must be right or left")
	}
	texts := []struct {
		field, text string
		most        int
	}{
		{"branding.title", b.Title, 60},
		{"branding.tagline", b.Tagline, 100},
		{"branding.greeting", b.Greeting, 300},
		{"branding.launcher_label", b.LauncherLabel, 40},
		{"branding.ai_notice", b.AINotice, 300},
	}
	if len(b.Suggestions) > 6 {
		return Branding{}, Wrong("branding.suggestions", "may hold at most 6 texts")
	}
	for _, s := range b.Suggestions {
		texts = append(texts, struct {
			field, text string
			most        int
		}{"branding.suggestions", s, 120})
	}
	for _, t := range texts {
		if cleaned, err := cleanText(t.field, t.text, t.most); t.text != "" && (err != nil || cleaned != t.text) {
			return Branding{}, Wrong(t.field, "must be plain text without control characters, not too long")
		}
	}
	return b, nil
}

func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
