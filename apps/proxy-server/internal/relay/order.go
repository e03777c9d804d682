package relay

import (
	"context"
	"sync"

	"securechat/internal/chat"
)

// order lets one act at a time change a conversation, so that its events are
// told in the order in which the store saw the acts.
type order struct {
	mu   sync.Mutex
	held map[chat.ConversationID]*hold
}

type hold struct {
	free  chan struct{} // holds one while nobody acts
	users int           // who acts or waits
}

// enter waits for its turn. leave must be called once the act is done.
func (o *order) enter(ctx context.Context, c chat.ConversationID) (leave func(), err error) {
	h := o.join(c)
	select {
	case <-h.free:
		return func() {
			h.free <- struct{}{} // there is room: it was taken from here
			o.quit(c, h)
		}, nil
	case <-ctx.Done():
		o.quit(c, h)
		return nil, context.Cause(ctx)
	}
}

func (o *order) join(c chat.ConversationID) *hold {
	o.mu.Lock()
	defer o.mu.Unlock()
	h, ok := o.held[c]
	if !ok {
		if o.held == nil {
			o.held = map[chat.ConversationID]*hold{}
		}
		h = &hold{free: make(chan struct{}, 1)}
		h.free <- struct{}{}
		o.held[c] = h
	}
	h.users++
	return h
}

func (o *order) quit(c chat.ConversationID, h *hold) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if h.users--; h.users == 0 {
		delete(o.held, c)
	}
}
