package n8n

import (
	"encoding/json/v2"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"securechat/internal/chat"
)

// metaNode is the Respond-to-Webhook node by which a workflow says what is no
// text: a line of JSON with cards, an activity, or its execution's id.
const metaNode = "securechat:meta"

const (
	longestMeta   = 64 << 10 // bytes
	mostCards     = 10
	mostButtons   = 4
	longestLabel  = 80  // characters
	longestCell   = 200 // characters of any text of a card
	longestTarget = 2048
	mostTold      = 100 // pieces of one answer
)

// metaReader collects what the meta node says and tells it piece by piece.
type metaReader struct {
	text      strings.Builder
	half      string
	execution string // its id, or ""
	told      int
}

func (m *metaReader) add(c chunk) []chat.Piece {
	switch c.Type {
	case "begin":
		m.reset()
	case "item":
		var text string
		text, m.half = contentText(c.Content, m.half)
		kept, _ := fit(text, longestMeta-m.text.Len())
		m.text.WriteString(kept)
	case "end":
		return m.finish()
	}
	return nil
}

func (m *metaReader) reset() {
	m.text.Reset()
	m.half = ""
}

// finish reads what was collected. Lines that make no sense say nothing.
func (m *metaReader) finish() []chat.Piece {
	var pieces []chat.Piece
	for line := range strings.Lines(m.text.String()) {
		pieces = append(pieces, m.read(line)...)
	}
	m.reset()
	pieces = pieces[:min(len(pieces), mostTold-m.told)]
	m.told += len(pieces)
	return pieces
}

type metaLine struct {
	Cards       []metaCard `json:"cards"`
	Activity    string     `json:"activity"`
	ExecutionID string     `json:"executionId"`
}

type metaCard struct {
	Title    string       `json:"title"`
	Subtitle string       `json:"subtitle"`
	Price    string       `json:"price"`
	OldPrice string       `json:"old_price"`
	URL      string       `json:"url"`
	Buttons  []metaButton `json:"buttons"`
}

type metaButton struct {
	Label string `json:"label"`
	URL   string `json:"url"`
	Say   string `json:"say"`
}

var executionID = regexp.MustCompile(`^[A-Za-z0-9-]{1,40}$`)

func (m *metaReader) read(line string) []chat.Piece {
	var said metaLine
	if json.Unmarshal([]byte(line), &said, lenient) != nil {
		return nil
	}
	if executionID.MatchString(said.ExecutionID) {
		m.execution = said.ExecutionID
	}
	var pieces []chat.Piece
	if label := cell(said.Activity, longestLabel); label != "" {
		pieces = append(pieces, chat.Piece{Label: label})
	}
	for _, card := range said.Cards[:min(len(said.Cards), mostCards)] {
		if c, ok := card.checked(); ok {
			pieces = append(pieces, chat.Piece{Card: &c})
		}
	}
	return pieces
}

// checked returns the card as far as it may be shown; one without a title, or
// with an address that may not be opened, is not shown at all.
func (c metaCard) checked() (chat.Card, bool) {
	card := chat.Card{
		Title:    cell(c.Title, longestCell),
		Subtitle: cell(c.Subtitle, longestCell),
		Price:    cell(c.Price, longestLabel),
		OldPrice: cell(c.OldPrice, longestLabel),
		URL:      c.URL,
	}
	if card.Title == "" || (c.URL != "" && !opens(c.URL)) {
		return chat.Card{}, false
	}
	for _, b := range c.Buttons[:min(len(c.Buttons), mostButtons)] {
		button := chat.Button{Label: cell(b.Label, longestLabel), URL: b.URL, Say: cell(b.Say, longestCell)}
		if button.Label != "" && (button.URL == "") != (button.Say == "") && (button.URL == "" || opens(button.URL)) {
			card.Buttons = append(card.Buttons, button)
		}
	}
	return card, true
}

// opens says whether an address may be opened from a card.
func opens(address string) bool {
	u, err := url.Parse(address)
	return err == nil && len(address) <= longestTarget && u.Scheme == "https" && u.Hostname() != "" && u.User == nil &&
		address == clean(address) && utf8.ValidString(address)
}

// cell makes text one line of at most so many characters.
func cell(text string, most int) string {
	text = strings.Join(strings.Fields(clean(text)), " ")
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	return strings.TrimSpace(string(runes[:most-1])) + "…"
}
