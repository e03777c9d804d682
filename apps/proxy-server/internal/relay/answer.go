package relay

import (
	"slices"

	"securechat/internal/chat"
)

// answer is what a turn's events amount to. Readers fold the same events, so
// whatever is stored of an answer is taken from here and from nowhere else.
type answer struct {
	seq   int
	text  []byte
	cards []chat.Card
	ended bool
}

// fold takes one event in.
func (a *answer) fold(e chat.Event) {
	a.seq = e.Seq
	switch e.Kind {
	case chat.TextDelta:
		a.text = append(a.text, e.Text...)
	case chat.TextReplaced:
		a.text = append(a.text[:0], e.Text...)
	case chat.CardAdded:
		a.cards = append(a.cards, *e.Card)
	case chat.TurnEnded:
		a.ended = true
	}
}

func (a *answer) empty() bool { return len(a.text) == 0 && len(a.cards) == 0 }

// recall returns what is known of a turn from what the store and the log have
// of it. The log alone is enough where it has the turn from its beginning;
// otherwise it goes on from where the store ends.
func recall(t chat.Turn, told []chat.Event) answer {
	a := answer{seq: t.Seq, text: []byte(t.Text)}
	if len(told) > 0 && told[0].Seq == 1 {
		a = answer{}
	}
	for _, e := range told {
		if e.Seq == a.seq+1 {
			a.fold(e)
		}
	}
	return a
}

// message is the answer as it is stored.
func (a *answer) message(t chat.Turn, problem *chat.Problem) *chat.Message {
	return &chat.Message{
		ID: t.AnswerID, SiteID: t.SiteID, ConversationID: t.ConversationID, Author: chat.ByAgent,
		Text: string(a.text), Cards: slices.Clone(a.cards), CreatedAt: t.EndedAt,
		TurnID: t.ID, Status: t.State, Problem: problem,
	}
}
