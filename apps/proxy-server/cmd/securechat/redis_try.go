package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"securechat/internal/chat"
)

const (
	leastRedis = 7                      // the version whose commands the scripts use
	slowRedis  = 100 * time.Millisecond // for an answer that every word waits for
	redisTime  = 10 * time.Second       // for all that is tried
)

var redisVersion = regexp.MustCompile(`(?m)^redis_version:(\d+)\.(\S+)`)

// tryRedis does what a server does: it lets itself in, and writes.
func tryRedis(ctx context.Context, url string) error {
	r, err := newRedisLine(url)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, redisTime)
	defer cancel()
	client, err := r.get()
	if err != nil {
		return err
	}
	defer client.Close()
	about, err := client.Do(ctx, client.B().Info().Section("server").Build()).ToString()
	if err != nil {
		return err
	}
	if v := redisVersion.FindStringSubmatch(about); v != nil {
		if major, _ := strconv.Atoi(v[1]); major < leastRedis {
			return fmt.Errorf("it is version %s.%s, and %d is the least", v[1], v[2], leastRedis)
		}
	}
	key := keysInRedis + "doctor:" + chat.NewID()
	begun := time.Now()
	err = client.Do(ctx, client.B().Set().Key(key).Value("1").Px(time.Second).Build()).Error()
	if took := time.Since(begun); err == nil && took > slowRedis {
		return fmt.Errorf("it took %v to write a word: every word of an answer waits as long", took.Round(time.Millisecond))
	}
	return err
}
