package redis_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/relay"
	"securechat/internal/relay/relaytest"
	"securechat/internal/runs/redis"
)

func TestRuns(t *testing.T) {
	address := os.Getenv("TEST_REDIS")
	if address == "" {
		t.Skip("TEST_REDIS names no server")
	}
	relaytest.TestRuns(t, func(t *testing.T) relay.Runs {
		t.Helper()
		client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}})
		if err != nil {
			t.Fatal(err)
		}
		prefix := "test:" + chat.NewID() + ":"
		t.Cleanup(func() {
			defer client.Close()
			ctx := context.Background()
			keys, err := client.Do(ctx, client.B().Keys().Pattern(prefix+"*").Build()).AsStrSlice()
			if err != nil {
				t.Error(err)
			}
			for _, key := range keys {
				client.Do(ctx, client.B().Del().Key(key).Build())
			}
		})
		return redis.New(redis.Options{Client: func() (rueidis.Client, error) { return client, nil }, Prefix: prefix})
	})
}

func TestRunsSayThatRedisIsAway(t *testing.T) {
	r := redis.New(redis.Options{Client: func() (rueidis.Client, error) { return nil, fmt.Errorf("away") }})
	if _, err := r.Enter(t.Context(), "s", "t", 1); chat.KindOf(err) != chat.Unavailable {
		t.Errorf("Enter = %v", err)
	}
}
