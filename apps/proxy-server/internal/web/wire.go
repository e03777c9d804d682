package web

import (
	"time"

	"securechat/internal/chat"
)

// The shapes of contract and packages/types/wire.ts. Nothing else in the
// house knows these names.

type messageJSON struct {
	ID        string       `json:"id"`
	Author    string       `json:"author"`
	Text      string       `json:"text"`
	CreatedAt time.Time    `json:"created_at"`
	TurnID    string       `json:"turn_id,omitzero"`
	Status    string       `json:"status,omitzero"`
	Error     *answerError `json:"error,omitzero"`
	Rating    int          `json:"rating,omitzero"`
	Cards     []cardJSON   `json:"cards,omitempty"`
}

type answerError struct {
	Code  string `json:"code"`
	Title string `json:"title"`
	ID    string `json:"id,omitzero"`
}

type cardJSON struct {
	Title    string       `json:"title"`
	Subtitle string       `json:"subtitle,omitzero"`
	Price    string       `json:"price,omitzero"`
	OldPrice string       `json:"old_price,omitzero"`
	URL      string       `json:"url,omitzero"`
	Buttons  []buttonJSON `json:"buttons,omitempty"`
}

type buttonJSON struct {
	Label string `json:"label"`
	URL   string `json:"url,omitzero"`
	Say   string `json:"say,omitzero"`
}

type turnJSON struct {
	ID         string `json:"id"`
	State      string `json:"state"`
	QuestionID string `json:"question_id"`
	MessageID  string `json:"message_id"`
	Text       string `json:"text"`
	Seq        int    `json:"seq"`
}

type conversationJSON struct {
	Messages []messageJSON `json:"messages"`
	Turn     *turnJSON     `json:"turn"`
	Cursor   string        `json:"cursor"`
	More     bool          `json:"more"`
}

type sessionJSON struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"`
}

type visitorJSON struct {
	ID        string `json:"id"`
	Returning bool   `json:"returning"`
	Verified  bool   `json:"verified"`
}

type currentJSON struct {
	Session sessionJSON `json:"session"`
	Visitor visitorJSON `json:"visitor"`
}

type siteJSON struct {
	Key      string       `json:"key"`
	Name     string       `json:"name"`
	Branding brandingJSON `json:"branding"`
	Features featuresJSON `json:"features"`
	Variant  *string      `json:"variant"`
}

type brandingJSON struct {
	Title         string   `json:"title"`
	Tagline       string   `json:"tagline"`
	Greeting      string   `json:"greeting"`
	Suggestions   []string `json:"suggestions"`
	Accent        string   `json:"accent"`
	Theme         string   `json:"theme"`
	Position      string   `json:"position"`
	LauncherLabel string   `json:"launcher_label,omitzero"`
	AINotice      string   `json:"ai_notice"`
}

type featuresJSON struct {
	Feedback    bool `json:"feedback"`
	NewChat     bool `json:"new_chat"`
	Attachments bool `json:"attachments"`
	Fingerprint bool `json:"fingerprint"`
	MaxText     int  `json:"max_text"`
}

type enteredJSON struct {
	Session      sessionJSON      `json:"session"`
	Visitor      visitorJSON      `json:"visitor"`
	Token        string           `json:"token,omitzero"`
	Site         siteJSON         `json:"site"`
	Conversation conversationJSON `json:"conversation"`
	Cursor       string           `json:"cursor"`
}

type sentJSON struct {
	Message messageJSON `json:"message"`
	Turn    sentTurn    `json:"turn"`
}

type sentTurn struct {
	ID    string `json:"id"`
	State string `json:"state"`
}

// frameJSON is what the server writes into the frame's page.
type frameJSON struct {
	SiteKey  string       `json:"site_key"`
	Ticket   string       `json:"ticket"`
	Origins  []string     `json:"origins"`
	Locale   string       `json:"locale"`
	Branding brandingJSON `json:"branding"`
	Features featuresJSON `json:"features"`
}

func toMessage(m chat.Message) messageJSON {
	return messageJSON{
		ID:        string(m.ID),
		Author:    string(m.Author),
		Text:      m.Text,
		CreatedAt: m.CreatedAt.UTC(),
		TurnID:    string(m.TurnID),
		Status:    string(m.Status),
		Error:     toAnswerError(m.Problem),
		Rating:    m.Rating,
		Cards:     each(m.Cards, toCard),
	}
}

func toAnswerError(p *chat.Problem) *answerError {
	if p == nil {
		return nil
	}
	return &answerError{Code: p.Code, Title: p.Title, ID: p.ID}
}

func toCard(c chat.Card) cardJSON {
	return cardJSON{
		Title:    c.Title,
		Subtitle: c.Subtitle,
		Price:    c.Price,
		OldPrice: c.OldPrice,
		URL:      c.URL,
		Buttons:  each(c.Buttons, func(b chat.Button) buttonJSON { return buttonJSON(b) }),
	}
}

func toConversation(c chat.Conversation, cursor chat.Cursor) conversationJSON {
	told := conversationJSON{Messages: each(c.Messages, toMessage), Cursor: string(cursor), More: c.More}
	if t := c.Turn; t != nil {
		told.Turn = &turnJSON{
			ID:         string(t.ID),
			State:      string(t.State),
			QuestionID: string(t.QuestionID),
			MessageID:  string(t.AnswerID),
			Text:       t.Text,
			Seq:        t.Seq,
		}
	}
	return told
}

func toCurrent(s chat.Session, v chat.Visitor) currentJSON {
	return currentJSON{
		Session: sessionJSON{ID: string(s.ID), ExpiresAt: s.ExpiresAt().UTC()},
		Visitor: visitorJSON{ID: string(v.ID), Returning: v.Returning, Verified: v.Verified()},
	}
}

func toSite(s chat.Site) siteJSON {
	return siteJSON{Key: s.Key, Name: s.Name, Branding: toBranding(s.Branding), Features: toFeatures(s)}
}

func toBranding(b chat.Branding) brandingJSON {
	return brandingJSON{
		Title:         b.Title,
		Tagline:       b.Tagline,
		Greeting:      b.Greeting,
		Suggestions:   append([]string{}, b.Suggestions...),
		Accent:        b.Accent,
		Theme:         b.Theme,
		Position:      b.Position,
		LauncherLabel: b.LauncherLabel,
		AINotice:      b.AINotice,
	}
}

func toFeatures(s chat.Site) featuresJSON {
	return featuresJSON{
		Feedback:    true,
		NewChat:     true,
		Fingerprint: s.Policy.Fingerprint,
		MaxText:     s.Policy.TextLimit(),
	}
}

// each is never nil, so that an empty list is told as [].
func each[A, B any](all []A, to func(A) B) []B {
	told := make([]B, 0, len(all))
	for _, a := range all {
		told = append(told, to(a))
	}
	return told
}
