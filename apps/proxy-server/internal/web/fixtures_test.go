package web

import (
	"encoding/json/v2"
	"testing"

	"securechat/internal/chat"
)

// told are the messages of the fixtures' conversation.
func told() chat.Conversation {
	first, second, third := id[chat.TurnID]("21"), id[chat.TurnID]("22"), id[chat.TurnID]("23")
	return chat.Conversation{
		Messages: []chat.Message{
			{ID: id[chat.MessageID]("11"), Author: chat.ByVisitor, Text: "Which tent for two?", CreatedAt: at("09:00:00.25"), TurnID: first},
			{ID: id[chat.MessageID]("12"), Author: chat.ByAgent, Text: "The **Fjell 2** is light.\n", CreatedAt: at("09:00:01"), TurnID: first,
				Status: chat.TurnDone, Rating: 1, Cards: []chat.Card{tent}},
			{ID: id[chat.MessageID]("13"), Author: chat.ByVisitor, Text: "Where is my order?", CreatedAt: at("09:01:00"), TurnID: second},
			{ID: id[chat.MessageID]("14"), Author: chat.ByAgent, Text: "Your order ", CreatedAt: at("09:01:01"), TurnID: second, Status: chat.TurnFailed,
				Problem: &chat.Problem{Code: "agent_failed", Title: "The assistant could not finish its answer.", ID: "err_7f3a"}},
			question,
		},
		Turn: &chat.Turn{ID: third, State: chat.TurnRunning, QuestionID: question.ID, AnswerID: id[chat.MessageID]("16"), Text: "It left us ", Seq: 3},
		More: true,
	}
}

func TestAnswersAreWrittenAsTheFixturesShow(t *testing.T) {
	site := chat.Site{Key: "pk_demo", Name: "Nordlicht", Origins: chat.Origins{shop, "https://*.shop.example"}, Branding: chat.Branding{
		Title: "Ask Nordlicht", Tagline: "AI assistant, answers at once", Greeting: "Hello! What are you looking for?",
		Suggestions: []string{"Which tent for two?", "Where is my order?"}, Accent: "#2f5bea", Theme: "auto", Position: "right",
		LauncherLabel: "Questions?", AINotice: "You are talking to an AI.",
	}}
	session := chat.Session{ID: id[chat.SessionID]("01"), CreatedAt: at("09:00:00"), SeenAt: at("09:00:00")}
	visitor := chat.Visitor{ID: id[chat.VisitorID]("02"), Returning: true}
	now, thread := toCurrent(session, visitor), toConversation(told(), "b2f1c09a.17")

	same(t, "current-session", now)
	same(t, "conversation", thread)
	same(t, "sent", sentJSON{Message: toMessage(question), Turn: sentTurn{ID: string(question.TurnID), State: string(chat.TurnRunning)}})
	same(t, "entered", enteredJSON{
		Session: now.Session, Visitor: now.Visitor, Token: "sct_5dGhpcyBpcyBub3QgYSB0b2tlbg", Site: toSite(site), Conversation: thread, Cursor: thread.Cursor,
	})
	same(t, "frame-config", frameJSON{
		SiteKey: site.Key, Ticket: "eyJhbGciOiJFUzI1NiJ9.ticket.signature", Origins: []string{string(site.Origins[0]), string(site.Origins[1])},
		Locale: "en-GB", Branding: toBranding(site.Branding), Features: toFeatures(site),
	})
	for name, schema := range map[string]string{
		"current-session": "Current", "conversation": "Conversation", "sent": "Sent", "entered": "Entered", "problem-field": "Problem",
	} {
		text, err := json.Marshal(fixture(t, name))
		must(t, err)
		if err := theDocument(t).judgeJSON(schema, text); err != nil {
			t.Errorf("%s is not as documented: %v", name, err)
		}
	}
	same(t, "problem-field", problem{
		Type: "about:blank", Title: "Unprocessable", Status: 422, Detail: "text must be at most 4000 characters", ID: "err_7f3c", Code: "text_too_long", Field: "text",
	})
}
