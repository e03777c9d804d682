package memory

import (
	"context"
	"slices"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// reader is one follower's place in a record.
type reader struct {
	log    *Log
	record *record
	next   int64 // offset of what it reads next
	reset  bool  // it has yet to hear that its cursor was not honoured
	wake   func()
	closed bool
}

// Follow implements [relay.Log].
func (l *Log) Follow(_ context.Context, c chat.ConversationID, after chat.Cursor, wake func()) (relay.Reader, error) {
	var place relay.Place
	if after != "" {
		var err error
		if place, err = relay.ParseCursor(after); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.use(c, now)
	r.followers++
	honoured := after != "" && r.honours(place)
	if !honoured {
		place.Offset = r.end()
	}
	return &reader{log: l, record: r, next: place.Offset, reset: after != "" && !honoured, wake: wake}, nil
}

var errTooSlow = chat.E(chat.Limited, "reader_too_slow", "The reader fell too far behind. It may resume.")

// Next implements [relay.Reader].
func (r *reader) Next() ([]chat.Event, error) {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	if r.reset {
		r.reset = false
		return []chat.Event{{Kind: chat.LogReset, Cursor: r.record.place(r.next).Cursor()}}, nil
	}
	events, ok := r.record.from(r.next)
	if !ok {
		return nil, errTooSlow
	}
	r.next += int64(len(events))
	if len(events) == 0 && !r.closed && !slices.Contains(r.record.waiting, r) {
		r.record.waiting = append(r.record.waiting, r)
	}
	return events, nil
}

// Close implements [relay.Reader].
func (r *reader) Close() {
	now := time.Now()
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	r.record.waiting = slices.DeleteFunc(r.record.waiting, func(o *reader) bool { return o == r })
	r.record.followers--
	r.log.touch(r.record, now)
}
