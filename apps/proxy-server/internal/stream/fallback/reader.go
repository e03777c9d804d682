package fallback

import (
	"context"
	"sync"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// reader reads from the log in use.
type reader struct {
	log          *Log
	conversation chat.ConversationID
	wake         func()
	changes      int // before it was opened
	shared       bool

	mu      sync.Mutex
	inner   relay.Reader
	closed  bool
	waiting bool // it had nothing to read
	nudged  bool // while it read, something came
	behind  bool // the store knows more
}

// Follow implements [relay.Log].
func (l *Log) Follow(ctx context.Context, c chat.ConversationID, after chat.Cursor, wake func()) (relay.Reader, error) {
	return use(l, func(in relay.Log, changes int) (relay.Reader, error) {
		r := &reader{log: l, conversation: c, wake: wake, changes: changes, shared: in == l.Shared}
		var err error
		if r.inner, err = in.Follow(ctx, c, after, func() { r.rouse(false) }); err != nil {
			return nil, err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.readers[r] = struct{}{}
		return r, nil
	})
}

// rouse wakes whoever waits, and has whoever reads look once more.
func (r *reader) rouse(behind bool) {
	r.mu.Lock()
	r.behind = r.behind || behind
	wake := r.waiting
	r.waiting, r.nudged = false, !wake
	r.mu.Unlock()
	if wake {
		r.wake()
	}
}

// Next implements [relay.Reader].
func (r *reader) Next() ([]chat.Event, error) {
	for {
		inner, behind := r.look()
		if _, changes := r.log.current(); changes != r.changes {
			return r.change()
		}
		if behind {
			return r.tellBehind()
		}
		events, err := inner.Next()
		if r.shared && chat.KindOf(err) == chat.Unavailable {
			r.log.leave(r.changes, err)
			continue
		}
		if err != nil || len(events) > 0 || r.waits() {
			return events, err
		}
	}
}

func (r *reader) look() (inner relay.Reader, behind bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	behind = r.behind
	r.nudged, r.behind = false, false
	return r.inner, behind
}

// waits says whether there is nothing to do but to wait.
func (r *reader) waits() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = !r.nudged
	return r.waiting
}

func (r *reader) tellBehind() ([]chat.Event, error) {
	end, err := r.log.End(context.Background(), r.conversation) // which each log bounds
	return []chat.Event{{Kind: chat.LogReset, Cursor: end}}, err
}

// change goes over to the log in use.
func (r *reader) change() ([]chat.Event, error) {
	ctx := context.Background() // each log bounds its acts
	in, changes := r.log.current()
	end, err := in.End(ctx, r.conversation)
	if err == nil {
		var inner relay.Reader
		if inner, err = in.Follow(ctx, r.conversation, end, func() { r.rouse(false) }); err == nil {
			r.changes, r.shared = changes, in == r.log.Shared
			r.swap(inner)
			return []chat.Event{{Kind: chat.LogReset, Cursor: end}}, nil
		}
	}
	if in == r.log.Shared && chat.KindOf(err) == chat.Unavailable {
		r.log.leave(changes, err)
		return r.Next()
	}
	return nil, err
}

func (r *reader) swap(inner relay.Reader) {
	r.mu.Lock()
	old := r.inner
	r.inner = inner
	if r.closed {
		old = inner
	}
	r.mu.Unlock()
	old.Close()
}

// Close implements [relay.Reader].
func (r *reader) Close() {
	r.log.mu.Lock()
	delete(r.log.readers, r)
	r.log.mu.Unlock()
	r.mu.Lock()
	r.closed = true
	inner := r.inner
	r.mu.Unlock()
	inner.Close()
}
