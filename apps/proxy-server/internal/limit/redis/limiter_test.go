package redis_test

import (
	"context"
	"crypto/sha256"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/faulttest"
	"securechat/internal/gate"
	"securechat/internal/gate/gatetest"
	"securechat/internal/limit/redis"
)

func digest(_ context.Context, text string) ([]byte, error) {
	sum := sha256.Sum256([]byte(text))
	return sum[:], nil
}

func server(t testing.TB) string {
	t.Helper()
	address := os.Getenv("TEST_REDIS")
	if address == "" {
		t.Skip("TEST_REDIS names no server")
	}
	return address
}

func connect(t testing.TB, address string) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// open returns a limiter with keys of its own, which are gone after the test.
func open(t testing.TB, address string) (l *redis.Limiter, keys func() []string) {
	t.Helper()
	prefix := "test:" + chat.NewID() + ":"
	client := connect(t, server(t))
	keys = func() []string {
		keys, err := client.Do(context.Background(), client.B().Keys().Pattern(prefix+"*").Build()).AsStrSlice()
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	t.Cleanup(func() {
		for _, key := range keys() {
			client.Do(context.Background(), client.B().Del().Key(key).Build())
		}
	})
	used := connect(t, address)
	return redis.New(redis.Options{Client: func() (rueidis.Client, error) { return used, nil }, Digest: digest, Prefix: prefix}), keys
}

func TestLimiter(t *testing.T) {
	address := server(t)
	gatetest.TestLimiter(t, func(t *testing.T) gate.Limiter {
		l, _ := open(t, address)
		return l
	})
}

func TestABucketIsForgottenOnceItIsFullAgainAndNamesNobody(t *testing.T) {
	l, keys := open(t, server(t))
	take := gate.Take{Name: "address", Key: "send 203.0.113.7", Limit: gate.Limit{Burst: 2, Per: 2 * time.Minute}}
	if _, err := l.Take(t.Context(), time.Now(), []gate.Take{take}); err != nil {
		t.Fatal(err)
	}
	held := keys()
	if len(held) != 1 || strings.Contains(held[0], "203") {
		t.Fatalf("Redis holds %q", held)
	}
	client := connect(t, server(t))
	left, err := client.Do(t.Context(), client.B().Pttl().Key(held[0]).Build()).AsInt64()
	if err != nil || left <= 0 || left > time.Minute.Milliseconds() {
		t.Errorf("it lives for %d ms, %v", left, err)
	}
}

func TestWhileRedisIsAwayTheLimiterSaysSoWithinASecond(t *testing.T) {
	for _, fault := range []faulttest.Fault{faulttest.Down, faulttest.Hanging, faulttest.Garbage} {
		t.Run(fault.String(), func(t *testing.T) {
			line := faulttest.NewLine(t, server(t))
			l, _ := open(t, line.Address())
			take := []gate.Take{{Name: "address", Key: "a", Limit: gate.Limit{Burst: 10, Per: time.Hour}}}
			if _, err := l.Take(t.Context(), time.Now(), take); err != nil {
				t.Fatal(err)
			}
			line.Be(fault)
			begun := time.Now()
			if v, err := l.Take(t.Context(), time.Now(), take); chat.KindOf(err) != chat.Unavailable {
				t.Errorf("verdict %+v, %v", v, err)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("that took %v", took)
			}
			line.Be(faulttest.None)
			for deadline := time.Now().Add(5 * time.Second); ; {
				if _, err := l.Take(t.Context(), time.Now(), take); err == nil {
					return
				} else if time.Now().After(deadline) {
					t.Fatal(err)
				}
			}
		})
	}
}
