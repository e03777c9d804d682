// Package fallback goes on limiting in this process while the limiter that all
// processes share is away: each then lets through what all together should,
// which is better than everything or nothing.
package fallback

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

// pause is how long a limiter that was away is not asked again: nobody has to
// wait for it but the one who finds out.
const pause = time.Second

// Limiter is a [gate.Limiter] made of two.
type Limiter struct {
	shared, own gate.Limiter
	log         *slog.Logger
	until       atomic.Int64 // when the shared one may be asked again, in ns since 1970
}

// New returns a limiter that asks shared, and own while that is away.
func New(shared, own gate.Limiter, log *slog.Logger) *Limiter {
	return &Limiter{shared: shared, own: own, log: log}
}

// Take implements [gate.Limiter].
func (l *Limiter) Take(ctx context.Context, now time.Time, takes []gate.Take) (gate.Verdict, error) {
	was := l.until.Load()
	if now.UnixNano() < was {
		return l.own.Take(ctx, now, takes)
	}
	verdict, err := l.shared.Take(ctx, now, takes)
	if chat.KindOf(err) != chat.Unavailable {
		if err == nil && was != 0 && l.until.CompareAndSwap(was, 0) {
			l.log.InfoContext(ctx, "limits are shared again")
		}
		return verdict, err
	}
	if l.until.Swap(now.Add(pause).UnixNano()) == 0 {
		l.log.WarnContext(ctx, "limits are this process's own", "error", err)
	}
	return l.own.Take(ctx, now, takes)
}
