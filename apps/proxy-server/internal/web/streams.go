package web

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"securechat/internal/chat"
)

// mostStreams is how many streams one session may hold open. Tabs share one,
// so whoever has more has lost count of them.
const mostStreams = 6

// streams knows every open stream of this process.
type streams struct {
	mu       sync.Mutex
	open     map[chat.SessionID][]*stream // oldest first
	draining bool
	drained  chan struct{} // closed once it drains and none is open
}

func newStreams() streams {
	return streams{open: map[chat.SessionID][]*stream{}, drained: make(chan struct{})}
}

// add takes a stream in and ends the session's oldest where it has too many;
// false where no more streams are begun.
func (all *streams) add(s *stream) bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.draining {
		return false
	}
	of := all.open[s.owner]
	of = append(of, s)
	if len(of) > mostStreams {
		of[0].quit()
		of = of[1:]
	}
	all.open[s.owner] = of
	return true
}

func (all *streams) remove(s *stream) {
	all.mu.Lock()
	defer all.mu.Unlock()
	of := all.open[s.owner]
	at := slices.Index(of, s)
	if at < 0 {
		return // it was one too many
	}
	if len(of) > 1 {
		all.open[s.owner] = slices.Delete(of, at, at+1)
		return
	}
	delete(all.open, s.owner)
	all.tellDrained()
}

func (all *streams) tellDrained() {
	if all.draining && len(all.open) == 0 {
		close(all.drained)
	}
}

// all returns every open stream.
func (all *streams) all() []*stream {
	all.mu.Lock()
	defer all.mu.Unlock()
	return slices.Concat(slices.Collect(maps.Values(all.open))...)
}

// end ends the session's streams.
func (all *streams) end(owner chat.SessionID) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, s := range all.open[owner] {
		s.quit()
	}
}

func (all *streams) isDraining() bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.draining
}

// drain begins no more streams and ends the open ones, each at a random moment
// within the time given, so that not all come back at once. Those of one
// answer end with that.
func (all *streams) drain(within time.Duration) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.draining {
		return
	}
	all.draining = true
	all.tellDrained()
	for _, of := range all.open {
		for _, s := range of {
			if s.bye != nil {
				time.AfterFunc(rand.N(max(within, 1)), s.leave)
			}
		}
	}
}
