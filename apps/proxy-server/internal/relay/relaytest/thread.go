package relaytest

import (
	"time"

	"securechat/internal/chat"
)

// Thread is what must stand in a store before anybody can speak: a site, a
// visitor, and a session with its conversation.
type Thread struct {
	Site    chat.Site
	Visitor chat.Visitor
	Session chat.Session
}

var start = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)

// NewThread makes a thread at a site of its own.
func NewThread() Thread {
	id := chat.NewID()
	site := chat.Site{ID: chat.SiteID(id), Key: "pk_" + id, Name: id, CreatedAt: start, UpdatedAt: start}
	visitor := chat.Visitor{ID: chat.VisitorID(chat.NewID()), SiteID: site.ID, CreatedAt: start}
	return Thread{Site: site, Visitor: visitor, Session: chat.Session{
		ID: chat.SessionID(chat.NewID()), SiteID: site.ID, VisitorID: visitor.ID,
		ConversationID: chat.ConversationID(chat.NewID()), CreatedAt: start, SeenAt: start,
	}}
}

// Question makes a question of the thread and a turn for it, owned by "me".
func (h Thread) Question(text string) (chat.Message, chat.Turn) {
	q := chat.Message{
		ID: chat.MessageID(chat.NewID()), SiteID: h.Site.ID, ConversationID: h.Session.ConversationID,
		Author: chat.ByVisitor, Text: text, PageURL: "https://shop.example/p/1", CreatedAt: start.Add(time.Microsecond),
	}
	t := chat.Turn{
		ID: chat.TurnID(chat.NewID()), SiteID: h.Site.ID, ConversationID: h.Session.ConversationID,
		VisitorID: h.Visitor.ID, SessionID: h.Session.ID, QuestionID: q.ID,
		AnswerID: chat.MessageID(chat.NewID()), Owner: "me", CreatedAt: start.Add(time.Microsecond),
	}
	q.TurnID = t.ID
	return q, t
}

// Answer makes the reply to a turn.
func Answer(t chat.Turn, text string) *chat.Message {
	return &chat.Message{
		ID: t.AnswerID, SiteID: t.SiteID, ConversationID: t.ConversationID, Author: chat.ByAgent, Text: text,
		CreatedAt: start.Add(time.Second), TurnID: t.ID, Status: t.State,
	}
}
