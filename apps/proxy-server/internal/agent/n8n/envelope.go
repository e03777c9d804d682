package n8n

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"time"

	"securechat/internal/chat"
)

// envelope is the one body that n8n is ever sent. It is built anew from the
// prompt; nothing of a visitor's request is passed on as it came.
type envelope struct {
	Action    string   `json:"action"`
	SessionID string   `json:"sessionId"`
	ChatInput string   `json:"chatInput"`
	Metadata  metadata `json:"metadata"`
}

type metadata struct {
	Site      site     `json:"site"`
	PageURL   string   `json:"page_url"`
	UserAgent string   `json:"user_agent"`
	Locale    string   `json:"locale"`
	Time      string   `json:"time"`
	Geo       geo      `json:"geo"`
	Visitor   visitor  `json:"visitor"`
	Scopes    []string `json:"scopes"`
	History   []said   `json:"history"`
	Token     string   `json:"token,omitempty"`
}

type site struct {
	ID     string `json:"id"`
	Domain string `json:"domain"`
}

type geo struct {
	Country string `json:"country"`
	Region  string `json:"region,omitempty"`
	City    string `json:"city,omitempty"`
}

type visitor struct {
	ID         string `json:"id"`
	Returning  bool   `json:"returning"`
	Verified   bool   `json:"verified"`
	CustomerID string `json:"customer_id,omitempty"`
}

type said struct {
	Role string `json:"role"`
	Text string `json:"text"`
	At   string `json:"at"`
}

// roles are the words that language models use for who speaks.
var roles = map[chat.Author]string{chat.ByVisitor: "user", chat.ByAgent: "assistant", chat.ByOperator: "operator"}

// encode makes the body for the prompt; token may be "".
func encode(p *chat.Prompt, token string) ([]byte, error) {
	e := envelope{
		Action:    "sendMessage",
		SessionID: string(p.ConversationID),
		ChatInput: p.Text,
		Metadata: metadata{
			Site:      site{ID: p.Site.Key, Domain: p.Site.Domain()},
			PageURL:   p.PageURL,
			UserAgent: p.UserAgent,
			Locale:    p.Locale,
			Time:      stamp(p.Time),
			Geo:       geo{Country: p.Place.Country, Region: p.Place.Region, City: p.Place.City},
			Visitor: visitor{
				ID:         string(p.Visitor.ID),
				Returning:  p.Visitor.Returning,
				Verified:   p.Visitor.Verified(),
				CustomerID: p.Visitor.CustomerID,
			},
			Scopes:  p.Site.Policy.Scopes,
			History: make([]said, 0, len(p.History)),
			Token:   token,
		},
	}
	for _, m := range p.History {
		e.Metadata.History = append(e.Metadata.History, said{Role: roles[m.Author], Text: m.Text, At: stamp(m.CreatedAt)})
	}
	return json.Marshal(e, jsontext.AllowInvalidUTF8(true))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
