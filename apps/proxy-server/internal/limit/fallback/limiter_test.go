package fallback_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
	"securechat/internal/gate/gatetest"
	"securechat/internal/limit/fallback"
	"securechat/internal/limit/memory"
)

// fickle is a limiter that can be away.
type fickle struct {
	gate.Limiter

	away  bool
	asked atomic.Int32
}

func (f *fickle) Take(ctx context.Context, now time.Time, takes []gate.Take) (gate.Verdict, error) {
	f.asked.Add(1)
	if f.away {
		return gate.Verdict{}, chat.E(chat.Unavailable, "limiter_unavailable", "away")
	}
	return f.Limiter.Take(ctx, now, takes)
}

func TestLimiter(t *testing.T) {
	for _, away := range []bool{false, true} {
		gatetest.TestLimiter(t, func(*testing.T) gate.Limiter {
			shared := &fickle{Limiter: memory.New(1000), away: away}
			return fallback.New(shared, memory.New(1000), slog.New(slog.DiscardHandler))
		})
	}
}

func TestTheSharedLimiterIsAskedOnceASecondWhileItIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &fickle{Limiter: memory.New(1000), away: true}
		l := fallback.New(shared, memory.New(1000), slog.New(slog.DiscardHandler))
		take := []gate.Take{{Name: "session", Key: "a", Limit: gate.Limit{Burst: 1000, Per: time.Hour}}}
		remaining := func() int {
			t.Helper()
			v, err := l.Take(t.Context(), time.Now(), take)
			if err != nil {
				t.Fatal(err)
			}
			return v.Remaining
		}
		for range 100 {
			remaining()
			time.Sleep(100 * time.Millisecond)
		}
		if shared.asked.Load() != 10 {
			t.Errorf("in ten seconds it was asked %d times", shared.asked.Load())
		}
		shared.away = false
		if left := remaining(); left != 999 {
			t.Errorf("once it is back it has %d left, want 999", left)
		}
		remaining()
		if shared.asked.Load() != 12 {
			t.Errorf("once it is back it is asked each time; it was %d times", shared.asked.Load())
		}
	})
}
