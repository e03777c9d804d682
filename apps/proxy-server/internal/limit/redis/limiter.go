// Package redis limits by the generic cell rate algorithm (GCRA) in Redis, for
// any number of processes: all tiers of a request in one script and one round
// trip, by the clock of Redis. What is limited, and how strictly, is its
// caller's business, and so is what happens while Redis is away.
package redis

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

// patience with Redis: a visitor waits meanwhile.
const patience = 500 * time.Millisecond

// Options are what a limiter stands on.
type Options struct {
	// Client returns the client, or why there is none yet.
	Client func() (rueidis.Client, error)
	// Digest returns what stands for a text and does not tell it.
	Digest func(ctx context.Context, text string) ([]byte, error)
	Prefix string // of every key
}

// Limiter is a [gate.Limiter]. Its methods may be called at once.
type Limiter struct{ Options }

// New returns a limiter.
func New(o Options) *Limiter { return &Limiter{o} }

// takeScript has, for each key, two arguments in µs: how long one take fills
// the bucket, and how long all of them do. A key holds when its bucket is dry.
// It returns the time, and when each bucket was dry before its take; where all
// of them fit they are charged.
var takeScript = rueidis.NewLuaScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local held, answer, fit = {}, {string.format('%.0f', now)}, true
for i, key in ipairs(KEYS) do
  local drop, room = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local dry = held[key] or tonumber(redis.call('GET', key) or 0)
  answer[i + 1] = string.format('%.0f', dry)
  local after = math.max(dry, now) + drop
  if after - room > now then fit = false else held[key] = after end
end
if fit then
  for key, after in pairs(held) do
    redis.call('SET', key, string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
  end
end
return answer
`)

// Take is described at [gate.Limiter]. The time it judges by is that of Redis,
// so that processes whose clocks differ agree.
func (l *Limiter) Take(ctx context.Context, _ time.Time, takes []gate.Take) (gate.Verdict, error) {
	var due []gate.Take
	var keys, args []string
	for _, take := range takes {
		if take.Limit.Burst <= 0 {
			continue
		}
		key, err := l.key(ctx, take)
		if err != nil {
			return gate.Verdict{}, err
		}
		drop := max(take.Limit.Per.Microseconds()/int64(take.Limit.Burst), 1)
		due, keys = append(due, take), append(keys, key)
		args = append(args, strconv.FormatInt(drop, 10), strconv.FormatInt(drop*int64(take.Limit.Burst), 10))
	}
	if len(due) == 0 {
		return gate.Verdict{Allowed: true}, nil
	}
	client, err := l.Client()
	if err != nil {
		return gate.Verdict{}, away(err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	times, err := takeScript.Exec(ctx, client, keys, args).AsIntSlice()
	if err != nil {
		return gate.Verdict{}, away(err)
	}
	if len(times) != 1+len(due) {
		return gate.Verdict{}, fmt.Errorf("the limiter's script answered %d times", len(times))
	}
	return judge(due, times[0], times[1:]), nil
}

// judge makes a verdict of the times that the script told, by the arithmetic
// that the script does too.
func judge(takes []gate.Take, now int64, dry []int64) gate.Verdict {
	verdict := gate.Verdict{Allowed: true}
	for i, take := range takes {
		exact := take
		exact.Limit.Per = time.Duration(take.Limit.Burst) * max(take.Limit.Per/time.Duration(take.Limit.Burst), time.Microsecond).Truncate(time.Microsecond)
		one, _ := exact.Judge(now*1000, dry[i]*1000)
		one.Limit = take.Limit
		verdict = verdict.And(one)
	}
	return verdict
}

// key names a bucket without telling whose it is. The length in front keeps
// "a"+"bc" from "ab"+"c".
func (l *Limiter) key(ctx context.Context, take gate.Take) (string, error) {
	digest, err := l.Digest(ctx, strconv.Itoa(len(take.Name))+" "+take.Name+take.Key)
	if err != nil {
		return "", fmt.Errorf("name a bucket: %w", err)
	}
	return l.Prefix + "limit:" + base64.RawURLEncoding.EncodeToString(digest[:16]), nil
}

func away(err error) error {
	return &chat.Error{
		Kind: chat.Unavailable, Code: "limiter_unavailable", Text: "The server cannot take requests right now. Please try again.",
		RetryAfter: time.Second, Err: err,
	}
}
