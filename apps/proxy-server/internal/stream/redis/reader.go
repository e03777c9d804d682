package redis

import (
	"context"
	"slices"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// reader is one follower's place in a log.
type reader struct {
	log    *Log
	feed   *feed
	place  relay.Place  // before what it reads next
	ahead  []chat.Event // read already, to be handed over first
	reset  bool         // it has yet to hear that its cursor was not honoured
	wake   func()
	closed bool
}

var errTooSlow = chat.E(chat.Limited, "reader_too_slow", "The reader fell too far behind. It may resume.")

// Follow implements [relay.Log].
func (l *Log) Follow(ctx context.Context, c chat.ConversationID, after chat.Cursor, wake func()) (relay.Reader, error) {
	var place relay.Place
	if after != "" {
		var err error
		if place, err = relay.ParseCursor(after); err != nil {
			return nil, err
		}
	}
	f, err := l.join(ctx, c) // before the log is read, so that nothing falls between
	if err != nil {
		return nil, err
	}
	s, err := l.read(ctx, c, place)
	if err != nil {
		return nil, err
	}
	r := &reader{log: l, feed: f, place: place, wake: wake}
	if s.honoured {
		r.ahead, err = l.openAll(ctx, c, place, s.sealed)
		r.place.Offset += int64(len(r.ahead))
	}
	if !s.honoured || err != nil {
		r.place, r.ahead, r.reset = s.place, nil, after != ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.skip(s.place); f.over {
		return nil, away(errLineLost)
	}
	f.readers, f.used = append(f.readers, r), time.Now()
	return r, nil
}

// openAll opens the events that lie after a place.
func (l *Log) openAll(ctx context.Context, c chat.ConversationID, after relay.Place, sealed []string) ([]chat.Event, error) {
	events := make([]chat.Event, len(sealed))
	for i, s := range sealed {
		e, err := l.open(ctx, c, s)
		if err != nil {
			return nil, err
		}
		after.Offset++
		e.Cursor = after.Cursor()
		events[i] = e
	}
	return events, nil
}

// Next implements [relay.Reader].
func (r *reader) Next() ([]chat.Event, error) {
	r.log.mu.Lock()
	f := r.feed
	switch {
	case f.over:
		r.log.mu.Unlock()
		return nil, away(errLineLost)
	case !r.reset && len(r.ahead) == 0 && r.place.Epoch == f.end.Epoch && r.place.Offset < f.first():
		r.log.mu.Unlock()
		return r.catchUp()
	}
	defer r.log.mu.Unlock()
	if r.reset {
		r.reset = false
		return r.tellReset(), nil
	}
	if ahead := r.ahead; len(ahead) > 0 {
		r.ahead = nil
		return ahead, nil
	}
	if r.place.Epoch != f.end.Epoch { // the log began anew
		r.place = relay.Place{Epoch: f.end.Epoch, Offset: f.first()}
		return r.tellReset(), nil
	}
	events := f.from(r.place.Offset)
	r.place.Offset += int64(len(events))
	f.shed()
	if len(events) == 0 && !r.closed && !slices.Contains(f.waiting, r) {
		f.waiting = append(f.waiting, r)
	}
	return events, nil
}

func (r *reader) tellReset() []chat.Event {
	return []chat.Event{{Kind: chat.LogReset, Cursor: r.place.Cursor()}}
}

// catchUp reads from Redis what the window does not go back to.
func (r *reader) catchUp() ([]chat.Event, error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	s, err := r.log.read(ctx, r.feed.conversation, r.place)
	if err != nil {
		return nil, err
	}
	if !s.honoured || len(s.sealed) == 0 {
		return nil, errTooSlow
	}
	events, err := r.log.openAll(ctx, r.feed.conversation, r.place, s.sealed)
	if err != nil {
		return nil, err
	}
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	r.place.Offset += int64(len(events))
	r.feed.shed()
	return events, nil
}

// Close implements [relay.Reader].
func (r *reader) Close() {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	f, me := r.feed, func(o *reader) bool { return o == r }
	f.readers, f.waiting = slices.DeleteFunc(f.readers, me), slices.DeleteFunc(f.waiting, me)
	f.shed()
	f.used = time.Now()
}
