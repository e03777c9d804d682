package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"securechat/internal/assets"
)

// bare is the handler without rooms behind it, for what is decided before them.
func bare(t *testing.T, change ...func(*Options)) *Handler {
	t.Helper()
	public, err := url.Parse("https://chat.example")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{PublicURL: public, Log: slog.New(slog.DiscardHandler), Widget: assets.Widget{}}
	for _, c := range change {
		c(&o)
	}
	h := New(o)
	h.Handler = proofreadRecorded(t, h.Handler)
	return h
}

// attributed adds what the context says, as the program's own handler does.
type attributed struct{ slog.Handler }

func (a attributed) Handle(ctx context.Context, line slog.Record) error {
	line.AddAttrs(Attrs(ctx)...)
	return a.Handler.Handle(ctx, line)
}

func ask(h http.Handler, method, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "chat.example"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestH10OtherHostsAreMisdirectedWithoutAWord(t *testing.T) {
	h := bare(t)
	for host, want := range map[string]int{
		"chat.example":      http.StatusNotFound,
		"CHAT.example":      http.StatusNotFound,
		"chat.example:443":  http.StatusNotFound,
		"evil.example":      http.StatusMisdirectedRequest,
		"chat.example.evil": http.StatusMisdirectedRequest,
		"localhost":         http.StatusMisdirectedRequest,
		"127.0.0.1:8080":    http.StatusMisdirectedRequest,
		"":                  http.StatusMisdirectedRequest,
	} {
		w := ask(h, "GET", "/nothing", func(r *http.Request) { r.Host = host })
		if w.Code != want {
			t.Errorf("host %q: %d, want %d", host, w.Code, want)
		}
		if w.Code == http.StatusMisdirectedRequest && w.Body.Len() > 0 {
			t.Errorf("host %q: it says %q", host, w.Body)
		}
	}
}

func TestLoopbackNamesAreOursWhereThePublicAddressIsOne(t *testing.T) {
	h := bare(t, func(o *Options) { o.PublicURL = &url.URL{Scheme: "http", Host: "127.0.0.1:8080"} })
	for _, host := range []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080"} {
		if w := ask(h, "GET", "/nothing", func(r *http.Request) { r.Host = host }); w.Code != http.StatusNotFound {
			t.Errorf("host %q: %d", host, w.Code)
		}
	}
}

func TestProbesAreAnsweredUnderAnyName(t *testing.T) {
	for _, path := range []string{"/healthz", "/readyz"} {
		if w := ask(bare(t), "GET", path, func(r *http.Request) { r.Host = "10.1.2.3:8080" }); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestH13PathsThatCouldBeReadTwoWaysAreNoRoutes(t *testing.T) {
	h := bare(t)
	for _, path := range []string{
		"//healthz", "/x/../healthz", "/./healthz", "/%2e%2e/healthz", "/healthz%2f", "/%2fhealthz", "/healthz%00", "/healthz;x",
		"/x/..;/healthz", `/\healthz`, "/healthz%5c", "/healthz/", "/api/v1/session/", "/API/v1/session",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host, r.URL.Path = "chat.example", path
		if parsed, err := url.Parse("http://chat.example" + path); err == nil {
			r.URL.Path, r.URL.RawPath = parsed.Path, parsed.RawPath
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestH14OtherMethodsAreRefusedByName(t *testing.T) {
	h := bare(t)
	for _, route := range Routes() {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"} {
			path := strings.NewReplacer("{id}", "x", "{site_key}", "x", "{file}", "x", "{hash}", "x").Replace(route.Path)
			if served(method, route.Path) {
				continue
			}
			w := ask(h, method, path)
			if w.Code != http.StatusMethodNotAllowed || !strings.Contains(w.Header().Get("Allow"), route.Method) {
				t.Errorf("%s %s: %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
			}
		}
	}
}

// served says whether the table has the method at that path; HEAD stands with
// GET where nobody is asked for a credential.
func served(method, path string) bool {
	for _, route := range Routes() {
		if route.Path == path && (route.Method == method || method == "HEAD" && route.Method == "GET" && route.Credential == Nobody) {
			return true
		}
	}
	return false
}

func TestH12MethodOverridesAreIgnored(t *testing.T) {
	w := ask(bare(t), "POST", "/api/v1/session", func(r *http.Request) {
		r.Header.Set("X-HTTP-Method-Override", "DELETE")
		r.Header.Set("X-Method-Override", "DELETE")
	})
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("got %d", w.Code)
	}
}

func TestH29InternalPagesAreNotPublic(t *testing.T) {
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/vars", "/admin"} {
		if w := ask(bare(t), "GET", path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestH31SecretInTheAddressIsRefusedAndNotLogged(t *testing.T) {
	var log strings.Builder
	h := bare(t, func(o *Options) { o.Log = slog.New(attributed{slog.NewTextHandler(&log, nil)}) })
	for _, name := range []string{"token", "Session", "access_token", "ticket"} {
		w := ask(h, "GET", "/api/v1/session?"+name+"=scf_canary")
		if w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "canary") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("the log says %s", log.String())
	}
}

func TestPanicIsA500WithAnIdThatTheLogKnows(t *testing.T) {
	var log strings.Builder
	h := bare(t, func(o *Options) {
		o.Log = slog.New(attributed{slog.NewTextHandler(&log, nil)})
		o.Shop = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("canary in the coal mine") })
	})
	w := ask(h, "GET", "/demo/")
	told := parsed(t, w.Body.Bytes())
	if w.Code != http.StatusInternalServerError || told["code"] != "internal" || strings.Contains(w.Body.String(), "canary") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if id, _ := told["id"].(string); id == "" || !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "canary") {
		t.Errorf("the id is %q, the log %q", id, log.String())
	}
}

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	h := bare(t)
	for _, route := range Routes() {
		path := strings.NewReplacer("{id}", "x", "{site_key}", "x", "{file}", "x", "{hash}", "x").Replace(route.Path)
		for _, w := range []*httptest.ResponseRecorder{ask(h, "OPTIONS", path), ask(h, "PUT", path), ask(h, "GET", path+"/none")} {
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Security-Policy": noContent,
				"Cache-Control": "no-store", "Strict-Transport-Security": "max-age=63072000",
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %s is %q, want %q", path, name, got, want)
				}
			}
		}
	}
}

func TestH30UpgradesAreIgnored(t *testing.T) {
	for _, protocol := range []string{"websocket", "h2c"} {
		w := ask(bare(t), "GET", "/healthz", func(r *http.Request) {
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", protocol)
		})
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", protocol, w.Code)
		}
	}
}

func TestReadinessEndsWithDraining(t *testing.T) {
	h := bare(t)
	if w := ask(h, "GET", "/readyz"); w.Code != http.StatusOK {
		t.Fatalf("got %d", w.Code)
	}
	h.Drain(0)
	if w := ask(h, "GET", "/readyz"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d", w.Code)
	}
	if w := ask(h, "GET", "/healthz"); w.Code != http.StatusOK {
		t.Errorf("it no longer lives: %d", w.Code)
	}
}

func TestUnreadinessTellsNoCause(t *testing.T) {
	h := bare(t, func(o *Options) {
		o.Ready = func(context.Context) error { return io.ErrUnexpectedEOF }
	})
	w := ask(h, "GET", "/readyz")
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "EOF") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
