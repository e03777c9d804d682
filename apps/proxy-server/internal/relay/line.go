package relay

import (
	"slices"

	"securechat/internal/chat"
)

// waiting is a turn whose conversation is busy, as it was asked here. Of those
// that were asked elsewhere, the store knows enough.
type waiting struct {
	turn     chat.Turn
	asker    Asker
	position int // as last told
}

func (r *Relay) standInLine(t chat.Turn, a Asker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting[t.ConversationID] = append(r.waiting[t.ConversationID], &waiting{turn: t, asker: a})
}

// leaveLine takes out a turn that was stopped.
func (r *Relay) leaveLine(c chat.ConversationID, id chat.TurnID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := r.placeOf(c, id); at >= 0 {
		r.shorten(c, slices.Delete(r.waiting[c], at, at+1))
	}
}

// nextInLine takes out the turn that is let run, with whatever stood before
// it: that was let run by another process. The asker is zero where the turn
// was asked elsewhere.
func (r *Relay) nextInLine(c chat.ConversationID, id chat.TurnID) (a Asker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := r.placeOf(c, id); at >= 0 {
		a = r.waiting[c][at].asker
		r.shorten(c, slices.Delete(r.waiting[c], 0, at+1))
	}
	return a
}

func (r *Relay) placeOf(c chat.ConversationID, id chat.TurnID) int {
	return slices.IndexFunc(r.waiting[c], func(w *waiting) bool { return w.turn.ID == id })
}

func (r *Relay) shorten(c chat.ConversationID, left []*waiting) {
	if len(left) == 0 {
		delete(r.waiting, c)
		return
	}
	r.waiting[c] = left
}

// tellPlaces tells every question of the conversation that waits where it
// stands by now.
func (r *Relay) tellPlaces(c chat.ConversationID) {
	r.mu.Lock()
	var moved []chat.Turn
	var positions []int
	for i, w := range r.waiting[c] {
		if w.position != i+1 {
			w.position = i + 1
			moved, positions = append(moved, w.turn), append(positions, i+1)
		}
	}
	r.mu.Unlock()
	for i, t := range moved {
		r.recallTurn(t).tell(chat.Event{Kind: chat.TurnQueued, Position: positions[i]})
	}
}

// doubt is a turn that may or may not have begun.
type doubt struct {
	turn  chat.Turn
	asker Asker
}

// doubt remembers a turn of which nobody knows whether it has begun.
func (r *Relay) doubt(t chat.Turn, a Asker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doubtful[t.ID] = doubt{turn: t, asker: a}
}

// settle forgets a doubt, and says whether there was one.
func (r *Relay) settle(t chat.TurnID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, doubtful := r.doubtful[t]
	delete(r.doubtful, t)
	return doubtful
}
