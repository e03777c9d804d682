package relay

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	longestAnswer = 256 << 10         // bytes of text; what comes after it is cut off
	longestSpeech = 4 * longestAnswer // bytes told in one turn, with all that was replaced
	longestLabel  = 120               // bytes
	mostLabels    = 500
	mostCards     = 50
)

// speech makes what an agent says fit to be told: valid UTF-8 without control
// and tag characters, which nobody sees and which hide things from people.
type speech struct {
	rest string // the beginning of a character whose end has not come
}

// clean returns what can be told of the text so far.
func (s *speech) clean(text string) string {
	text = s.rest + text
	whole := len(text) - unfinished(text)
	s.rest = text[whole:]
	return visible(text[:whole])
}

// end returns what is left at the end: U+FFFD for half a character, else "".
func (s *speech) end() string {
	rest := s.rest
	s.rest = ""
	return visible(rest)
}

// unfinished is the length of the half character that text ends in.
func unfinished(text string) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if at := len(text) - n; utf8.RuneStart(text[at]) {
			if utf8.FullRuneInString(text[at:]) {
				return 0
			}
			return n
		}
	}
	return 0
}

func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0xE0000 && r <= 0xE007F:
			return -1
		}
		return r // U+FFFD for every byte that is none of a character
	}, text)
}

// oneLine is visible text without line breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(visible(text)), " ") }

// cut returns at most limit bytes of text, ending between two characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
