package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"securechat/internal/admin"
	"securechat/internal/chat"
	"securechat/internal/config"
	"securechat/internal/web"
)

type serveCommand struct {
	Demo       bool `help:"Add a demo shop with an agent of its own."`
	DemoPublic bool `help:"Let the demo be seen from other machines."`
}

func (c serveCommand) Run(ctx context.Context, w world) (err error) {
	settings, err := w.read()
	for _, unknown := range config.Unknown(w.environ()) {
		newLog(settings, w.err).Warn("the environment holds what looks like a setting", "error", unknown)
	}
	if err != nil {
		return err
	}
	if c.Demo {
		if err := c.keepDemoAtHome(&settings); err != nil {
			return err
		}
	}
	folder, err := openFolder(settings.Data)
	if err != nil {
		return err
	}
	release, err := folder.lock()
	if err != nil {
		return err
	}
	defer release()
	g, err := openGround(ctx, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	return c.serve(ctx, w, g)
}

// keepDemoAtHome refuses to show a demonstration to the world by mistake, and
// lets its agent be a stand-in on this machine.
func (c serveCommand) keepDemoAtHome(settings *config.Config) error {
	if !settings.Listen.Addr().IsLoopback() && !c.DemoPublic {
		return fmt.Errorf("the demo listens on %s, where other machines may reach it: say --demo-public if they may", settings.Listen)
	}
	settings.PrivateUpstreams = append(settings.PrivateUpstreams,
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	return nil
}

func (c serveCommand) serve(ctx context.Context, w world, g *ground) error {
	listener, err := net.Listen("tcp", g.config.Listen.String())
	if err != nil {
		return fmt.Errorf("listen for visitors (SECURECHAT_LISTEN): %w", err)
	}
	defer listener.Close()
	address := addressOf(listener)
	if c.Demo {
		if err := keepDemoSite(ctx, g, g.config.Origins(address)); err != nil {
			return err
		}
	}
	h, err := build(g, w.err, address, c.Demo)
	if err != nil {
		return err
	}
	internal, err := listenInside(g.config)
	if err != nil {
		return err
	}
	return c.run(ctx, w, h, listener, internal)
}

func addressOf(l net.Listener) netip.AddrPort {
	tcp, _ := l.Addr().(*net.TCPAddr) // as all listeners here are
	return tcp.AddrPort()
}

// listenInside opens the listener for metrics, or none where it is off.
func listenInside(settings config.Config) (net.Listener, error) {
	if !settings.InternalListen.IsValid() {
		return nil, nil
	}
	internal, err := net.Listen("tcp", settings.InternalListen.String())
	if err != nil {
		return nil, fmt.Errorf("listen for metrics (SECURECHAT_INTERNAL_LISTEN): %w", err)
	}
	return internal, nil
}

// run has everything at work until ctx ends or something fails, and then
// ends it in order: no new work, answers under way, their streams, the rest.
func (c serveCommand) run(ctx context.Context, w world, h *house, listener, internal net.Listener) error {
	public := web.Server(h.handler)
	public.ErrorLog = slog.NewLogLogger(h.log.Handler(), slog.LevelDebug)
	group, working := errgroup.WithContext(ctx)
	serve(group, public, listener)
	metrics := &http.Server{Handler: h.metrics, ReadHeaderTimeout: 5 * time.Second}
	if internal != nil {
		serve(group, metrics, internal)
	}
	telling, told := context.WithCancel(context.WithoutCancel(ctx)) // what is shared outlasts the last answer and its streams
	for _, run := range h.shared {
		group.Go(func() error { return run(telling) })
	}
	answered := make(chan struct{}) // closed once no answer is under way
	group.Go(func() error {
		defer close(answered)
		return h.relay.Run(working)
	})
	group.Go(func() error { return h.chores(working) })
	group.Go(func() error { return h.handler.Run(working) })
	group.Go(func() error {
		defer told()
		<-working.Done()
		drained := h.handler.Drain(min(h.config.Grace, spread))
		<-answered
		_ = metrics.Close()
		return shutDown(public, drained)
	})
	c.greet(w, h, addressOf(listener))
	return group.Wait()
}

const (
	spread       = 5 * time.Second // within which open streams end, so that not all come back at once
	lastRequests = 5 * time.Second // what requests get once the answers are done
)

// shutDown lets requests and streams end, for a while.
func shutDown(s *http.Server, drained <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), lastRequests)
	defer cancel()
	select {
	case <-drained:
	case <-ctx.Done():
	}
	if s.Shutdown(ctx) != nil {
		return s.Close()
	}
	return nil
}

func serve(group *errgroup.Group, s *http.Server, l net.Listener) {
	group.Go(func() error {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
}

// greet says where everything is. Tools read the last line.
func (c serveCommand) greet(w world, h *house, address netip.AddrPort) {
	if c.Demo {
		fmt.Fprintf(w.out, "The demo shop is open at http://localhost:%d/demo/\n", address.Port())
		fmt.Fprintf(w.out, "Its chat is framed from http://127.0.0.1:%d, another site to the browser, as it will be at yours.\n", address.Port())
	}
	if h.unbuilt != nil {
		fmt.Fprintln(w.out, h.unbuilt)
	}
	fmt.Fprintf(w.out, "securechat %s listening on http://%s\n", version(), address)
}

const demoKey = "pk_demo"

// keepDemoSite makes the demo's site as it should be. A database that holds
// other sites on a server of its own is none to play in.
func keepDemoSite(ctx context.Context, g *ground, own []string) error {
	a := admin.New(g.store, nil)
	if g.config.DatabaseURL != "" {
		sites, err := a.Sites(ctx)
		if err != nil {
			return err
		}
		for _, site := range sites {
			if !site.Demo {
				return fmt.Errorf("this PostgreSQL holds the site %s: the demo wants a database of its own", site.Key)
			}
		}
	}
	_, err := a.KeepSite(ctx, demoKey, admin.SiteDraft{
		Name:    "Northlight (demo)",
		Origins: append(own, "https://shop.example"),
		Agent:   chat.AgentSettings{Kind: chat.AgentDemo},
		Branding: chat.Branding{
			Title:    "Northlight",
			Tagline:  "AI, answers at once",
			Greeting: "Hello! What are you looking for today?",
			Suggestions: []string{
				"Which lamp suits a small desk?",
				"When will my order arrive?",
				"A gift for under €50?",
			},
			Accent: "#3b5bdb",
		},
		Policy: chat.Policy{Scopes: []string{"catalogue", "orders"}},
		Demo:   true,
	})
	if err != nil {
		return fmt.Errorf("make the demo's site: %w", err)
	}
	return nil
}
