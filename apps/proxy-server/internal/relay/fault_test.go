package relay_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
	"securechat/internal/stream/memory"
)

func TestWhatAnAgentSaysOfItsFailureIsNotTold(t *testing.T) {
	for _, c := range []struct {
		name  string
		agent script
		state chat.TurnState
		code  string
		text  string
	}{
		{"a failure", sayThen("half", chat.E(chat.Unavailable, "agent_failed", "secret words")), chat.TurnFailed, "agent_failed", "half"},
		{"a break", sayThen("half", chat.E(chat.Cut, "agent_interrupted", "secret words")), chat.TurnInterrupted, "agent_interrupted", "half"},
		{"an unknown code", sayThen("", chat.E(chat.Unavailable, "secret_code", "secret words")), chat.TurnFailed, "agent_failed", ""},
		{"any error", sayThen("half", errors.New("secret words")), chat.TurnFailed, "agent_failed", "half"},
		{"silence", sayThen("", nil), chat.TurnFailed, "agent_empty", ""},
		{"a panic", func(_ context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
			say(chat.Piece{Text: "half"})
			panic("secret words")
		}, chat.TurnFailed, "agent_failed", "half"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inside(t, func(t *testing.T) {
				h := open(t, c.agent)
				sent := h.ask("?")
				events := h.turnEvents(sent)
				last := events[len(events)-1]
				stored := h.answer(sent)
				if stored.Status != c.state || stored.Text != c.text || stored.Problem == nil || stored.Problem.Code != c.code {
					t.Errorf("stored %+v, %+v", stored, stored.Problem)
				}
				if last.Status != c.state || last.Problem == nil || *last.Problem != *stored.Problem {
					t.Errorf("told %+v", last)
				}
				if told := fmt.Sprint(*last.Problem, stored.Text); strings.Contains(told, "secret") {
					t.Errorf("told %s", told)
				}
				if log := h.logged.String(); !strings.Contains(log, last.Problem.ID) {
					t.Errorf("the log does not hold the problem's id:\n%s", log)
				}
				if c.name != "silence" && !strings.Contains(h.logged.String(), "secret") {
					t.Errorf("the log does not tell the cause:\n%s", h.logged)
				}
				h.ask("goes on?")
				h.stored()
			})
		})
	}
}

func sayThen(text string, err error) script {
	return func(_ context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
		if text != "" {
			say(chat.Piece{Text: text})
		}
		return err
	}
}

func TestASiteWithoutAnAgentIsTold(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(0, "yes"))
		h.site.Agent.Kind = "nobody"
		sent := h.ask("?")
		h.stored()
		if p := h.answer(sent).Problem; p == nil || p.Code != "agent_unavailable" {
			t.Errorf("problem = %+v", p)
		}
	})
}

func TestAnAgentThatNeverEndsIsCut(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, script(func(ctx context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
			say(chat.Piece{Text: "so far"})
			<-ctx.Done()
			return ctx.Err()
		}))
		h.site.Agent.Total = time.Minute
		sent := h.ask("?")
		h.stored()
		got := h.answer(sent)
		if got.Status != chat.TurnInterrupted || got.Text != "so far" || got.Problem.Code != "agent_timeout" {
			t.Errorf("stored %+v, %+v", got, got.Problem)
		}
	})
}

func TestACrashedTurnKeepsWhatWasNotedAndTheNextIsAnswered(t *testing.T) {
	for _, survives := range []string{"the log is gone", "the log survives"} {
		t.Run(survives, func(t *testing.T) {
			inside(t, func(t *testing.T) {
				shared := memory.New()
				goOn := make(chan struct{})
				defer close(goOn)
				h := open(t, script(func(_ context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
					for _, word := range []string{"one ", "two ", "three "} {
						say(chat.Piece{Text: word})
						time.Sleep(400 * time.Millisecond)
					}
					<-goOn
					return nil
				}), func(o *relay.Options) {
					o.Fleet = dead{o.Fleet}
					o.Log = shared
				})
				first := h.ask("a")
				second := h.ask("b")
				time.Sleep(700 * time.Millisecond) // noted with two words, told two words
				reader := h.visit()
				time.Sleep(200 * time.Millisecond) // the third is told and not noted yet
				crashed := h.Relay
				h.start(sayWords(0, "yes"), "second", func(o *relay.Options) {
					if survives == "the log survives" {
						o.Log = shared
					}
				})
				reader.until(t.Context(), first.Turn.ID, 100)
				h.stored()
				want := "one two "
				if survives == "the log survives" {
					want = "one two three "
				}
				got := h.answer(first)
				if got.Text != want || got.Status != chat.TurnInterrupted || got.Problem == nil || got.Problem.Code != "agent_interrupted" {
					t.Errorf("stored %+v, %+v, want %q", got, got.Problem, want)
				}
				if reader.text[first.Turn.ID] != want {
					t.Errorf("the reader ended with %q, want %q", reader.text[first.Turn.ID], want)
				}
				if got := h.answer(second); got.Text != "yes" || got.Status != chat.TurnDone {
					t.Errorf("the one that waited got %+v", got)
				}
				if crashed == h.Relay {
					t.Error("nothing crashed")
				}
			})
		})
	}
}

// dead is a fleet that never hears of this process.
type dead struct{ relay.Fleet }

func (dead) Renew(context.Context, string, time.Duration) error { return errAway }

// slowFinish is a store that takes its time to end a turn.
type slowFinish struct{ relay.Store }

func (s slowFinish) Finish(ctx context.Context, t chat.Turn, reply *chat.Message) (*relay.Next, error) {
	time.Sleep(300 * time.Millisecond)
	return s.Store.Finish(ctx, t, reply)
}

func TestWhoFollowsATurnThatWasTakenFromTheLivingEndsWithWhatIsStored(t *testing.T) {
	inside(t, func(t *testing.T) {
		shared := memory.New()
		h := open(t, sayWords(50*time.Millisecond, strings.SplitAfter(strings.Repeat("word ", 100), " ")...), func(o *relay.Options) {
			o.Fleet, o.Log = dead{o.Fleet}, shared
		})
		loser := h.Relay
		sent := h.ask("?")
		reader := h.visit()
		time.Sleep(time.Second)
		h.start(sayWords(0, "yes"), "second", func(o *relay.Options) { o.Store, o.Log = slowFinish{o.Store}, shared })
		reader.until(t.Context(), sent.Turn.ID, 100)
		if err := loser.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.stored()
		if got := h.answer(sent); got.Status != chat.TurnInterrupted || reader.text[sent.Turn.ID] != got.Text {
			t.Errorf("the reader ended with %d bytes, stored are %d (%s)", len(reader.text[sent.Turn.ID]), len(got.Text), got.Status)
		}
	})
}

// bereaved is a fleet whose dead ended one turn last. The store's own clock
// goes on while a test's stands still.
type bereaved struct {
	relay.Fleet

	store relay.Store
	turn  chat.Turn
}

func (b bereaved) LastEnded(ctx context.Context, _, _ time.Duration, _ int) ([]chat.Turn, error) {
	t, err := b.store.Turn(ctx, b.turn.SiteID, b.turn.ID)
	return []chat.Turn{t}, err
}

// speechless is a log that does not hear of any turn's end.
type speechless struct{ relay.Log }

func (s speechless) Append(ctx context.Context, c chat.ConversationID, e chat.Event) (chat.Cursor, error) {
	if e.Kind == chat.TurnEnded {
		return "", errAway
	}
	return s.Log.Append(ctx, c, e)
}

func TestAnEndThatWasStoredAndNotToldIsToldByAnother(t *testing.T) {
	inside(t, func(t *testing.T) {
		shared := memory.New()
		h := open(t, sayWords(time.Millisecond, "one ", "two"), func(o *relay.Options) {
			o.Log = speechless{shared}
		})
		sent := h.ask("a")
		h.wait()
		h.start(sayWords(0, "yes"), "second", func(o *relay.Options) {
			o.Log, o.Fleet = shared, bereaved{o.Fleet, h.store, sent.Turn}
		})
		told := h.turnEvents(sent)
		if end := told[len(told)-1]; end.Kind != chat.TurnEnded || end.Status != chat.TurnDone || end.Message == nil || end.Message.Text != "one two" {
			t.Errorf("told\n%s", brief(told))
		}
		time.Sleep(10 * time.Second)
		ends := 0
		events, err := shared.Told(t.Context(), sent.Turn.ConversationID, sent.Turn.ID)
		for _, e := range events {
			if e.Kind == chat.TurnEnded {
				ends++
			}
		}
		if err != nil || ends != 1 {
			t.Errorf("the end was told %d times, %v", ends, err)
		}
	})
}

func TestAProcessThatLostItsLeaseStopsWritingQuietly(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(300*time.Millisecond, strings.SplitAfter(strings.Repeat("word ", 40), " ")...),
			func(o *relay.Options) { o.Fleet = dead{o.Fleet} })
		loser, lost := h.Relay, h.logged
		sent := h.ask("?")
		time.Sleep(2 * time.Second)
		h.start(sayWords(0, "yes"), "second")
		h.wait()
		if err := loser.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := h.answer(sent); got.Status != chat.TurnInterrupted {
			t.Errorf("stored %+v", got)
		}
		synctest.Wait()
		if strings.Contains(lost.String(), "turn broke off") || strings.Contains(lost.String(), "turn not ended") {
			t.Errorf("the loser made a noise:\n%s", lost)
		}
	})
}

func TestASlowStoreHoldsBackNothingThatIsTold(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(100*time.Millisecond, strings.SplitAfter(strings.Repeat("word ", 30), " ")...), func(o *relay.Options) {
			o.Store = &faulty{Store: o.Store, before: map[string]func(context.Context) error{
				"Note": func(ctx context.Context) error { return wait(ctx, 8*time.Second) },
			}}
		})
		begun := time.Now()
		sent := h.ask("?")
		events := h.turnEvents(sent)
		if took := time.Since(begun); took > 3200*time.Millisecond || len(events) < 30 {
			t.Errorf("%d events took %v", len(events), took)
		}
		if got := h.answer(sent).Text; got != strings.Repeat("word ", 30) {
			t.Errorf("stored %q", got)
		}
	})
}

func TestManyAnswersUnderWayLeaveTheStoreRoomForQuestions(t *testing.T) {
	inside(t, func(t *testing.T) {
		const turns = 50
		var mu sync.Mutex
		writing, most, noted := 0, 0, 0
		speaks := script(func(_ context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
			say(chat.Piece{Text: "so far"})
			time.Sleep(time.Minute)
			return nil
		})
		h := open(t, speaks, func(o *relay.Options) {
			o.Store = &faulty{Store: o.Store, before: map[string]func(context.Context) error{
				"Note": func(context.Context) error {
					mu.Lock()
					writing, noted = writing+1, noted+1
					most = max(most, writing)
					mu.Unlock()
					time.Sleep(2 * time.Second)
					mu.Lock()
					writing--
					mu.Unlock()
					return nil
				},
			}}
		})
		h.site.Agent.MaxRuns = turns
		for visitor := range turns {
			h.askAs(h.elsewhere(visitor+1), "?")
		}
		h.wait()
		if most != 16 || noted != turns {
			t.Errorf("%d of %d answers were noted, %d at once", noted, turns, most)
		}
	})
}

// away makes a store fail at one method for a time.
func away(o *relay.Options, method string, length time.Duration) {
	back := time.Now().Add(length)
	o.Store = &faulty{Store: o.Store, before: map[string]func(context.Context) error{
		method: func(context.Context) error {
			if time.Now().Before(back) {
				return errAway
			}
			return nil
		},
	}}
}

func TestAnAnswerOutlastsAStoreThatIsAwayForAWhile(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(0, "yes"), func(o *relay.Options) { away(o, "Finish", 40*time.Second) })
		sent, next := h.ask("?"), h.ask("and?")
		events := h.turnEvents(sent)
		if last := events[len(events)-1]; last.Status != chat.TurnDone || last.Message == nil {
			t.Errorf("told %+v", last)
		}
		h.stored()
		if h.answer(sent).Status != chat.TurnDone || h.answer(next).Status != chat.TurnDone {
			t.Error("not both were answered")
		}
	})
}

func TestFollowersAreToldWhenAnAnswerCannotBeStored(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(0, "yes"), func(o *relay.Options) { away(o, "Finish", 10*time.Minute) })
		sent, next := h.ask("?"), h.ask("and?")
		begun := time.Now()
		events := h.turnEvents(sent)
		if last := events[len(events)-1]; last.Status != chat.TurnInterrupted || last.Problem.Code != "store_unavailable" || last.Message != nil {
			t.Errorf("told %+v", last)
		}
		if took := time.Since(begun); took < time.Minute || took > 70*time.Second {
			t.Errorf("told after %v", took)
		}
		h.stored()
		if got := h.answer(sent); got.Status != chat.TurnInterrupted || got.Text != "yes" {
			t.Errorf("stored %+v", got)
		}
		if got := h.answer(next); got.Text != "yes" {
			t.Errorf("the next got %+v", got)
		}
	})
}

func TestAnActThatSeemedToFailIsFoundOut(t *testing.T) {
	for _, method := range []string{"Begin", "Finish"} {
		t.Run(method, func(t *testing.T) {
			inside(t, func(t *testing.T) {
				runs := 0
				h := open(t, script(func(_ context.Context, p chat.Prompt, say func(chat.Piece) bool) error {
					runs++
					time.Sleep(100 * time.Millisecond)
					say(chat.Piece{Text: "re " + p.Text})
					return nil
				}), func(o *relay.Options) {
					o.Store = &faulty{Store: o.Store, after: map[string]error{method: errAway}}
				})
				_, err := h.Send(t.Context(), h.asker(), draft(t, chat.NewID(), "a"))
				if (method == "Begin") != (err != nil) {
					t.Fatalf("Send = %v", err)
				}
				h.ask("b")
				time.Sleep(10 * time.Second)
				var said []string
				for _, m := range h.stored() {
					said = append(said, m.Text)
				}
				if got := strings.Join(said, ", "); got != "a, b, re a, re b" || runs != 2 {
					t.Errorf("stored %s after %d runs", got, runs)
				}
			})
		})
	}
}

func TestAQuestionThatSeemedToFailIsAnsweredAtItsRetry(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(0, "yes"), func(o *relay.Options) {
			o.Store = &faulty{Store: o.Store, after: map[string]error{"Begin": errAway}}
		})
		id := chat.NewID()
		if _, err := h.Send(t.Context(), h.asker(), draft(t, id, "?")); err == nil {
			t.Fatal("nothing failed")
		}
		sent, err := h.Send(t.Context(), h.asker(), draft(t, id, "?"))
		if err != nil || sent.Fresh {
			t.Fatalf("Send = %+v, %v", sent, err)
		}
		h.stored()
		if got := h.answer(sent).Text; got != "yes" {
			t.Errorf("stored %q", got)
		}
	})
}

func TestAnAskerWhoLeavesIsAnsweredAllTheSame(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(0, "yes"))
		ctx, leave := context.WithCancel(t.Context())
		sent, err := h.Send(ctx, h.asker(), draft(t, chat.NewID(), "?"))
		leave()
		if err != nil {
			t.Fatal(err)
		}
		h.stored()
		if got := h.answer(sent).Text; got != "yes" {
			t.Errorf("stored %q", got)
		}
	})
}

func TestAProcessThatEndsLetsAnswersFinishAndTakesNoMore(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(time.Second, "one ", "two ", "three"))
		sent := h.ask("?")
		time.Sleep(1500 * time.Millisecond)
		begun := time.Now()
		go h.end()
		synctest.Wait()
		if _, err := h.Send(t.Context(), h.asker(), draft(t, chat.NewID(), "late?")); chat.CodeOf(err) != "draining" {
			t.Errorf("Send = %v", err)
		}
		h.end()
		if took := time.Since(begun); took != 1500*time.Millisecond {
			t.Errorf("it took %v to end", took)
		}
		if got := h.answer(sent); got.Text != "one two three" || got.Status != chat.TurnDone {
			t.Errorf("stored %+v", got)
		}
	})
}

func TestAProcessThatEndsCutsWhatOutlastsItsGrace(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, sayWords(time.Second, strings.SplitAfter(strings.Repeat("word ", 100), " ")...),
			func(o *relay.Options) { o.Grace = 5 * time.Second })
		sent, waiting := h.ask("?"), h.ask("and?")
		time.Sleep(1500 * time.Millisecond)
		begun := time.Now()
		h.end()
		if took := time.Since(begun); took != 5*time.Second {
			t.Errorf("it took %v to end", took)
		}
		if got := h.answer(sent); got.Text != strings.Repeat("word ", 6) || got.Status != chat.TurnInterrupted {
			t.Errorf("stored %+v", got)
		}
		if got := h.answer(waiting); got.Text != "" || got.Status != chat.TurnInterrupted || got.Problem.Code != "agent_interrupted" {
			t.Errorf("the one that waited: %+v", got)
		}
		h.start(sayWords(0, "yes"), "second")
		h.stored()
	})
}
