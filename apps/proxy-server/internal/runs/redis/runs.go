// Package redis counts the runs of each site's agent in Redis, so that all
// processes together keep to what the site allows. Who among a process's own
// visitors comes first is left to the relay.
package redis

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

const patience = time.Second // with Redis, in each act

// Options are what runs stand on.
type Options struct {
	// Client returns the client, or why there is none yet.
	Client func() (rueidis.Client, error)
	Prefix string // of every key
}

// Runs is a [relay.Runs]. Its methods may be called at once.
type Runs struct{ Options }

var _ relay.Runs = (*Runs)(nil)

// New returns the runs of all sites.
func New(o Options) *Runs { return &Runs{o} }

// A site has three keys of one hash slot: KEYS[1] holds until when, in ms of
// the server's time, each turn is believed to live; KEYS[2] the turns that run;
// KEYS[3] those that wait, in the order in which they came.

// enterScript takes a turn, how many may run, and for how long the turn is
// believed in ms. It returns 0 where it runs, else its place in line.
var enterScript = rueidis.NewLuaScriptRetryable(`
local turn, most, life = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], dead)
  redis.call('SREM', KEYS[2], dead)
  redis.call('ZREM', KEYS[3], dead)
end
redis.call('ZADD', KEYS[1], now + life, turn)
local place = 0
if redis.call('SISMEMBER', KEYS[2], turn) == 0 then
  redis.call('ZADD', KEYS[3], 'NX', t[1] * 1000000 + t[2], turn)
  local free = math.max(most - redis.call('SCARD', KEYS[2]), 0)
  local before = redis.call('ZRANK', KEYS[3], turn)
  if before < free then
    redis.call('ZREM', KEYS[3], turn)
    redis.call('SADD', KEYS[2], turn)
  else
    place = before - free + 1
  end
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 2 * life) end
return place
`)

// keepScript takes for how long turns are believed, and turns.
var keepScript = rueidis.NewLuaScriptRetryable(`
local life = tonumber(ARGV[1])
local t = redis.call('TIME')
local till = t[1] * 1000 + math.floor(t[2] / 1000) + life
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', till, ARGV[i]) end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 2 * life) end
return 0
`)

var leaveScript = rueidis.NewLuaScriptRetryable(`
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('SREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return 0
`)

func (r *Runs) run(ctx context.Context, script *rueidis.Lua, site chat.SiteID, args ...string) (int, error) {
	client, err := r.Client()
	if err != nil {
		return 0, away(err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	name := r.Prefix + "runs:{" + string(site) + "}"
	answer, err := script.Exec(ctx, client, []string{name + ":alive", name, name + ":line"}, args).AsInt64()
	if err != nil {
		return 0, away(err)
	}
	return int(answer), nil
}

func away(err error) error {
	return &chat.Error{Kind: chat.Unavailable, Code: "runs_unavailable", Text: "The server is busy. Please try again.", Err: err}
}

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Enter implements [relay.Runs].
func (r *Runs) Enter(ctx context.Context, site chat.SiteID, t chat.TurnID, most int) (int, error) {
	return r.run(ctx, enterScript, site, string(t), strconv.Itoa(most), ms(relay.RunLife))
}

// Keep implements [relay.Runs].
func (r *Runs) Keep(ctx context.Context, site chat.SiteID, turns []chat.TurnID) error {
	args := []string{ms(relay.RunLife)}
	for _, t := range turns {
		args = append(args, string(t))
	}
	_, err := r.run(ctx, keepScript, site, args...)
	return err
}

// Leave implements [relay.Runs].
func (r *Runs) Leave(ctx context.Context, site chat.SiteID, t chat.TurnID) error {
	_, err := r.run(ctx, leaveScript, site, string(t))
	return err
}
