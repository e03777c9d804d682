package relay_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

func TestAQuestionIsAnsweredAndEverythingIsToldInOrder(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, script(func(_ context.Context, p chat.Prompt, say func(chat.Piece) bool) error {
			say(chat.Piece{Label: "looking\nup"})
			time.Sleep(time.Second)
			say(chat.Piece{Text: "Yes, "})
			time.Sleep(time.Second)
			say(chat.Piece{Text: "it is."})
			say(chat.Piece{Card: &chat.Card{Title: "Lamp"}})
			return nil
		}))
		site, c := h.at()
		start, err := h.snapshotCursor()
		if err != nil {
			t.Fatal(err)
		}
		sent := h.ask("Is it in stock?")
		if !sent.Fresh || sent.Turn.State != chat.TurnRunning || sent.Question.PageURL != "https://shop.example/p" {
			t.Errorf("sent = %+v", sent)
		}
		want := "0 message-added\n1 turn-started\n2 activity-noted \"looking up\"\n3 text-delta \"Yes, \"\n4 text-delta \"it is.\"\n5 card-added\n6 turn-ended done\n"
		var events []chat.Event
		for e, err := range h.events(t.Context(), site, c, start) {
			if err != nil {
				t.Fatal(err)
			}
			if events = append(events, e); e.Kind == chat.TurnEnded {
				break
			}
		}
		if got := brief(events); got != want {
			t.Errorf("told\n%swant\n%s", got, want)
		}
		answer := h.answer(sent)
		if answer.Text != "Yes, it is." || len(answer.Cards) != 1 || answer.Status != chat.TurnDone || answer.ID != sent.Turn.AnswerID {
			t.Errorf("stored %+v", answer)
		}
		told := *events[len(events)-1].Message
		if told.Number = answer.Number; fmt.Sprint(told) != fmt.Sprint(answer) {
			t.Errorf("told %+v\nstored %+v", told, answer)
		}
	})
}

func (h *house) snapshotCursor() (chat.Cursor, error) {
	site, c := h.at()
	_, cursor, err := h.Snapshot(h.Context(), site, c, "", 1)
	return cursor, err
}

func TestReadersWhoComeAndGoChangeNothing(t *testing.T) {
	inside(t, func(t *testing.T) {
		words := strings.SplitAfter(strings.Repeat("word ", 50), " ")
		h := open(t, sayWords(50*time.Millisecond, words...))
		sent := h.ask("?")
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				ctx, quit := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Millisecond)
				defer quit()
				h.visit().until(ctx, sent.Turn.ID, 1000)
			})
		}
		all.Wait()
		h.stored()
		if got := h.answer(sent).Text; got != strings.Repeat("word ", 50) {
			t.Errorf("stored %q", got)
		}
	})
}

func TestAQuestionSentByManyAtOnceIsAskedOnce(t *testing.T) {
	inside(t, func(t *testing.T) {
		var runs atomic.Int32
		h := open(t, script(func(ctx context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
			runs.Add(1)
			time.Sleep(time.Second)
			say(chat.Piece{Text: "once"})
			return nil
		}))
		id := chat.NewID()
		turns := make([]chat.TurnID, 16)
		var fresh atomic.Int32
		var all sync.WaitGroup
		for i := range turns {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 200 * time.Millisecond) // before, during and after the answer
				sent, err := h.Send(t.Context(), h.asker(), draft(t, id, "Once?"))
				if err != nil {
					t.Errorf("Send: %v", err)
				}
				turns[i] = sent.Turn.ID
				if sent.Fresh {
					fresh.Add(1)
				}
			})
		}
		all.Wait()
		messages := h.stored()
		for _, turn := range turns {
			if turn != turns[0] {
				t.Errorf("turns are %v", turns)
			}
		}
		if runs.Load() != 1 || fresh.Load() != 1 || len(messages) != 2 {
			t.Errorf("asked %d times, %d were fresh, %d messages", runs.Load(), fresh.Load(), len(messages))
		}
		_, err := h.Send(t.Context(), h.asker(), draft(t, id, "Another?"))
		if chat.KindOf(err) != chat.Invalid || chat.CodeOf(err) != "message_conflict" {
			t.Errorf("another text under the same id: %v", err)
		}
	})
}

func TestQuestionsWaitTheirTurnAndHearEarlierAnswers(t *testing.T) {
	inside(t, func(t *testing.T) {
		var mu sync.Mutex
		var heard []string
		h := open(t, script(func(_ context.Context, p chat.Prompt, say func(chat.Piece) bool) error {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			var history []string
			for _, m := range p.History {
				history = append(history, m.Text)
			}
			heard = append(heard, strings.Join(append(history, p.Text), "|"))
			if p.Place.Country != "DE" || p.PageURL != "https://shop.example/p" || p.Site.ID == "" {
				t.Errorf("prompt = %+v", p)
			}
			say(chat.Piece{Text: "re " + p.Text})
			return nil
		}))
		var sent []relay.Sent
		for _, text := range []string{"a", "b", "c"} {
			sent = append(sent, h.ask(text))
		}
		h.stored()
		want := "a\na|re a|b\na|b|re a|re b|c"
		if got := strings.Join(heard, "\n"); got != want {
			t.Errorf("the agent heard\n%s\nwant\n%s", got, want)
		}
		if got, want := brief(h.turnEvents(sent[2])), "1 turn-queued 2\n2 turn-queued 1\n3 turn-started\n4 text-delta \"re c\"\n5 turn-ended done\n"; got != want {
			t.Errorf("the third was told\n%swant\n%s", got, want)
		}
	})
}

func TestTooManyQuestionsAreRefused(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(time.Second, "yes"))
		for range 1 + relay.MostWaiting {
			h.ask("?")
		}
		if _, err := h.Send(t.Context(), h.asker(), draft(t, chat.NewID(), "?")); chat.CodeOf(err) != "queue_full" {
			t.Errorf("Send = %v", err)
		}
		if got := len(h.stored()); got != 2*(1+relay.MostWaiting) {
			t.Errorf("%d messages are stored", got)
		}
	})
}

// TestWhoeverJoinsAndIsCutAnywhereEndsWithTheStoredText is the promise of the
// whole: random pieces, random readers who come at any moment, are cut at any
// event and go on.
func TestWhoeverJoinsAndIsCutAnywhereEndsWithTheStoredText(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inside(t, func(t *testing.T) { folding(t, seed) })
		})
	}
}

func folding(t *testing.T, seed uint64) {
	luck := rand.New(rand.NewPCG(seed, 1))
	pieces := make([]chat.Piece, 150)
	pauses := make([]time.Duration, len(pieces))
	for i := range pieces {
		pauses[i] = time.Duration(luck.IntN(30)) * time.Millisecond
		switch luck.IntN(12) {
		case 0:
			pieces[i] = chat.Piece{Replace: true, Text: strings.Repeat("new ", luck.IntN(4))}
		case 1:
			pieces[i] = chat.Piece{Label: "busy"}
		case 2:
			pieces[i] = chat.Piece{Card: &chat.Card{Title: "card"}}
		case 3:
			pieces[i] = chat.Piece{Text: "😀"[:1+luck.IntN(3)]}
		default:
			pieces[i] = chat.Piece{Text: strings.Repeat("é€", luck.IntN(5))}
		}
	}
	h := open(t, script(func(_ context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
		for i, p := range pieces {
			time.Sleep(pauses[i])
			say(p)
		}
		return nil
	}))
	sent := h.ask("?")
	var all sync.WaitGroup
	texts := make([]string, 20)
	for i := range texts {
		luck := rand.New(rand.NewPCG(seed, uint64(i)+2))
		all.Go(func() {
			time.Sleep(time.Duration(luck.IntN(2500)) * time.Millisecond)
			r := h.visit()
			for r.ended[sent.Turn.ID].Message == nil {
				r.until(t.Context(), sent.Turn.ID, 1+luck.IntN(20))
				time.Sleep(time.Duration(luck.IntN(100)) * time.Millisecond)
			}
			texts[i] = r.text[sent.Turn.ID]
		})
	}
	all.Wait()
	stored := h.answer(sent).Text
	for i, text := range texts {
		if text != stored {
			t.Errorf("reader %d ended with %q, stored is %q", i, text, stored)
		}
	}
}

func TestATurnIsRetoldOnceTheLogHasForgottenIt(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(50*time.Millisecond, "one ", "two ", "three"))
		sent := h.ask("?")
		live := h.turnEvents(sent)
		if got, want := brief(live), "1 turn-started\n2 text-delta \"one \"\n3 text-delta \"two \"\n4 text-delta \"three\"\n5 turn-ended done\n"; got != want {
			t.Errorf("live\n%swant\n%s", got, want)
		}
		h.end()
		h.start(sayWords(0), "second")
		if got, want := brief(h.turnEvents(sent)), "1 turn-started\n2 text-delta \"one two three\"\n3 turn-ended done\n"; got != want {
			t.Errorf("retold\n%swant\n%s", got, want)
		}
		site, _ := h.at()
		for e, err := range h.eventsOf(t.Context(), site, "another", sent.Turn.ID) {
			if chat.KindOf(err) != chat.NotFound {
				t.Errorf("in another conversation: %+v, %v", e, err)
			}
		}
	})
}

func TestASnapshotNeverShowsATurnThatHasEnded(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(time.Millisecond, "short"))
		site, c := h.at()
		for range 20 {
			sent := h.ask("?")
			for {
				told, _, err := h.Snapshot(t.Context(), site, c, "", 2)
				if err != nil {
					t.Fatal(err)
				}
				last := told.Messages[len(told.Messages)-1]
				if told.Turn == nil && last.TurnID == sent.Turn.ID && last.Author != chat.ByAgent {
					t.Fatalf("the turn is neither open nor answered: %+v", told)
				}
				if told.Turn == nil {
					break
				}
				time.Sleep(100 * time.Microsecond)
			}
		}
	})
}

func TestAnAnswerIsRated(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(0, "yes"))
		sent := h.ask("?")
		h.stored()
		site, c := h.at()
		if err := h.Rate(t.Context(), site, c, sent.Turn.AnswerID, 1, "good"); err != nil {
			t.Error(err)
		}
		if h.answer(sent).Rating != 1 {
			t.Error("the rating is not stored")
		}
		if err := h.Rate(t.Context(), site, c, sent.Turn.AnswerID, 2, ""); chat.KindOf(err) != chat.Invalid {
			t.Errorf("a rating of 2: %v", err)
		}
		if err := h.Rate(t.Context(), site, c, sent.Turn.AnswerID, 1, strings.Repeat("é", 1001)); chat.KindOf(err) != chat.Invalid {
			t.Errorf("a long comment: %v", err)
		}
		if err := h.Rate(t.Context(), site, c, sent.Question.ID, 1, ""); chat.KindOf(err) != chat.NotFound {
			t.Errorf("a question: %v", err)
		}
	})
}

func TestAConversationIsLookedUpOnlyWhereAnotherProcessMayHaveGoneOnWithIt(t *testing.T) {
	inside(t, func(t *testing.T) {
		var heard string
		agent := script(func(_ context.Context, p chat.Prompt, say func(chat.Piece) bool) error {
			heard = ""
			for _, m := range p.History {
				heard += m.Text + "|"
			}
			say(chat.Piece{Text: strings.Repeat(strings.ToUpper(p.Text), 1+len(p.Text)/1000)})
			return nil
		})
		looks := 0
		counted := func(o *relay.Options) {
			o.Store = &faulty{Store: o.Store, before: map[string]func(context.Context) error{
				"Conversation": func(context.Context) error { looks++; return nil },
			}}
		}
		h := open(t, agent, counted)
		first := h.Relay
		h.start(agent, "second", counted)
		second := h.Relay
		for _, step := range []struct {
			by    *relay.Relay
			text  string
			heard string
			looks int
		}{
			{first, "a", "", 0},
			{first, "b", "a|A|", 0},
			{second, "c", "a|A|b|B|", 1},
			{second, "d", "a|A|b|B|c|C|", 0},
			{first, "e", "a|A|b|B|c|C|d|D|", 1},
			{first, "f", "a|A|b|B|c|C|d|D|e|E|", 0},
			{first, strings.Repeat("g", 4000), "a|A|b|B|c|C|d|D|e|E|f|F|", 0},
			{first, "h", "", 1}, // more than the budget, and more than is kept
		} {
			h.Relay, looks = step.by, 0
			h.ask(step.text)
			h.stored()
			if heard != step.heard || looks != step.looks {
				t.Errorf("%.3s: heard %.40q after %d looks, want %q and %d", step.text, heard, looks, step.heard, step.looks)
			}
		}
	})
}

func TestAWiderBudgetIsFilledAtOnce(t *testing.T) {
	inside(t, func(t *testing.T) {
		var heard int
		h := open(t, script(func(_ context.Context, p chat.Prompt, say func(chat.Piece) bool) error {
			heard = len(p.History)
			say(chat.Piece{Text: "yes"})
			return nil
		}))
		for _, step := range []struct{ budget, heard int }{{15, 0}, {15, 2}, {15, 3}, {1000, 6}} {
			h.site.Policy.HistoryTokens = step.budget
			h.ask("?")
			h.stored()
			if heard != step.heard {
				t.Errorf("heard %d messages within %d tokens, want %d", heard, step.budget, step.heard)
			}
		}
	})
}
