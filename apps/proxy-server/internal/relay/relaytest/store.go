// Package relaytest holds what every adapter of the relay's ports must keep.
package relaytest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/chat"
	"securechat/internal/relay"
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

// TestStore holds a store to [relay.Store]. open returns one that has the
// given threads and nothing else.
func TestStore(t *testing.T, open func(t *testing.T, have ...Thread) relay.Store) {
	for name, test := range map[string]func(fixture){
		"AQuestionBeginsATurnThatRuns":                  questionBegins,
		"AnyTextComesBackAsItWasSaid":                   textSurvives,
		"AnAnswerComesBackWhole":                        answerSurvives,
		"AQuestionToldByManyAtOnceIsStoredOnce":         toldByMany,
		"AQuestionToldAgainTellsWhereItStands":          toldAgain,
		"OneOfManyQuestionsRunsFiveWaitTheRestRefused":  manyQuestions,
		"WhoWaitsRunsInOrderOnceTheTurnBeforeHasEnded":  waitingInOrder,
		"AnAnswersIDIsNoQuestions":                      answerIDTaken,
		"AWaitingTurnMayBeStoppedByAnybody":             waitingStopped,
		"OnlyTheOwnerNotesAndFinishesAndOnlyOnce":       fencing,
		"WhatIsKnownOfARunningAnswerIsTold":             noted,
		"ATurnIsRecalledWithWhoAskedAndWhatWasAnswered": recalled,
		"APageOfMessagesEndsBeforeTheGivenOne":          pages,
		"AnAnswerIsRatedAndAQuestionIsNot":              rated,
		"AnotherSitesIDsAreNotFound":                    foreign,
		"WhatIsNotThereIsNotFound":                      missing,
		"FinishAndBeginAtOnceLeaveNobodyWaitingAlone":   nobodyForgotten,
		"AFinishThatCannotStoreItsAnswerChangesNothing": finishWhole,
	} {
		t.Run(name, func(t *testing.T) {
			mine, theirs := NewThread(), NewThread()
			test(fixture{T: t, store: open(t, mine, theirs), mine: mine, theirs: theirs})
		})
	}
}

type fixture struct {
	*testing.T
	store        relay.Store
	mine, theirs Thread
}

func questionBegins(f fixture) {
	q, turn := f.mine.Question("Is it in stock?")
	gotQ, gotT, fresh, err := f.store.Begin(f.Context(), q, turn)
	if err != nil || !fresh {
		f.Fatalf("Begin = fresh %v, %v", fresh, err)
	}
	q.Number, turn.State = 1, chat.TurnRunning
	same(f, "question", q, gotQ)
	same(f, "turn", turn, gotT)
	c := f.conversation("", 10)
	same(f, "conversation", chat.Conversation{ID: q.ConversationID, Messages: []chat.Message{q}, Turn: &turn}, c)
	same(f, "stored turn", turn, f.turn(turn.ID))
}

func textSurvives(f fixture) {
	text := "it's \"quoted\" -- $1 ? :name %s \\ \x01 \u202e 🧑🏽\u200d🚀 Ünï; DROP TABLE messages;"
	q, turn := f.begin(text)
	f.finish(turn, chat.TurnDone, text)
	if err := f.store.Rate(f.Context(), q.SiteID, q.ConversationID, turn.AnswerID, 1, text); err != nil {
		f.Fatal(err)
	}
	for _, m := range f.conversation("", 10).Messages {
		if m.Text != text {
			f.Errorf("%s said %q, want %q", m.Author, m.Text, text)
		}
	}
}

func answerSurvives(f fixture) {
	_, turn := f.begin("?")
	turn.State, turn.Seq, turn.EndedAt = chat.TurnFailed, 9, start.Add(time.Minute+time.Microsecond)
	reply := Answer(turn, "half of")
	reply.Cards = []chat.Card{{
		Title: "Shoe", Subtitle: "red", Price: "1 €", OldPrice: "2 €", URL: "https://shop.example/shoe",
		Buttons: []chat.Button{{Label: "Buy", URL: "https://shop.example/buy"}, {Label: "More", Say: "Tell me more"}},
	}}
	reply.Problem = &chat.Problem{Code: "agent_failed", Title: "The assistant is away.", ID: "p1"}
	if next, err := f.store.Finish(f.Context(), turn, reply); err != nil || next != nil {
		f.Fatalf("Finish = %v, %v", next, err)
	}
	reply.Number = 2
	c := f.conversation("", 10)
	if c.Turn != nil {
		f.Errorf("the turn is still open: %+v", c.Turn)
	}
	same(f, "answer", *reply, c.Messages[1])
	same(f, "turn", turn, f.turn(turn.ID))
}

func toldByMany(f fixture) {
	q, turn := f.mine.Question("Once?")
	var all sync.WaitGroup
	var mu sync.Mutex
	var stored int
	for range 16 {
		all.Go(func() {
			again := turn
			again.ID, again.AnswerID = chat.TurnID(chat.NewID()), chat.MessageID(chat.NewID())
			_, got, fresh, err := f.store.Begin(f.Context(), q, again)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || got.State != chat.TurnRunning || fresh != (got.ID == again.ID) {
				f.Errorf("Begin = %+v, %v, %v", got, fresh, err)
			}
			if fresh {
				stored++
			}
		})
	}
	all.Wait()
	if c := f.conversation("", 10); stored != 1 || len(c.Messages) != 1 || c.Messages[0].Number != 1 {
		f.Errorf("stored %d times, messages %+v", stored, c.Messages)
	}
	f.finish(*f.conversation("", 1).Turn, chat.TurnDone, "Once.")
	if c := f.conversation("", 10); len(c.Messages) != 2 || c.Messages[1].Number != 2 || c.Turn != nil {
		f.Errorf("after the answer: %+v", c)
	}
}

func toldAgain(f fixture) {
	q, turn := f.begin("Told twice?")
	f.finish(turn, chat.TurnDone, "Yes.")
	again, other := f.mine.Question("Another text")
	again.ID = q.ID
	gotQ, gotT, fresh, err := f.store.Begin(f.Context(), again, other)
	if err != nil || fresh || gotQ.Text != "Told twice?" || gotT.ID != turn.ID || gotT.State != chat.TurnDone {
		f.Errorf("Begin = %+v, %+v, %v, %v", gotQ, gotT, fresh, err)
	}
}

func manyQuestions(f fixture) {
	var all sync.WaitGroup
	var mu sync.Mutex
	states := map[chat.TurnState]int{}
	for range 20 {
		all.Go(func() {
			q, turn := f.mine.Question("Me first?")
			_, got, _, err := f.store.Begin(f.Context(), q, turn)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				states[got.State]++
			case chat.KindOf(err) == chat.Limited && chat.CodeOf(err) == "queue_full":
				states["refused"]++
			default:
				f.Errorf("Begin: %v", err)
			}
		})
	}
	all.Wait()
	want := map[chat.TurnState]int{chat.TurnRunning: 1, chat.TurnWaiting: relay.MostWaiting, "refused": 19 - relay.MostWaiting}
	same(f, "states", want, states)
	for i, m := range f.conversation("", 100).Messages {
		if m.Number != int64(i+1) {
			f.Errorf("message %d has number %d", i+1, m.Number)
		}
	}
}

func waitingInOrder(f fixture) {
	_, running := f.begin("first")
	var waiting []chat.Turn
	for i := range 3 {
		q, turn := f.mine.Question(fmt.Sprint("then ", i))
		_, turn, _, err := f.store.Begin(f.Context(), q, turn)
		if err != nil || turn.State != chat.TurnWaiting || turn.Owner != "" {
			f.Fatalf("Begin = %+v, %v, want a turn that waits", turn, err)
		}
		waiting = append(waiting, turn)
	}
	for i, turn := range waiting {
		next := f.finish(running, chat.TurnDone, "answer")
		if next == nil || next.Turn.ID != turn.ID || next.Turn.State != chat.TurnRunning || next.Turn.Owner != "me" ||
			next.Question.Text != fmt.Sprint("then ", i) || next.Question.ID != turn.QuestionID {
			f.Fatalf("next = %+v, want turn %d", next, i)
		}
		same(f, "open turn", next.Turn, *f.conversation("", 1).Turn)
		running = next.Turn
	}
	if next := f.finish(running, chat.TurnDone, "last"); next != nil {
		f.Errorf("next = %+v after the last", next)
	}
}

func answerIDTaken(f fixture) {
	_, turn := f.begin("?")
	for range 2 {
		q, other := f.mine.Question("I am the answer")
		q.ID = turn.AnswerID
		if _, _, _, err := f.store.Begin(f.Context(), q, other); chat.KindOf(err) != chat.Conflict {
			f.Errorf("Begin = %v, want Conflict", err)
		}
		turn.State = chat.TurnDone
		_, _ = f.store.Finish(f.Context(), turn, Answer(turn, "the true one")) // the second time it has ended
	}
	if c := f.conversation("", 10); len(c.Messages) != 2 || c.Messages[1].Text != "the true one" {
		f.Errorf("conversation = %+v", c)
	}
}

func waitingStopped(f fixture) {
	_, running := f.begin("first")
	_, second := f.begin("second")
	_, third := f.begin("third")
	second.State, second.Owner, second.EndedAt = chat.TurnDone, "somebody else", start
	f.refused(second, nil)
	second.State = chat.TurnStopped
	if next, err := f.store.Finish(f.Context(), second, nil); err != nil || next != nil {
		f.Fatalf("Finish = %+v, %v, want nothing to begin", next, err)
	}
	if next := f.finish(running, chat.TurnDone, "answer"); next == nil || next.Turn.ID != third.ID {
		f.Errorf("next = %+v, want the third", next)
	}
}

func fencing(f fixture) {
	_, turn := f.begin("whose?")
	stranger := turn
	stranger.Owner = "somebody else"
	if err := f.store.Note(f.Context(), stranger, 1, "mine"); chat.KindOf(err) != chat.Conflict {
		f.Errorf("Note by a stranger = %v, want Conflict", err)
	}
	stranger.State, stranger.EndedAt = chat.TurnDone, start
	f.refused(stranger, Answer(stranger, "mine"))
	f.finish(turn, chat.TurnDone, "the owner's")
	if err := f.store.Note(f.Context(), turn, 2, "too late"); chat.KindOf(err) != chat.Conflict {
		f.Errorf("Note after the end = %v, want Conflict", err)
	}
	turn.State, turn.EndedAt = chat.TurnFailed, start
	f.refused(turn, Answer(turn, "again"))
	c := f.conversation("", 10)
	if len(c.Messages) != 2 || c.Messages[1].Text != "the owner's" || f.turn(turn.ID).State != chat.TurnDone {
		f.Errorf("conversation = %+v", c)
	}
}

func noted(f fixture) {
	_, turn := f.begin("long?")
	for seq, text := range []string{"", "A l", "A long an"} {
		if err := f.store.Note(f.Context(), turn, seq, text); err != nil {
			f.Fatal(err)
		}
		turn.Seq, turn.Text = seq, text
		same(f, "open turn", turn, *f.conversation("", 10).Turn)
	}
	f.finish(turn, chat.TurnInterrupted, "A long an")
	if got := f.turn(turn.ID); got.Text != "" || got.Seq != 3 {
		f.Errorf("an ended turn keeps %q, seq %d", got.Text, got.Seq)
	}
}

func recalled(f fixture) {
	q, turn := f.begin("who?")
	f.begin("and who else?")
	want := relay.Recalled{Turn: turn, Question: q, Asker: relay.Asker{Site: f.mine.Site, Visitor: f.mine.Visitor, Session: f.mine.Session}}
	same(f, "open turn", want, f.recall(turn.ID))
	f.finish(turn, chat.TurnDone, "you.")
	got := f.recall(turn.ID)
	if got.Answer == nil || got.Answer.Text != "you." || got.Answer.ID != turn.AnswerID || got.Turn.State != chat.TurnDone {
		f.Errorf("ended turn = %+v", got)
	}
	_, err := f.store.Recall(f.Context(), f.theirs.Site.ID, turn.ID)
	f.notFound("Recall by another site", err)
	_, err = f.store.Recall(f.Context(), f.mine.Site.ID, chat.TurnID(chat.NewID()))
	f.notFound("Recall of nothing", err)
}

func pages(f fixture) {
	var want []chat.MessageID
	for i := range 3 {
		q, turn := f.begin(fmt.Sprint(i))
		f.finish(turn, chat.TurnDone, "answer")
		want = append(want, q.ID, turn.AnswerID)
	}
	var got []chat.MessageID
	before, more := chat.MessageID(""), true
	for more {
		c := f.conversation(before, 4)
		var page []chat.MessageID
		for _, m := range c.Messages {
			page = append(page, m.ID)
		}
		got, before, more = append(page, got...), page[0], c.More
	}
	same(f, "messages", want, got)
	if c := f.conversation(want[0], 4); len(c.Messages) != 0 || c.More {
		f.Errorf("before the first there is %+v", c)
	}
	if c := f.conversation("", 6); c.More {
		f.Error("more is told where there is none")
	}
}

func rated(f fixture) {
	q, turn := f.begin("good?")
	f.finish(turn, chat.TurnDone, "good.")
	for _, rating := range []int{1, -1, 0} {
		if err := f.store.Rate(f.Context(), q.SiteID, q.ConversationID, turn.AnswerID, rating, "so so"); err != nil {
			f.Fatal(err)
		}
		if got := f.conversation("", 1).Messages[0].Rating; got != rating {
			f.Errorf("rating = %d, want %d", got, rating)
		}
	}
	f.notFound("Rate of a question", f.store.Rate(f.Context(), q.SiteID, q.ConversationID, q.ID, 1, ""))
}

func foreign(f fixture) {
	q, turn := f.begin("secret?")
	ctx, theirs := f.Context(), f.theirs.Site.ID
	stolen := turn
	stolen.SiteID = theirs
	f.notFound("Note", f.store.Note(ctx, stolen, 1, "x"))
	stolen.State, stolen.EndedAt = chat.TurnStopped, start
	_, err := f.store.Finish(ctx, stolen, Answer(stolen, "x"))
	f.notFound("Finish", err)
	_, err = f.store.Turn(ctx, theirs, turn.ID)
	f.notFound("Turn", err)
	_, err = f.store.Conversation(ctx, theirs, q.ConversationID, "", 10)
	f.notFound("Conversation", err)
	f.notFound("Rate", f.store.Rate(ctx, theirs, q.ConversationID, turn.AnswerID, 1, ""))
	intruding, other := f.theirs.Question("let me in")
	intruding.ConversationID = q.ConversationID
	_, _, _, err = f.store.Begin(ctx, intruding, other)
	f.notFound("Begin", err)
	same, other := f.theirs.Question("the same id is free elsewhere")
	same.ID = q.ID
	if got, _, fresh, err := f.store.Begin(ctx, same, other); err != nil || !fresh || got.Text != same.Text {
		f.Errorf("Begin = %+v, %v, %v", got, fresh, err)
	}
}

func missing(f fixture) {
	q, turn := f.mine.Question("?")
	ctx := f.Context()
	f.notFound("Note", f.store.Note(ctx, turn, 1, "x"))
	_, err := f.store.Turn(ctx, turn.SiteID, turn.ID)
	f.notFound("Turn", err)
	_, err = f.store.Conversation(ctx, q.SiteID, chat.ConversationID(chat.NewID()), "", 10)
	f.notFound("Conversation", err)
	_, err = f.store.Conversation(ctx, q.SiteID, q.ConversationID, q.ID, 10)
	f.notFound("Conversation before an unknown message", err)
	q.ConversationID = chat.ConversationID(chat.NewID())
	_, _, _, err = f.store.Begin(ctx, q, turn)
	f.notFound("Begin", err)
}

// nobodyForgotten ends turns while others begin: whenever nothing is under
// way, a turn that waits must have one that runs before it.
func nobodyForgotten(f fixture) {
	const rounds = 100
	runs := make(chan chat.Turn, rounds)
	var all sync.WaitGroup
	all.Go(func() {
		for range rounds {
			q, turn := f.mine.Question("?")
			_, got, _, err := f.store.Begin(f.Context(), q, turn)
			if err == nil && got.State == chat.TurnRunning {
				runs <- got
			} else if err != nil && chat.KindOf(err) != chat.Limited {
				f.Errorf("Begin: %v", err)
			}
		}
		close(runs)
	})
	for turn := range runs {
		for next := f.stop(turn); next != nil; {
			next = f.stop(next.Turn)
		}
	}
	all.Wait()
	if open := f.conversation("", 1).Turn; open != nil {
		f.Errorf("a turn was forgotten: %+v", open)
	}
}

func finishWhole(f fixture) {
	q, turn := f.begin("?")
	_, waiting := f.begin("and?")
	turn.State, turn.EndedAt = chat.TurnDone, start
	reply := Answer(turn, "under another's id")
	reply.ID = q.ID
	f.refused(turn, reply)
	if got, next := f.turn(turn.ID), f.turn(waiting.ID); got.State != chat.TurnRunning || next.State != chat.TurnWaiting {
		f.Errorf("turns are %s and %s", got.State, next.State)
	}
	f.finish(turn, chat.TurnDone, "in order")
	numbers := []int64{}
	for _, m := range f.conversation("", 10).Messages {
		numbers = append(numbers, m.Number)
	}
	same(f, "numbers", []int64{1, 2, 3}, numbers)
}

func (f fixture) begin(text string) (chat.Message, chat.Turn) {
	f.Helper()
	q, turn := f.mine.Question(text)
	q, turn, fresh, err := f.store.Begin(f.Context(), q, turn)
	if err != nil || !fresh {
		f.Fatalf("Begin = %v, %v", fresh, err)
	}
	return q, turn
}

func (f fixture) finish(turn chat.Turn, state chat.TurnState, text string) *relay.Next {
	f.Helper()
	turn.State, turn.Seq, turn.EndedAt = state, 3, start.Add(time.Minute)
	next, err := f.store.Finish(f.Context(), turn, Answer(turn, text))
	if err != nil {
		f.Fatalf("Finish: %v", err)
	}
	return next
}

func (f fixture) recall(id chat.TurnID) relay.Recalled {
	f.Helper()
	r, err := f.store.Recall(f.Context(), f.mine.Site.ID, id)
	if err != nil {
		f.Fatalf("Recall: %v", err)
	}
	return r
}

func (f fixture) stop(turn chat.Turn) *relay.Next {
	f.Helper()
	turn.State, turn.EndedAt = chat.TurnStopped, start.Add(time.Minute)
	next, err := f.store.Finish(f.Context(), turn, nil)
	if err != nil {
		f.Fatalf("Finish: %v", err)
	}
	return next
}

func (f fixture) refused(turn chat.Turn, reply *chat.Message) {
	f.Helper()
	if next, err := f.store.Finish(f.Context(), turn, reply); chat.KindOf(err) != chat.Conflict || next != nil {
		f.Errorf("Finish = %+v, %v, want Conflict", next, err)
	}
}

func (f fixture) conversation(before chat.MessageID, limit int) chat.Conversation {
	f.Helper()
	c, err := f.store.Conversation(f.Context(), f.mine.Site.ID, f.mine.Session.ConversationID, before, limit)
	if err != nil {
		f.Fatalf("Conversation: %v", err)
	}
	return c
}

func (f fixture) turn(id chat.TurnID) chat.Turn {
	f.Helper()
	turn, err := f.store.Turn(f.Context(), f.mine.Site.ID, id)
	if err != nil {
		f.Fatalf("Turn: %v", err)
	}
	return turn
}

func (f fixture) notFound(act string, err error) {
	f.Helper()
	if chat.KindOf(err) != chat.NotFound {
		f.Errorf("%s = %v, want NotFound", act, err)
	}
}

func same[T any](f fixture, what string, want, got T) {
	f.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("%s differs (-want +got)\n%s", what, diff)
	}
}
