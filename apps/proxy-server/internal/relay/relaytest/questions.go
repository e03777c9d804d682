package relaytest

import (
	"errors"
	"fmt"
	"sync"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

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
				if told, ok := errors.AsType[*chat.Error](err); !ok || told.RetryAfter <= 0 {
					f.Errorf("Begin does not say when to try again: %v", err)
				}
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
