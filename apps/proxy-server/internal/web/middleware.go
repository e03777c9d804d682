package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"
)

// noContent is the policy of every answer that is not a page: should a browser
// be made to show it as one, nothing in it may load, run or be framed.
const noContent = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

type requestKey struct{}

// noted is what a request carries along with it.
type noted struct {
	id    string
	route string // of the table, "" before it was found
}

func notes(ctx context.Context) *noted {
	n, _ := ctx.Value(requestKey{}).(*noted)
	if n == nil {
		return &noted{}
	}
	return n
}

// Attrs are what a log line should say of the request whose context it has.
func Attrs(ctx context.Context) []slog.Attr {
	n := notes(ctx)
	if n.id == "" {
		return nil
	}
	return []slog.Attr{slog.String("request", n.id), slog.String("route", n.route)}
}

func requestID(ctx context.Context) string { return notes(ctx).id }

// guard is the way in: every request passes it, whatever its route.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		n := &noted{id: "req_" + strings.ToLower(rand.Text()[:16])}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, n))
		seen := &statusWriter{ResponseWriter: w}
		defer func() {
			s.Metrics.Answered(n.route, seen.code(), time.Since(began))
		}()
		defer s.rescue(seen, r)

		setDeadlines(w, r)
		s.setHeaders(seen.Header())
		if len(r.TransferEncoding) > 0 { // a length beside it was dropped without a word, and must end the line (RFC 9112, 6.3)
			seen.Header().Set("Connection", "close")
		}
		switch {
		case !s.answersFor(r):
			seen.WriteHeader(errHost.status)
		case tooManyFields(r.Header):
			s.fail(seen, r, errFields)
		case !plainPath(r):
			s.fail(seen, r, errNoSuchPage)
		default:
			next.ServeHTTP(seen, r)
		}
	})
}

// rescue turns a panic into a 500. Where the answer has begun it cannot be
// mended, so the connection is cut and the client knows.
func (s *server) rescue(w *statusWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	s.Log.LogAttrs(r.Context(), slog.LevelError, "request panicked", slog.String("cause", fmt.Sprint(cause)), slog.String("stack", string(debug.Stack())))
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	s.fail(w, r, errPanicked)
}

// setDeadlines bounds how long the body may take to come and the answer to be
// taken; a stream moves the second on with every piece.
func setDeadlines(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(answerTimeout)) // recorders in tests have none
	if r.ContentLength != 0 {
		_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	}
}

// setHeaders gives every answer the strictest of everything; a page or an
// asset loosens what it must.
func (s *server) setHeaders(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", noContent)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
	h.Set("Cache-Control", "no-store")
	if s.PublicURL.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=63072000")
	}
}

// answersFor says whether the request's Host is one of ours. The two health
// pages are asked by address, and tell nothing.
func (s *server) answersFor(r *http.Request) bool {
	if r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
		return true
	}
	name := hostname(r.Host)
	return name != "" && (name == hostname(s.PublicURL.Host) || s.loopback && isLoopback(name))
}

// mostFields is several times what a browser and the proxies before us send.
const mostFields = 100

func tooManyFields(h http.Header) bool {
	fields := 0
	for _, values := range h {
		fields += len(values)
	}
	return fields > mostFields
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

func isLoopback(name string) bool {
	return name == "localhost" || name == "::1" || name == "127.0.0.1"
}

// plainPath refuses what could be read as two different paths. Nothing is
// cleaned and redirected: a path is a route as it stands, or none.
func plainPath(r *http.Request) bool {
	p := r.URL.Path
	if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, "\\\x00;") {
		return false
	}
	if raw := strings.ToLower(r.URL.EscapedPath()); strings.Contains(raw, "%2f") || strings.Contains(raw, "%2e") {
		return false
	}
	clean := path.Clean(p)
	return p == clean || p == clean+"/"
}

// statusWriter remembers the status. It unwraps, so that streams reach the
// connection's deadlines.
type statusWriter struct {
	http.ResponseWriter

	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}
