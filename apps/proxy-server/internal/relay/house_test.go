package relay_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
	"securechat/internal/relay"
	"securechat/internal/relay/relaytest"
	"securechat/internal/store/sqlite"
	"securechat/internal/store/sqlstore"
	"securechat/internal/store/sqlstore/sqlstoretest"
	"securechat/internal/stream/memory"
)

// script is an agent that does what a test says. It stops when say is false.
type script func(ctx context.Context, p chat.Prompt, say func(chat.Piece) bool) error

func (s script) Ask(ctx context.Context, p chat.Prompt) iter.Seq2[chat.Piece, error] {
	return func(yield func(chat.Piece, error) bool) {
		err := s(ctx, p, func(piece chat.Piece) bool { return yield(piece, nil) })
		if err != nil {
			yield(chat.Piece{}, err)
		}
	}
}

// sayWords says words with a pause before each, unless ctx ends.
func sayWords(pause time.Duration, words ...string) script {
	return func(ctx context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
		for _, word := range words {
			if err := wait(ctx, pause); err != nil {
				return err
			}
			if !say(chat.Piece{Text: word}) {
				return nil
			}
		}
		return nil
	}
}

func wait(ctx context.Context, pause time.Duration) error {
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// house is a relay on real parts, with one visitor in it.
type house struct {
	*testing.T
	*relay.Relay
	store  *sqlstore.Store
	thread relaytest.Thread
	site   chat.Site
	logged *strings.Builder
	end    func() // as a process that is told to; returns once it has
}

// inside runs the test in time of its own.
func inside(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// open builds a house and runs it.
func open(t *testing.T, agent relay.Agent, change ...func(*relay.Options)) *house {
	t.Helper()
	path := filepath.Join(t.TempDir(), "relay.db")
	engine := sqlstoretest.Migrated(t, func(t testing.TB) func() sqlstore.Engine {
		return func() sqlstore.Engine {
			e, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
	})
	thread := relaytest.NewThread()
	thread.Site.Agent.Kind = "script"
	h := &house{T: t, thread: thread, site: thread.Site, store: sqlstoretest.Holding(t, engine, []relaytest.Thread{thread})}
	h.start(agent, "first", change...)
	return h
}

// start runs a relay on the house's store, as a process of its own.
func (h *house) start(agent relay.Agent, owner string, change ...func(*relay.Options)) {
	h.Helper()
	h.logged = new(strings.Builder)
	o := relay.Options{
		Store: h.store, Fleet: h.store, Log: memory.New(), Owner: owner,
		Agents: map[chat.AgentKind]relay.Agent{"script": agent},
		Logger: slog.New(slog.NewTextHandler(h.logged, nil)),
	}
	for _, c := range change {
		c(&o)
	}
	h.Relay = relay.New(o)
	h.end = h.run(h.Relay)
	h.Cleanup(h.end)
}

func (h *house) run(r *relay.Relay) (end func()) {
	ctx, quit := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := r.Run(ctx); err != nil {
			h.Errorf("Run: %v", err)
		}
	})
	return func() {
		quit()
		running.Wait()
	}
}

func (h *house) asker() relay.Asker {
	return relay.Asker{Site: h.site, Visitor: h.thread.Visitor, Session: h.thread.Session, Place: chat.Place{Country: "DE"}}
}

func draft(t *testing.T, id, text string) chat.Draft {
	t.Helper()
	d, err := chat.NewDraft(id, text, "https://shop.example/p?utm=1#x", 4000)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (h *house) ask(text string) relay.Sent {
	h.Helper()
	sent, err := h.Send(h.Context(), h.asker(), draft(h.T, chat.NewID(), text))
	if err != nil {
		h.Fatalf("Send: %v", err)
	}
	return sent
}

func (h *house) at() (chat.SiteID, chat.ConversationID) {
	return h.site.ID, h.thread.Session.ConversationID
}

// stored is the whole conversation, once nothing runs any more.
func (h *house) stored() []chat.Message {
	h.Helper()
	if err := h.Wait(h.Context()); err != nil {
		h.Fatal(err)
	}
	site, c := h.at()
	all, err := h.store.Conversation(h.Context(), site, c, "", 100)
	if err != nil {
		h.Fatal(err)
	}
	if all.Turn != nil {
		h.Errorf("a turn is still open: %+v", all.Turn)
	}
	return all.Messages
}

// answer is what is stored of the turn's answer.
func (h *house) answer(sent relay.Sent) chat.Message {
	h.Helper()
	known, err := h.store.Recall(h.Context(), h.site.ID, sent.Turn.ID)
	if err != nil || known.Answer == nil {
		h.Fatalf("no answer is stored: %+v, %v", known, err)
	}
	return *known.Answer
}

// events are those of a conversation after the cursor, and those to come.
func (h *house) events(ctx context.Context, site chat.SiteID, c chat.ConversationID, after chat.Cursor) iter.Seq2[chat.Event, error] {
	return relay.Hear(ctx, func(wake func()) (relay.Reader, error) { return h.Follow(ctx, site, c, after, wake) })
}

// eventsOf are those of one turn.
func (h *house) eventsOf(ctx context.Context, site chat.SiteID, c chat.ConversationID, turn chat.TurnID) iter.Seq2[chat.Event, error] {
	return relay.Hear(ctx, func(wake func()) (relay.Reader, error) { return h.FollowTurn(ctx, site, c, turn, wake) })
}

// turnEvents follows one turn to its end.
func (h *house) turnEvents(sent relay.Sent) []chat.Event {
	h.Helper()
	site, c := h.at()
	var events []chat.Event
	for e, err := range h.eventsOf(h.Context(), site, c, sent.Turn.ID) {
		if err != nil {
			h.Fatalf("FollowTurn: %v", err)
		}
		events = append(events, e)
	}
	return events
}

// brief is what events say, for comparing.
func brief(events []chat.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%d %s", e.Seq, e.Kind)
		switch e.Kind {
		case chat.TextDelta, chat.TextReplaced:
			fmt.Fprintf(&b, " %q", e.Text)
		case chat.ActivityNoted:
			fmt.Fprintf(&b, " %q", e.Label)
		case chat.TurnQueued:
			fmt.Fprintf(&b, " %d", e.Position)
		case chat.TurnEnded:
			fmt.Fprintf(&b, " %s", e.Status)
			if e.Problem != nil {
				fmt.Fprintf(&b, " %s", e.Problem.Code)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// reader is a client: it folds what it hears by itself.
type reader struct {
	h      *house
	cursor chat.Cursor
	text   map[chat.TurnID]string
	seq    map[chat.TurnID]int
	ended  map[chat.TurnID]chat.Event
}

// visit opens the conversation as a page does.
func (h *house) visit() *reader {
	r := &reader{h: h}
	r.fetch()
	return r
}

func (r *reader) fetch() {
	r.h.Helper()
	site, c := r.h.at()
	told, cursor, err := r.h.Snapshot(r.h.Context(), site, c, "", 100)
	if err != nil {
		r.h.Fatalf("Snapshot: %v", err)
	}
	r.cursor = cursor
	r.text, r.seq, r.ended = map[chat.TurnID]string{}, map[chat.TurnID]int{}, map[chat.TurnID]chat.Event{}
	for _, m := range told.Messages {
		if m.Author == chat.ByAgent {
			r.text[m.TurnID] = m.Text
			r.ended[m.TurnID] = chat.Event{Status: m.Status, Message: &m}
		}
	}
	if told.Turn != nil {
		r.text[told.Turn.ID], r.seq[told.Turn.ID] = told.Turn.Text, told.Turn.Seq
	}
}

// hear takes one event in; false where the reader had to fetch anew.
func (r *reader) hear(e chat.Event) bool {
	r.cursor = e.Cursor
	if e.Kind == chat.LogReset {
		r.fetch()
		return false
	}
	if _, over := r.ended[e.TurnID]; e.Kind == chat.MessageAdded || over || e.Seq <= r.seq[e.TurnID] {
		return true
	}
	if e.Seq != r.seq[e.TurnID]+1 {
		r.fetch()
		return false
	}
	r.seq[e.TurnID] = e.Seq
	switch e.Kind {
	case chat.TextDelta:
		r.text[e.TurnID] += e.Text
	case chat.TextReplaced:
		r.text[e.TurnID] = e.Text
	case chat.TurnEnded:
		r.ended[e.TurnID] = e
	}
	return true
}

// until follows until the turn has ended or most events have been heard.
func (r *reader) until(ctx context.Context, turn chat.TurnID, most int) {
	site, c := r.h.at()
	for most > 0 {
		again := false
		for e, err := range r.h.events(ctx, site, c, r.cursor) {
			if err != nil {
				r.h.Errorf("Follow: %v", err)
				return
			}
			most--
			again = !r.hear(e)
			if _, over := r.ended[turn]; over || most == 0 {
				return
			}
			if again {
				break
			}
		}
		if !again {
			return
		}
	}
}

var errAway = errors.New("the store is away")

// faulty is a store that fails as the test says.
type faulty struct {
	relay.Store
	mu     sync.Mutex
	before map[string]func(context.Context) error // by method: fails it without an act
	after  map[string]error                       // by method: fails it after the act, once
}

func (f *faulty) fail(ctx context.Context, method string) error {
	f.mu.Lock()
	before := f.before[method]
	f.mu.Unlock()
	if before != nil {
		return before(ctx)
	}
	return nil
}

func (f *faulty) lose(method string, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if lost := f.after[method]; err == nil && lost != nil {
		delete(f.after, method)
		return lost
	}
	return err
}

func (f *faulty) Begin(ctx context.Context, q chat.Message, t chat.Turn) (chat.Message, chat.Turn, bool, error) {
	if err := f.fail(ctx, "Begin"); err != nil {
		return chat.Message{}, chat.Turn{}, false, err
	}
	question, turn, fresh, err := f.Store.Begin(ctx, q, t)
	return question, turn, fresh, f.lose("Begin", err)
}

func (f *faulty) Note(ctx context.Context, t chat.Turn, seq int, text string) error {
	if err := f.fail(ctx, "Note"); err != nil {
		return err
	}
	return f.Store.Note(ctx, t, seq, text)
}

func (f *faulty) Conversation(ctx context.Context, site chat.SiteID, c chat.ConversationID, before chat.MessageID, limit int) (chat.Conversation, error) {
	if err := f.fail(ctx, "Conversation"); err != nil {
		return chat.Conversation{}, err
	}
	return f.Store.Conversation(ctx, site, c, before, limit)
}

func (f *faulty) Finish(ctx context.Context, t chat.Turn, reply *chat.Message) (*relay.Next, error) {
	if err := f.fail(ctx, "Finish"); err != nil {
		return nil, err
	}
	next, err := f.Store.Finish(ctx, t, reply)
	if err = f.lose("Finish", err); err != nil {
		next = nil
	}
	return next, err
}

// open makes the asker known to the store.
func (h *house) open(a relay.Asker) {
	h.Helper()
	err := h.store.Open(h.Context(), gate.Opening{
		Visitor: a.Visitor, Session: a.Session, Hash: []byte(a.Session.ID), Made: a.Session.CreatedAt, Until: a.Session.CreatedAt.Add(time.Hour),
	})
	if err != nil {
		h.Fatal(err)
	}
}
