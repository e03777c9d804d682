package relay

import (
	"time"

	"securechat/internal/chat"
)

const (
	noteEvery = 500 * time.Millisecond // of an answer under way, a crash may cost this much
	noteBytes = 2 << 10                // … or this much, whichever is less
)

// notes are the checkpoints of a running answer. They are written beside the
// turn, so that a slow store does not hold back what is told.
type notes struct {
	due   *time.Timer // when the next is
	armed bool
	busy  bool       // one is on its way
	kept  chan error // tells how it went; holds one
	seq   int        // of the last that is kept, or on its way
	bytes int        // its text's length
}

// noteSoon sees to it that what has just been told is noted in time.
func (t *turn) noteSoon() {
	n := &t.notes
	switch {
	case n.busy:
	case len(t.answer.text)-n.bytes >= noteBytes:
		t.note()
	case !n.armed:
		n.armed = true
		n.due.Reset(noteEvery)
	}
}

// note begins to write down what has been told so far.
func (t *turn) note() {
	n := &t.notes
	n.due.Stop()
	n.armed = false
	if n.busy || n.seq == t.answer.seq {
		return
	}
	n.busy, n.seq, n.bytes = true, t.answer.seq, len(t.answer.text)
	of, seq, text := t.Turn, n.seq, string(t.answer.text)
	t.relay.work.Go(func() {
		ctx, cancel := t.relay.act()
		defer cancel()
		n.kept <- t.relay.Store.Note(ctx, of, seq, text)
	})
}

// noted takes in how writing went, and says whether the turn is ours no more.
// One that failed is made good by the next.
func (t *turn) noted(err error) (lost bool) {
	n := &t.notes
	n.busy = false
	if n.seq != t.answer.seq {
		t.noteSoon()
	}
	return chat.KindOf(err) == chat.Conflict || chat.KindOf(err) == chat.NotFound
}
