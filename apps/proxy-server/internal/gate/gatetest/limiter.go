package gatetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"securechat/internal/gate"
)

// limited is a limiter and the time at which it is asked.
type limited struct {
	t       *testing.T
	limiter gate.Limiter
	now     time.Time
}

func (l *limited) take(takes ...gate.Take) gate.Verdict {
	l.t.Helper()
	verdict, err := l.limiter.Take(l.t.Context(), l.now, takes)
	if err != nil {
		l.t.Fatal(err)
	}
	return verdict
}

// through asks until it is refused and returns how often it was not.
func (l *limited) through(take gate.Take) int {
	l.t.Helper()
	for n := 0; ; n++ {
		if !l.take(take).Allowed {
			return n
		}
	}
}

// TestLimiter holds a limiter to [gate.Limiter]. open returns one that nobody
// has asked yet, and whose buckets hold for the length of a test.
func TestLimiter(t *testing.T, open func(t *testing.T) gate.Limiter) {
	// Limiters that share a clock judge by it, so times stay near the true one.
	begin := func(t *testing.T) *limited {
		t.Helper()
		return &limited{t, open(t), time.Now()}
	}
	slow := gate.Limit{Burst: 3, Per: 3 * time.Hour}
	take := func(key string) gate.Take { return gate.Take{Name: "address", Key: key, Limit: slow} }

	t.Run("ABurstGoesThroughAndThenNothing", func(t *testing.T) {
		l := begin(t)
		for left := 2; left >= 0; left-- {
			v := l.take(take("a"))
			if !v.Allowed || v.Remaining != left || v.RetryAfter != 0 || v.Name != "address" || v.Limit != slow {
				t.Errorf("verdict %+v, want %d remaining", v, left)
			}
		}
		v := l.take(take("a"))
		if v.Allowed || v.Remaining != 0 || v.Name != "address" || v.Limit != slow {
			t.Errorf("verdict %+v, want a refusal", v)
		}
		near := func(what string, got, want time.Duration) {
			t.Helper()
			if got > want || got < want-time.Minute {
				t.Errorf("%s %v, want %v", what, got, want)
			}
		}
		near("come again after", v.RetryAfter, time.Hour)
		near("full again after", v.Reset, 3*time.Hour)
	})

	t.Run("ARefusalCostsNothing", func(t *testing.T) {
		l := begin(t)
		l.through(take("a"))
		first := l.take(take("a")).RetryAfter
		for range 10 {
			if again := l.take(take("a")).RetryAfter; again > first {
				t.Fatalf("after being refused it must wait %v instead of %v", again, first)
			}
		}
	})

	t.Run("WhereOneTierRefusesNoneIsCharged", func(t *testing.T) {
		l := begin(t)
		l.through(take("spent"))
		for range 10 {
			v := l.take(take("fresh"), gate.Take{Name: "session", Key: "spent", Limit: slow}, take("spent"))
			if v.Allowed || v.Name != "address" {
				t.Fatalf("verdict %+v, want the spent tier's refusal", v)
			}
		}
		if n := l.through(take("fresh")); n != 3 {
			t.Errorf("%d go through on the tier that was not to blame, want 3", n)
		}
		if n := l.through(gate.Take{Name: "session", Key: "spent", Limit: slow}); n != 3 {
			t.Errorf("%d go through on a tier of another name, want 3", n)
		}
	})

	t.Run("OneCallMayTakeTwiceFromOneBucket", func(t *testing.T) {
		l := begin(t)
		if v := l.take(take("a"), take("a")); !v.Allowed || v.Remaining != 1 {
			t.Errorf("verdict %+v, want 1 remaining", v)
		}
		if v := l.take(take("a"), take("a")); v.Allowed {
			t.Errorf("verdict %+v, want a refusal", v)
		}
	})

	t.Run("TheTightestTierIsTold", func(t *testing.T) {
		l := begin(t)
		wide := gate.Take{Name: "site", Key: "a", Limit: gate.Limit{Burst: 100, Per: time.Hour}}
		if v := l.take(wide, take("a")); v.Name != "address" || v.Remaining != 2 {
			t.Errorf("verdict %+v, want the address's", v)
		}
	})

	t.Run("ALimitWithoutABurstLetsAllThrough", func(t *testing.T) {
		l := begin(t)
		for range 1000 {
			if v := l.take(gate.Take{Name: "address", Key: "a"}); !v.Allowed {
				t.Fatalf("verdict %+v", v)
			}
		}
	})

	t.Run("KeysNeverRunIntoEachOther", func(t *testing.T) {
		l := begin(t)
		pairs := [][2]string{{"a", "b:c"}, {"a:b", "c"}, {"a", "b"}, {"ab", ""}, {"", "ab"}, {"a\n", "b"}, {"a", "\nb"}, {"a\x00", "b"}, {"a", "\x00b"}, {"A", "b"}}
		for _, p := range pairs {
			if n := l.through(gate.Take{Name: p[0], Key: p[1], Limit: slow}); n != 3 {
				t.Errorf("%q %q: %d go through, want 3", p[0], p[1], n)
			}
		}
	})

	t.Run("ManyAtOnceNeverGetMoreThanTheBurst", func(t *testing.T) {
		l := begin(t)
		limit := gate.Limit{Burst: 50, Per: 50 * time.Hour}
		var through atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for range 10 {
					v, err := l.limiter.Take(t.Context(), l.now, []gate.Take{{Name: "site", Key: "a", Limit: limit}})
					if err != nil {
						t.Error(err)
					}
					if v.Allowed {
						through.Add(1)
					}
				}
			})
		}
		all.Wait()
		if through.Load() != 50 {
			t.Errorf("%d went through, want 50", through.Load())
		}
	})
}
