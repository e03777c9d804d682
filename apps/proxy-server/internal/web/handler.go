package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"securechat/internal/assets"
	"securechat/internal/chat"
	"securechat/internal/gate"
	"securechat/internal/relay"
)

// Options are what the HTTP face stands on. Optional members may be zero.
type Options struct {
	Gate   *gate.Gate
	Relay  *relay.Relay
	JWKS   func(context.Context) ([]byte, error) // public keys of all sites (RFC 7517)
	Ready  func(context.Context) error           // whether what we stand on answers; optional
	Widget assets.Widget

	PublicURL      *url.URL                    // where the world reaches this server
	TrustedProxies []netip.Prefix              // peers whose forwarding headers are believed; optional
	CountryHeader  string                      // set by a trusted proxy: ISO 3166-1 alpha-2; optional
	Place          func(netip.Addr) chat.Place // optional

	Shop    http.Handler // the demo shop under /demo/, to which / leads; optional
	Metrics Metrics      // optional
	Log     *slog.Logger
}

// Metrics hears what is worth counting.
type Metrics interface {
	// Answered hears of every request once it has been answered. Route is
	// the pattern that was met, "" where none was.
	Answered(route string, status int, took time.Duration)
	// Streaming hears that so many streams more, or fewer, are open.
	Streaming(more int)
}

// Handler serves everything that is public.
type Handler struct {
	server *server
	http.Handler
}

type server struct {
	Options
	loopback bool // names of this machine are ours, too
	streams  streams
	jwks     memo
}

// New returns the handler of every route in [Routes].
func New(o Options) *Handler {
	s := &server{Options: o, streams: newStreams()}
	s.loopback = o.Shop != nil || isLoopback(hostname(o.PublicURL.Host))
	if s.Metrics == nil {
		s.Metrics = uncounted{}
	}
	return &Handler{server: s, Handler: s.guard(s.mux())}
}

// Drain begins no more streams and sessions, and ends the open streams one by
// one at random moments within the time given. What it returns is closed once
// none is open.
func (h *Handler) Drain(within time.Duration) (drained <-chan struct{}) {
	h.server.streams.drain(within)
	return h.server.streams.drained
}

// mux turns the table into handlers. A path that is met by another method gets
// 405, whatever meets no path 404.
func (s *server) mux() *http.ServeMux {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	headless := map[string]bool{}
	for _, route := range Routes() {
		mux.Handle(route.Method+" "+route.Path, s.serve(route))
		methods[route.Path] = append(methods[route.Path], route.Method)
		headless[route.Path] = route.Credential != Nobody
	}
	for path, allowed := range methods {
		other := s.other(path, allowed)
		mux.Handle(path, other)
		if headless[path] && slices.Contains(allowed, http.MethodGet) {
			mux.Handle(http.MethodHead+" "+path, other) // which net/http would take for a GET
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNoSuchPage) })
	if s.Shop != nil {
		mux.Handle("/demo/", s.Shop)
		mux.Handle("GET /{$}", http.RedirectHandler("/demo/", http.StatusFound))
	}
	return mux
}

// serve is one route: what is asked of every request before its handler, and
// what becomes of its error.
func (s *server) serve(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		notes(r.Context()).route = route.Method + " " + route.Path
		if route.Credential != Nobody {
			s.allowOrigin(w, r)
		}
		if err := noSecretInQuery(r); err != nil {
			s.fail(w, r, err)
			return
		}
		if err := route.handle(s, w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// other answers the methods that a path does not have: a preflight for what
// pages may ask for, and else 405.
func (s *server) other(path string, allowed []string) http.Handler {
	slices.Sort(allowed)
	list := strings.Join(allowed, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		notes(r.Context()).route = path
		if r.Method == http.MethodOptions && crossOrigin(path) {
			s.preflight(w, r, list)
			return
		}
		w.Header().Set("Allow", list)
		s.fail(w, r, errMethod)
	})
}

type uncounted struct{}

func (uncounted) Answered(string, int, time.Duration) {}
func (uncounted) Streaming(int)                       {}
