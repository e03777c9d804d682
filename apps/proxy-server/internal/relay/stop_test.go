package relay_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
	"securechat/internal/stream/memory"
)

func (h *house) halt(sent relay.Sent) {
	h.Helper()
	site, c := h.at()
	if err := h.Stop(h.Context(), site, c, sent.Turn.ID); err != nil {
		h.Errorf("Stop: %v", err)
	}
}

func TestAStoppedAnswerKeepsWhatWasToldAndTheNextGoesOnAtOnce(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, script(func(ctx context.Context, p chat.Prompt, say func(chat.Piece) bool) error {
			return sayWords(100*time.Millisecond, strings.SplitAfter(strings.Repeat(p.Text+" ", 20), " ")...)(ctx, p, say)
		}))
		first, second := h.ask("a"), h.ask("b")
		time.Sleep(250 * time.Millisecond)
		begun := time.Now()
		h.halt(first)
		if took := time.Since(begun); took != 0 {
			t.Errorf("stopping took %v", took)
		}
		if got := h.answer(first); got.Text != "a a " || got.Status != chat.TurnStopped || got.Problem != nil {
			t.Errorf("stored %+v", got)
		}
		if got, want := brief(h.turnEvents(first)), "1 turn-started\n2 text-delta \"a \"\n3 text-delta \"a \"\n4 turn-ended stopped\n"; got != want {
			t.Errorf("told\n%swant\n%s", got, want)
		}
		h.halt(first)
		h.stored()
		if got := h.answer(second).Text; got != strings.Repeat("b ", 20) {
			t.Errorf("the second answer is %q", got)
		}
		h.halt(second)
		if got := h.answer(second).Status; got != chat.TurnDone {
			t.Errorf("stopped when it was over, it is %s", got)
		}
	})
}

func TestAQuestionThatWaitsCanBeStopped(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(time.Second, "yes"))
		first, second, third := h.ask("a"), h.ask("b"), h.ask("c")
		h.halt(second)
		h.stored()
		if got, want := brief(h.turnEvents(second)), "1 turn-queued 1\n2 turn-ended stopped\n"; got != want {
			t.Errorf("told\n%swant\n%s", got, want)
		}
		if got, want := brief(h.turnEvents(third)), "1 turn-queued 2\n2 turn-queued 1\n3 turn-started\n4 text-delta \"yes\"\n5 turn-ended done\n"; got != want {
			t.Errorf("the one behind it was told\n%swant\n%s", got, want)
		}
		if h.answer(first).Status != chat.TurnDone || h.answer(third).Status != chat.TurnDone {
			t.Error("the others were not answered")
		}
	})
}

func TestWhatIsNotOnesOwnCannotBeStopped(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(time.Second, "yes"))
		running, waiting := h.ask("a"), h.ask("b")
		site, c := h.at()
		for _, id := range []chat.TurnID{running.Turn.ID, waiting.Turn.ID} {
			if err := h.Stop(t.Context(), site, "another", id); chat.KindOf(err) != chat.NotFound {
				t.Errorf("in another conversation: %v", err)
			}
			if err := h.Stop(t.Context(), "another", c, id); chat.KindOf(err) != chat.NotFound {
				t.Errorf("at another site: %v", err)
			}
		}
		if err := h.Stop(t.Context(), site, c, chat.TurnID(chat.NewID())); chat.KindOf(err) != chat.NotFound {
			t.Errorf("what is not there: %v", err)
		}
		h.stored()
	})
}

func TestAnAnswerIsStoppedByWayOfAnyProcess(t *testing.T) {
	inside(t, func(t *testing.T) {
		shared := memory.New()
		h := open(t, sayWords(300*time.Millisecond, strings.Split(strings.Repeat("word ", 100), " ")...), func(o *relay.Options) { o.Log = shared })
		sent := h.ask("a")
		waits := h.ask("b")
		reader := h.visit()
		time.Sleep(time.Second)
		h.start(sayWords(0, "yes"), "second", func(o *relay.Options) { o.Log = shared })
		site, c := h.at()
		begun := time.Now()
		if err := h.Stop(t.Context(), site, c, sent.Turn.ID); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("that took %v", took)
		}
		if got := h.answer(sent); got.Status != chat.TurnStopped || !strings.HasPrefix(got.Text, "wordword") {
			t.Errorf("stored %+v", got)
		}
		reader.until(t.Context(), sent.Turn.ID, 100)
		if err := h.Stop(t.Context(), site, c, sent.Turn.ID); err != nil {
			t.Errorf("once more: %v", err)
		}
		if err := h.Stop(t.Context(), site, c, waits.Turn.ID); err != nil {
			t.Errorf("the next, which runs there by now: %v", err)
		}
	})
}

func TestAStopThatNobodyHeedsIsToldAsSuch(t *testing.T) {
	inside(t, func(t *testing.T) {
		goOn := make(chan struct{})
		defer close(goOn)
		h := open(t, script(func(context.Context, chat.Prompt, func(chat.Piece) bool) error {
			<-goOn
			return nil
		}), func(o *relay.Options) { o.Fleet = deaf{o.Fleet} })
		sent := h.ask("a")
		h.start(sayWords(0, "yes"), "second")
		site, c := h.at()
		if err := h.Stop(t.Context(), site, c, sent.Turn.ID); chat.CodeOf(err) != "turn_elsewhere" {
			t.Errorf("Stop = %v", err)
		}
	})
}

// deaf is a fleet that never hears of a stop.
type deaf struct{ relay.Fleet }

func (deaf) ToStop(context.Context, string) ([]chat.TurnID, error) { return nil, nil }

// elsewhere opens another conversation of another visitor at the same site.
func (h *house) elsewhere(visitor int) relay.Asker {
	h.Helper()
	a := h.asker()
	a.Visitor.ID = chat.VisitorID(fmt.Sprintf("00000000-0000-7000-8000-%012d", visitor))
	a.Session.ID = chat.SessionID(chat.NewID())
	a.Session.VisitorID = a.Visitor.ID
	a.Session.ConversationID = chat.ConversationID(chat.NewID())
	h.open(a)
	return a
}

func (h *house) askAs(a relay.Asker, text string) relay.Sent {
	h.Helper()
	sent, err := h.Send(h.Context(), a, draft(h.T, chat.NewID(), text))
	if err != nil {
		h.Fatalf("Send: %v", err)
	}
	return sent
}

func TestASiteRunsNoMoreThanItMayAndVisitorsTakeTurns(t *testing.T) {
	inside(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		runs, most := 0, 0
		h := open(t, script(func(_ context.Context, p chat.Prompt, say func(chat.Piece) bool) error {
			mu.Lock()
			runs++
			most = max(most, runs)
			order = append(order, p.Text)
			mu.Unlock()
			time.Sleep(10 * time.Second)
			say(chat.Piece{Text: "yes"})
			mu.Lock()
			runs--
			mu.Unlock()
			return nil
		}))
		h.site.Agent.MaxRuns = 2
		var last relay.Sent
		ask := func(visitor int, text string) {
			a := h.elsewhere(visitor)
			last = h.askAs(a, text)
			last.Turn.ConversationID = a.Session.ConversationID
			time.Sleep(time.Millisecond) // so that they stand in line in this order
		}
		for _, text := range []string{"g1", "g2", "g3", "g4"} {
			ask(1, text)
		}
		ask(2, "b1")
		ask(3, "c1")
		told := h.askedEvents(last)
		h.wait()
		if most != 2 {
			t.Errorf("%d ran at once", most)
		}
		if got, want := strings.Join(order, " "), "g1 g2 g3 b1 c1 g4"; got != want {
			t.Errorf("served %s, want %s", got, want)
		}
		want := "1 turn-queued 3\n2 turn-queued 1\n3 turn-started\n4 text-delta \"yes\"\n5 turn-ended done\n"
		if got := brief(told); got != want {
			t.Errorf("the last was told\n%swant\n%s", got, want)
		}
	})
}

func (h *house) wait() {
	h.Helper()
	if err := h.Wait(h.Context()); err != nil {
		h.Fatal(err)
	}
}

func (h *house) askedEvents(sent relay.Sent) []chat.Event {
	h.Helper()
	var events []chat.Event
	for e, err := range h.eventsOf(h.Context(), h.site.ID, sent.Turn.ConversationID, sent.Turn.ID) {
		if err != nil {
			h.Fatalf("FollowTurn: %v", err)
		}
		events = append(events, e)
	}
	return events
}

func TestAStoppedRunHoldsItsPlaceUntilItEnds(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(10*time.Second, "one ", "two ", "three "))
		h.site.Agent.MaxRuns = 1
		first := h.ask("a")
		time.Sleep(15 * time.Second)
		h.halt(first)
		stopped := time.Now()
		second := h.ask("b")
		inLine := h.askAs(h.elsewhere(2), "c")
		time.Sleep(time.Second)
		h.halt(second) // it stands in line and never reaches the agent
		if got, want := brief(h.turnEvents(second)), "1 turn-queued 1\n2 turn-ended stopped\n"; got != want {
			t.Errorf("told\n%swant\n%s", got, want)
		}
		for _, e := range h.askedEvents(inLine) {
			if e.Kind == chat.TurnStarted {
				break
			}
		}
		h.wait()
		if took := time.Since(stopped); took != 45*time.Second {
			t.Errorf("the one behind the stopped run was answered after %v, want 15 s of the old run and 30 s of its own", took)
		}
	})
}

func TestAStoppedRunEndsWithItsTimeLimit(t *testing.T) {
	inside(t, func(t *testing.T) {
		ended := make(chan error, 1)
		h := open(t, script(func(ctx context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
			say(chat.Piece{Text: "for ever"})
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return ctx.Err()
		}))
		h.site.Agent.Total = time.Minute
		begun := time.Now()
		sent := h.ask("a")
		time.Sleep(time.Second)
		h.halt(sent)
		if err := <-ended; chat.CodeOf(err) != "agent_timeout" || time.Since(begun) != time.Minute {
			t.Errorf("it ended after %v with %v", time.Since(begun), err)
		}
	})
}
