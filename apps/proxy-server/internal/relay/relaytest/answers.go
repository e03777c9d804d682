package relaytest

import (
	"time"

	"securechat/internal/chat"
)

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
