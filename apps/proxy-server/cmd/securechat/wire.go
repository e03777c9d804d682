package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"securechat/internal/agent/demo"
	"securechat/internal/agent/n8n"
	"securechat/internal/assets"
	"securechat/internal/chat"
	"securechat/internal/chores"
	"securechat/internal/config"
	"securechat/internal/gate"
	"securechat/internal/geo"
	"securechat/internal/keyring"
	"securechat/internal/relay"
	"securechat/internal/shop"
	"securechat/internal/store/sqlstore"
	"securechat/internal/telemetry"
	"securechat/internal/web"
)

// house is a server with everything plugged in.
type house struct {
	config  config.Config
	log     *slog.Logger
	handler *web.Handler
	metrics http.Handler
	relay   *relay.Relay
	chores  func(context.Context) error
	shared  []func(context.Context) error // run as long as anything is told
	unbuilt error                         // why there is no widget, or nil
}

// build plugs the house together: nowhere else are concrete adapters named.
// listening is where visitors reach it, and demonstrating whether the demo's
// site is alive.
func build(g *ground, logs io.Writer, listening netip.AddrPort, demonstrating bool) (*house, error) {
	c := g.config
	log := newLog(c, logs)
	slog.SetDefault(log)
	own, public, err := origins(c, listening)
	if err != nil {
		return nil, err
	}
	often, err := limitsOf(c)
	if err != nil {
		return nil, err
	}
	places, err := geo.Open(c.GeoFile)
	if err != nil {
		log.Warn("places are known by country only", "error", err)
	}
	widget, unbuilt := assets.Built()
	if unbuilt != nil && !errors.Is(unbuilt, assets.ErrNotBuilt) {
		return nil, unbuilt
	}
	numbers := telemetry.NewMetrics(version())
	store := sqlstore.New(metered{g.engine, numbers}, g.keys)
	together, err := share(c, store, g.keys, numbers, log)
	if err != nil {
		return nil, err
	}
	door := gate.New(gate.Options{
		Store: together.gate, Limiter: together.limiter, Tickets: g.keys, Digest: g.keys.Digest,
		Own: own, Limits: often, Demo: demonstrating, Metrics: numbers,
	})
	talk := relay.New(relay.Options{
		Store: store, Fleet: g.fleet, Log: together.log, Runs: together.runs,
		Agents: map[chat.AgentKind]relay.Agent{
			chat.AgentDemo: demo.Agent{},
			chat.AgentN8N:  n8n.New(n8n.Options{Issuer: public.String(), Signer: g.keys, Allowed: c.PrivateUpstreams}),
		},
		Owner: chat.NewID(), Grace: c.Grace, Metrics: numbers, Logger: log,
	})
	o := web.Options{
		Gate: door, Relay: talk, JWKS: g.keys.JWKS, Widget: widget,
		Ready:     g.fleet.Ping,
		PublicURL: public, TrustedProxies: c.TrustedProxies, CountryHeader: c.CountryHeader, Place: places.Place,
		Metrics: numbers, Log: log,
	}
	if demonstrating {
		o.Shop = shop.Handler(public.String(), demoKey)
	}
	return &house{
		config: c, log: log, handler: web.New(o), metrics: numbers.Handler(), relay: talk, unbuilt: unbuilt, shared: together.run,
		chores: func(ctx context.Context) error { return chores.Run(ctx, g.store, timedWork(g.keys, door, c)...) },
	}, nil
}

func newLog(c config.Config, to io.Writer) *slog.Logger {
	if c.LogFormat == config.JSON {
		return telemetry.NewLog(to, c.LogLevel, web.Attrs)
	}
	return telemetry.NewTextLog(to, c.LogLevel, web.Attrs)
}

// origins are all that our pages are served from, and the one that is told.
func origins(c config.Config, listening netip.AddrPort) (own []chat.Origin, public *url.URL, err error) {
	texts := c.Origins(listening)
	for _, text := range texts {
		origin, err := chat.ParseOrigin(text)
		if err != nil {
			return nil, nil, err
		}
		own = append(own, origin)
	}
	public, err = url.Parse(texts[0])
	return own, public, err
}

// limitsOf reads the one setting whose words only another room knows.
func limitsOf(c config.Config) (gate.Limits, error) {
	often, err := gate.ParseLimits(c.Limits)
	if err != nil {
		return nil, fmt.Errorf("SECURECHAT_LIMITS %w", err)
	}
	return often, nil
}

// timedWork is what is due now and then.
func timedWork(keys *keyring.Keyring, door *gate.Gate, c config.Config) []chores.Chore {
	return []chores.Chore{
		{Name: "rotate keys", Every: time.Hour, Do: func(ctx context.Context, now time.Time) error {
			return keys.Rotate(ctx, now, c.KeyPeriod)
		}},
		{Name: "forget old sessions", Every: time.Hour, Do: door.Sweep},
	}
}
