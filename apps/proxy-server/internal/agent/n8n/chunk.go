package n8n

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"regexp"
	"strings"
)

// chunk is one line of n8n's stream. Members we do not know are skipped, and
// so is a line that is not a chunk at all.
type chunk struct {
	Type     string         `json:"type"`
	Content  jsontext.Value `json:"content"` // a string, undecoded; absent in some errors
	Metadata struct {
		NodeID    string `json:"nodeId"`
		NodeName  string `json:"nodeName"`
		RunIndex  int    `json:"runIndex"`
		ItemIndex int    `json:"itemIndex"`
	} `json:"metadata"`
}

// lenient reads what n8n writes, whoever has spoilt it on the way.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// parseChunk returns false for a line that is no chunk.
func parseChunk(line []byte) (chunk, bool) {
	var c chunk
	if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &c, lenient) != nil {
		return chunk{}, false
	}
	return c, true
}

// webPage says whether a line begins or holds an HTML page.
func webPage(line []byte) bool {
	line = bytes.ToLower(bytes.TrimLeft(line, " \t\r\ufeff"))
	return bytes.HasPrefix(line, []byte("<")) || bytes.Contains(line, []byte("<html")) || bytes.Contains(line, []byte("<!doctype"))
}

// halfPair matches the first half of a surrogate pair at a string's end.
var halfPair = regexp.MustCompile(`(?i)\\ud[89ab][0-9a-f]{2}$`)

// contentText decodes the JSON string raw. JavaScript may cut a character in
// two between chunks: half is such a first half, put before this string, and
// the next one is returned. Anything but a string is no text.
func contentText(raw jsontext.Value, half string) (text, nextHalf string) {
	if raw.Kind() != '"' {
		return "", half
	}
	inner := half + string(raw[1:len(raw)-1])
	if at := halfPair.FindStringIndex(inner); at != nil && !escaped(inner[:at[0]]) {
		inner, nextHalf = inner[:at[0]], inner[at[0]:]
	}
	if json.Unmarshal([]byte(`"`+inner+`"`), &text, lenient) != nil {
		return "", ""
	}
	return clean(text), nextHalf
}

// escaped says whether a backslash after the text would itself be escaped.
func escaped(text string) bool {
	return (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1
}

// clean removes what no text needs and some readers obey: control characters
// (a store may refuse NUL) and invisible tag characters.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r < ' ', r >= 0x7F && r < 0xA0, r >= 0xE0000 && r <= 0xE007F:
			return -1
		}
		return r
	}, text)
}
