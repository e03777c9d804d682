package memory_test

import (
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/gate"
	"securechat/internal/gate/gatetest"
	"securechat/internal/limit/memory"
)

func TestLimiter(t *testing.T) {
	gatetest.TestLimiter(t, func(*testing.T) gate.Limiter { return memory.New(1000) })
}

func take(t *testing.T, l *memory.Limiter, key string, limit gate.Limit) gate.Verdict {
	t.Helper()
	v, err := l.Take(t.Context(), time.Now(), []gate.Take{{Name: "session", Key: key, Limit: limit}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPlacesComeBackOneByOneAndToTheNanosecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, limit := memory.New(10), gate.Limit{Burst: 4, Per: time.Minute}
		for range 4 {
			take(t, l, "a", limit)
		}
		time.Sleep(15*time.Second - 1)
		if v := take(t, l, "a", limit); v.Allowed || v.RetryAfter != 1 || v.Reset != 45*time.Second+1 {
			t.Errorf("a nanosecond early: %+v", v)
		}
		time.Sleep(time.Nanosecond)
		if v := take(t, l, "a", limit); !v.Allowed || v.Remaining != 0 || v.Reset != time.Minute {
			t.Errorf("in time: %+v", v)
		}
		if v := take(t, l, "a", limit); v.Allowed || v.RetryAfter != 15*time.Second {
			t.Errorf("at once again: %+v", v)
		}
		time.Sleep(time.Hour)
		if v := take(t, l, "a", limit); !v.Allowed || v.Remaining != 3 {
			t.Errorf("after an hour: %+v", v)
		}
	})
}

func TestASteadyVisitorNeverExceedsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, limit := memory.New(10), gate.Limit{Burst: 7, Per: 10 * time.Second}
		through := 0
		for range 100 * 60 {
			if take(t, l, "a", limit).Allowed {
				through++
			}
			time.Sleep(10 * time.Millisecond)
		}
		// A minute has room for the burst and 42 more.
		if through < 48 || through > 49 {
			t.Errorf("%d went through in a minute, want 49", through)
		}
	})
}

func TestAClockThatGoesBackLetsNobodyInTwice(t *testing.T) {
	l, limit, now := memory.New(10), gate.Limit{Burst: 1, Per: time.Minute}, time.Now()
	for i, at := range []time.Time{now, now.Add(-time.Hour)} {
		v, err := l.Take(t.Context(), at, []gate.Take{{Name: "session", Key: "a", Limit: limit}})
		if err != nil || v.Allowed != (i == 0) {
			t.Errorf("at %v: %+v, %v", at, v, err)
		}
	}
}

func TestTheBucketsUsedLastAreRemembered(t *testing.T) {
	l, limit := memory.New(3), gate.Limit{Burst: 1, Per: time.Hour}
	for _, key := range []string{"a", "b", "c", "d"} {
		take(t, l, key, limit)
	}
	for _, key := range []string{"b", "c", "d"} {
		if take(t, l, key, limit).Allowed {
			t.Errorf("%s is forgotten", key)
		}
	}
	if !take(t, l, "a", limit).Allowed {
		t.Error("a fourth bucket is remembered in the room of three")
	}
}

func TestAMillionBucketsFitIn64MiB(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a million buckets; left out by -short")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l, limit, now := memory.New(memory.Most), gate.Limit{Burst: 1, Per: time.Hour}, time.Now()
	for i := range memory.Most + 1000 {
		if _, err := l.Take(t.Context(), now, []gate.Take{{Name: "address", Key: strconv.Itoa(i), Limit: limit}}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("a million buckets take %d MiB", grown>>20)
	} else {
		t.Logf("a million buckets take %d MiB", grown>>20)
	}
	runtime.KeepAlive(l)
}
