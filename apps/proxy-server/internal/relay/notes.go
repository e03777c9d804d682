package relay

import (
	"time"

	"securechat/internal/chat"
)

const (
	noteEvery = 500 * time.Millisecond // of an answer under way, a crash may cost this much
	noteBytes = 2 << 10                // … or this much, whichever is less
	mostNoted = 16                     // turns at once; a question must find room beside them
)

// notes are the checkpoints of a running answer. They are written beside the
// turn, so that a slow store does not hold back what is told.
type notes struct {
	due   *time.Timer // when the next is; nil before it first was
	armed bool
	busy  bool // one is on its way
	seq   int  // of the last that is kept, or on its way
	bytes int  // its text's length
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
		again(&n.due, noteEvery, t.noteNow)
	}
}

func (t *turn) noteNow() {
	t.hears(func() error {
		t.notes.armed = false
		t.note()
		return nil
	})
}

// note begins to write down what has been told so far, or puts it off while
// too many do.
func (t *turn) note() {
	n := &t.notes
	if n.busy || n.seq == t.answer.seq {
		return
	}
	select {
	case t.relay.pens <- struct{}{}:
	default:
		if !n.armed {
			n.armed = true
			again(&n.due, noteEvery, t.noteNow)
		}
		return
	}
	still(n.due)
	n.armed = false
	n.busy, n.seq, n.bytes = true, t.answer.seq, len(t.answer.text)
	of, seq, text := t.Turn, n.seq, string(t.answer.text)
	t.relay.work.Go(func() {
		ctx, cancel := t.relay.act()
		defer cancel()
		err := t.relay.Store.Note(ctx, of, seq, text)
		<-t.relay.pens
		t.hears(func() error { return t.noted(err) })
	})
}

// noted takes in how writing went: errLost where the turn is ours no more. One
// that failed is made good by the next.
func (t *turn) noted(err error) error {
	if kind := chat.KindOf(err); kind == chat.Conflict || kind == chat.NotFound {
		return errLost
	}
	n := &t.notes
	n.busy = false
	if n.seq != t.answer.seq {
		t.noteSoon()
	}
	return nil
}
