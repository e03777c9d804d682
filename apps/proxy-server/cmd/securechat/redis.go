package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/config"
	"securechat/internal/gate"
	"securechat/internal/keyring"
	limitsalone "securechat/internal/limit/fallback"
	limits "securechat/internal/limit/memory"
	sharedlimits "securechat/internal/limit/redis"
	"securechat/internal/relay"
	runs "securechat/internal/runs/redis"
	"securechat/internal/store/cached"
	"securechat/internal/store/sqlstore"
	streamalone "securechat/internal/stream/fallback"
	stream "securechat/internal/stream/memory"
	sharedstream "securechat/internal/stream/redis"
	"securechat/internal/telemetry"
)

// keysInRedis begins the name of everything that the server keeps there.
const keysInRedis = "securechat:"

// shared is what replicas have in common besides the store, or what stands in
// for it where this process is alone.
type shared struct {
	log     relay.Log
	limiter gate.Limiter
	runs    relay.Runs // nil where this process is alone
	gate    gate.Store
	run     []func(context.Context) error
}

// share connects to Redis where there is one. A server starts without it too:
// it is not where anything is kept.
func share(c config.Config, store *sqlstore.Store, keys *keyring.Keyring, numbers *telemetry.Metrics, log *slog.Logger) (shared, error) {
	if c.RedisURL == "" {
		return shared{log: stream.New(), limiter: limits.New(limits.Most), gate: store}, nil
	}
	r, err := newRedisLine(c.RedisURL)
	if err != nil {
		return shared{}, err
	}
	if _, err := r.get(); err != nil { // before anybody asks: who finds it away goes on alone for a while
		log.Warn("Redis is away", "error", err)
	}
	told := sharedstream.New(sharedstream.Options{Client: r.get, Sealer: keys, Prefix: keysInRedis})
	both := streamalone.New(streamalone.Options{
		Shared: told, Own: func() relay.Log { return stream.New() }, Probe: r.ping, Pulse: store.Pulse, Logger: log,
		Changed: numbers.Shared,
	})
	taken := sharedlimits.New(sharedlimits.Options{
		Client: r.get, Prefix: keysInRedis,
		Digest: func(ctx context.Context, text string) ([]byte, error) { return keys.Digest(ctx, chat.SiteID(""), text) },
	})
	visitors := cached.New(cached.Options{Store: store, Client: r.get, Sealer: keys, Prefix: keysInRedis})
	return shared{
		log:     both,
		gate:    visitors,
		limiter: limitsalone.New(taken, limits.New(limits.Most), log),
		runs:    runs.New(runs.Options{Client: r.get, Prefix: keysInRedis}),
		run:     []func(context.Context) error{told.Run, both.Run, visitors.Run, r.close},
	}, nil
}

// redisLine is a client of Redis, made once Redis can be reached.
type redisLine struct {
	options rueidis.ClientOption

	trying sync.Mutex // held by whoever tries

	mu     sync.Mutex
	client rueidis.Client
	err    error     // of the last try
	next   time.Time // when it may be tried again
}

var errNotReached = errors.New("Redis has not been reached yet") //nolint:staticcheck // a name begins it

func newRedisLine(url string) (*redisLine, error) {
	options, err := rueidis.ParseURL(url)
	if err != nil {
		return nil, errors.New("SECURECHAT_REDIS_URL cannot be read: it must look like redis://:password@host:6379/0, or rediss:// for TLS")
	}
	options.ConnWriteTimeout = sharedstream.Patience
	options.Dialer = net.Dialer{Timeout: sharedstream.Patience, KeepAlive: time.Second}
	options.ForceSingleClient = options.Sentinel.MasterSet == ""
	return &redisLine{options: options, err: errNotReached}, nil
}

// get returns the client. One caller a second tries to make it; the others are
// told how that went last.
func (r *redisLine) get() (rueidis.Client, error) {
	if client, err, due := r.known(); !due || !r.trying.TryLock() {
		return client, err
	}
	defer r.trying.Unlock()
	client, err := rueidis.NewClient(r.options)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil && client != nil {
		client.Close()
		return r.client, nil
	}
	r.client, r.err, r.next = client, err, time.Now().Add(time.Second)
	return client, err
}

func (r *redisLine) known() (client rueidis.Client, err error, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil {
		return r.client, nil, false
	}
	return nil, r.err, !time.Now().Before(r.next)
}

// ping says whether Redis answers.
func (r *redisLine) ping(ctx context.Context) error {
	client, err := r.get()
	if err != nil {
		return err
	}
	return client.Do(ctx, client.B().Ping().Build()).Error()
}

// close waits for the end and leaves.
func (r *redisLine) close(ctx context.Context) error {
	<-ctx.Done()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil {
		r.client.Close()
	}
	return nil
}
