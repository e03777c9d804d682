package web

import (
	"context"
	"time"

	"securechat/internal/chat"
)

const (
	watchEvery = 2 * time.Second // sites, of which there are few
	lookEvery  = time.Minute     // at each stream's session, which is a look into the store
)

// Run ends the streams whose site or session is no more, until ctx ends: what
// a stream was let in for is looked at again while it lasts.
func (h *Handler) Run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.server.watch(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *server) watch(ctx context.Context) {
	sites := map[chat.SiteID]error{}
	for _, open := range s.streams.all() {
		lives, known := sites[open.site]
		if !known {
			lives = s.Gate.Lives(ctx, open.site)
			sites[open.site] = lives
		}
		if gone(lives) || gone(s.lookAt(ctx, open)) {
			open.quit()
		}
	}
}

// lookAt looks at the stream's session where that is due.
func (s *server) lookAt(ctx context.Context, open *stream) error {
	if time.Since(open.looked) < lookEvery {
		return nil
	}
	open.looked = time.Now()
	return open.holds(ctx)
}

// gone says whether what was looked for is no more; that it cannot be looked
// up says nothing.
func gone(err error) bool {
	kind := chat.KindOf(err)
	return kind == chat.Unauthorized || kind == chat.NotFound
}
