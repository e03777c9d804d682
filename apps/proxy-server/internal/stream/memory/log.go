// Package memory keeps the logs of conversations in this process. Readers of
// the past and of the present read the same list, so that there is no moment
// between them, and one that waits holds no goroutine. What is forgotten here
// is told anew from the store; that is left to the relay.
package memory

import (
	"container/list"
	"context"
	"sync"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

const (
	lifeOfEvent = 10 * time.Minute // how long a reader may be away and resume
	lifeOfTurn  = 24 * time.Hour   // an open turn without an event for so long has been abandoned
	mostEvents  = 1000             // of a conversation, besides those of its open turns
	mostAtOnce  = 64               // events handed to a reader before it looks again
	trimEvery   = 64               // appends; trimming copies what stays
	lookOver    = 4                // records looked over at each act, so that none needs a clock of its own
)

// Log is a [relay.Log] of one process. One lock is enough for all of it: no
// act under it takes longer the more conversations there are.
type Log struct {
	mu      sync.Mutex
	records map[chat.ConversationID]*record
	order   *list.List // of records, the longest not looked at first
}

var _ relay.Log = (*Log)(nil)

// New returns an empty log.
func New() *Log {
	return &Log{records: map[chat.ConversationID]*record{}, order: list.New()}
}

// Append implements [relay.Log].
func (l *Log) Append(_ context.Context, c chat.ConversationID, e chat.Event) (chat.Cursor, error) {
	now := time.Now()
	l.mu.Lock()
	r := l.use(c, now)
	at := r.add(e, now)
	if r.end()%trimEvery == 0 {
		r.trim(now)
	}
	waiting := r.waiting
	r.waiting = nil
	l.mu.Unlock()
	for _, reader := range waiting {
		reader.wake()
	}
	return at, nil
}

// End implements [relay.Log].
func (l *Log) End(_ context.Context, c chat.ConversationID) (chat.Cursor, error) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.use(c, now)
	return r.place(r.end()).Cursor(), nil
}

// Told implements [relay.Log].
func (l *Log) Told(_ context.Context, c chat.ConversationID, t chat.TurnID) ([]chat.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.records[c]; ok {
		return r.told(t), nil
	}
	return nil, nil
}

// use returns the conversation's record, made where there is none, and looks
// over a few that nobody has used for long.
func (l *Log) use(c chat.ConversationID, now time.Time) *record {
	r, ok := l.records[c]
	if !ok {
		r = &record{conversation: c, epoch: relay.NewEpoch()}
		r.turn = l.order.PushBack(r)
		l.records[c] = r
	}
	l.touch(r, now)
	l.forget(now)
	return r
}

func (l *Log) touch(r *record, now time.Time) {
	r.used, r.looked = now, now
	l.order.MoveToBack(r.turn)
}

// forget looks over the records that nobody has looked at for longest: it
// trims them, and drops those that nobody follows or needs.
func (l *Log) forget(now time.Time) {
	for range lookOver {
		r := l.order.Front().Value.(*record) //nolint:forcetypeassert // there is one: the record in use
		if now.Sub(r.looked) <= lifeOfEvent {
			return
		}
		r.looked = now
		l.order.MoveToBack(r.turn)
		r.abandon(now)
		r.trim(now)
		if r.followers == 0 && len(r.open) == 0 && now.Sub(r.used) > lifeOfEvent {
			delete(l.records, r.conversation)
			l.order.Remove(r.turn)
		}
	}
}
