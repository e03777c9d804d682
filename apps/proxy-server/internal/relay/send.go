package relay

import (
	"context"
	"time"

	"securechat/internal/chat"
)

// Asker is who asks: the visitor of a site in one session, and where they
// seem to be.
type Asker struct {
	Site    chat.Site
	Visitor chat.Visitor
	Session chat.Session
	Place   chat.Place
}

// Sent is a question that is stored, and its turn. Fresh is false where it had
// been sent before.
type Sent struct {
	Question chat.Message
	Turn     chat.Turn
	Fresh    bool
}

var (
	errOtherText = &chat.Error{Kind: chat.Invalid, Code: "message_conflict", Field: "id", Text: "belongs to another message of this conversation"}
	errDraining  = &chat.Error{Kind: chat.Unavailable, Code: "draining", Text: "The server is about to stop. Please try again.", RetryAfter: time.Second}
)

// Send stores the question in the session's conversation and opens its turn,
// which goes on whatever becomes of ctx. Nothing is asked twice: the same id
// and text again return the same turn. Invalid (code message_conflict) where
// the id has another text, Limited (queue_full) where too many questions wait,
// NotFound where the conversation is gone.
func (r *Relay) Send(ctx context.Context, a Asker, d chat.Draft) (Sent, error) {
	r.doors.RLock()
	defer r.doors.RUnlock()
	if r.draining {
		return Sent{}, errDraining
	}
	page, err := a.Site.Policy.PageAddress("page_url", d.PageURL())
	if err != nil {
		return Sent{}, err
	}
	leave, err := r.order.enter(ctx, a.Session.ConversationID)
	if err != nil {
		return Sent{}, err
	}
	defer leave()
	at := now()
	question := chat.Message{
		ID: d.ID(), SiteID: a.Site.ID, ConversationID: a.Session.ConversationID, Author: chat.ByVisitor,
		Text: d.Text(), PageURL: page, CreatedAt: at, TurnID: chat.TurnID(chat.NewID()),
	}
	opened := chat.Turn{
		ID: question.TurnID, SiteID: a.Site.ID, ConversationID: a.Session.ConversationID,
		VisitorID: a.Visitor.ID, SessionID: a.Session.ID, QuestionID: d.ID(),
		AnswerID: chat.MessageID(chat.NewID()), Owner: r.Owner, CreatedAt: at,
	}
	// Whoever gives up waiting must not leave a turn that runs and that
	// nobody works on.
	act, cancel := r.act()
	defer cancel()
	sent := Sent{}
	sent.Question, sent.Turn, sent.Fresh, err = r.Store.Begin(act, question, opened)
	switch {
	case chat.KindOf(err) == chat.Conflict:
		return Sent{}, errOtherText
	case chat.KindOf(err) == chat.Internal && err != nil, chat.KindOf(err) == chat.Unavailable:
		r.doubt(opened, a)
		return Sent{}, err
	case err != nil:
		return Sent{}, err
	case sent.Question.Text != d.Text():
		return Sent{}, errOtherText
	case sent.Fresh || r.settle(sent.Turn.ID):
		r.announce(a, sent.Question, sent.Turn)
	default:
		r.adopt(sent.Turn)
	}
	return sent, nil
}

// announce tells of a question that is newly stored, and has it answered.
func (r *Relay) announce(a Asker, question chat.Message, opened chat.Turn) {
	r.append(question.ConversationID, chat.Event{Kind: chat.MessageAdded, Message: &question})
	switch opened.State {
	case chat.TurnRunning:
		t := r.makeTurn(opened, nil) // nothing can have been told of it
		t.asker, t.question = a, question
		r.begin(t)
	case chat.TurnWaiting:
		r.standInLine(opened, a)
		r.tellPlaces(opened.ConversationID)
	}
}

// recallTurn makes a turn of what is known of it.
func (r *Relay) recallTurn(stored chat.Turn) *turn {
	ctx, cancel := r.act()
	defer cancel()
	told, err := r.Log.Told(ctx, stored.ConversationID, stored.ID)
	if err != nil {
		told = nil // the store's own knowledge must do
	}
	return r.makeTurn(stored, told)
}

func (r *Relay) makeTurn(stored chat.Turn, told []chat.Event) *turn {
	return &turn{Turn: stored, relay: r, answer: recall(stored, told), ended: make(chan struct{})}
}

// goOn runs the turn that the end of another has let run.
func (r *Relay) goOn(next chat.Turn, question chat.Message) {
	t := r.recallTurn(next)
	t.question = question
	t.asker = r.nextInLine(next.ConversationID, next.ID)
	r.begin(t)
	r.tellPlaces(next.ConversationID)
}

// adopt runs a turn that the store has begun in our name while we thought that
// it had not.
func (r *Relay) adopt(stored chat.Turn) {
	if _, here := r.runs(stored.ID); here || stored.Owner != r.Owner || stored.State != chat.TurnRunning {
		return
	}
	r.goOn(stored, chat.Message{})
}
