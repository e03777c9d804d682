package chat

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Author is who wrote a message.
type Author string

const (
	ByVisitor  Author = "visitor"
	ByAgent    Author = "agent"
	ByOperator Author = "operator"
)

// Message is one thing said in a conversation. Text is kept as it was said;
// whoever shows it makes it safe to show.
type Message struct {
	ID             MessageID
	SiteID         SiteID
	ConversationID ConversationID
	Number         int64 // place in the conversation, from 1; given by the store
	Author         Author
	Text           string
	Cards          []Card
	PageURL        string // where the visitor was, or ""
	CreatedAt      time.Time
	TurnID         TurnID
	Status         TurnState // of an answer: done, stopped, failed or interrupted; else ""
	Problem        *Problem  // why an answer failed or was cut, or nil
	Rating         int       // 1, -1, or 0 for none
}

// Card is something to look at or press beside an answer's text. Addresses
// are https; nothing in a card is ever fetched.
type Card struct {
	Title    string
	Subtitle string
	Price    string
	OldPrice string
	URL      string
	Buttons  []Button
}

// Button opens an address or says something in the visitor's name; exactly
// one of URL and Say is set.
type Button struct {
	Label string
	URL   string
	Say   string
}

// Problem is what a person is told of a failure: fixed words, and an id under
// which an operator finds the cause in the log.
type Problem struct {
	Code  string
	Title string
	ID    string
}

// Draft is a message that a visitor wants to send. Only [NewDraft] makes one.
type Draft struct {
	id      MessageID
	text    string
	pageURL string
}

func (d Draft) ID() MessageID   { return d.id }
func (d Draft) Text() string    { return d.text }
func (d Draft) PageURL() string { return d.pageURL }

// NewDraft checks and cleans what a visitor typed: Unicode form C, no control
// or tag characters, no surrounding space, between 1 and most characters with
// something visible among them. Errors are [Invalid] and name id or text.
func NewDraft(id, text, pageURL string, most int) (Draft, error) {
	messageID, err := ParseMessageID("id", id)
	if err != nil {
		return Draft{}, err
	}
	cleaned, err := cleanText("text", text, most)
	if err != nil {
		return Draft{}, err
	}
	return Draft{id: messageID, text: cleaned, pageURL: pageURL}, nil
}

func cleanText(field, text string, most int) (string, error) {
	if !utf8.ValidString(text) {
		return "", &Error{Kind: Malformed, Code: "bad_text", Field: field, Text: "must be valid UTF-8"}
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0xE0000 && r <= 0xE007F:
			return -1
		}
		return r
	}, text)
	text = strings.TrimSpace(norm.NFC.String(text))
	if !visible(text) {
		return "", &Error{Kind: Invalid, Code: "text_empty", Field: field, Text: "must hold at least one visible character"}
	}
	if utf8.RuneCountInString(text) > most {
		return "", &Error{Kind: Invalid, Code: "text_too_long", Field: field,
			Text: "must be at most " + strconv.Itoa(most) + " characters"}
	}
	return text, nil
}

func visible(text string) bool {
	for _, r := range text {
		if unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) {
			return true
		}
	}
	return false
}
