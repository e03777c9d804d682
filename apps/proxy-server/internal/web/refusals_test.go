package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

// address is where the route is met, whatever stands in it.
func (r Route) address() string {
	return strings.NewReplacer("{id}", newID(), "{site_key}", siteKey, "{file}", "app-1.js", "{hash}", "x").Replace(r.Path)
}

func TestNoRouteTakesASecretInItsAddress(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	for _, route := range Routes() {
		r := v.do(route.Method, route.address()+"?token=scp_x", "")
		if r.status != http.StatusBadRequest || r.json(t)["code"] != "secret_in_query" {
			t.Errorf("%s %s: %d %s", route.Method, route.Path, r.status, r.body)
		}
	}
}

func TestNoRouteReadsABodyThatIsTooLarge(t *testing.T) {
	h := newHouse(t)
	all := h.headless().ask(newID(), "Hi").until("turn-ended")
	v := h.headless()
	answer, _ := all[len(all)-1].data["message_id"].(string)
	for _, path := range []string{"/api/v1/sessions", "/api/v1/session/messages", "/api/v1/session/messages/" + answer + "/feedback", "/n8n/" + siteKey + "/chat"} {
		r := v.do("POST", path, `{"x":"`+strings.Repeat("x", longestBody)+`"}`)
		if r.status != http.StatusRequestEntityTooLarge || r.json(t)["code"] != "body_too_large" {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
}

func TestEveryRouteOfASessionSaysWhenToComeAgain(t *testing.T) {
	once := gate.Tiers{Session: gate.Limit{Burst: 1, Per: time.Minute}}
	h := newHouse(t, change{gate: func(o *gate.Options) {
		o.Limits = gate.Limits{gate.Reading: once, gate.Acting: once, gate.Sending: once}
	}})
	v := h.headless()
	v.do("GET", "/api/v1/session", "")
	v.do("POST", "/api/v1/session/conversations", "")
	v.do("POST", "/api/v1/session/messages", asking(newID(), "Hi"))
	for _, route := range Routes() {
		if route.Credential != OfSession {
			continue
		}
		r := v.do(route.Method, route.address(), "")
		if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" || r.header.Get("RateLimit-Policy") != `"session";q=1;w=60` {
			t.Errorf("%s %s: %d %v", route.Method, route.Path, r.status, r.header)
		}
	}
}

func TestFrameAndOfficialWidgetAreToldWhenToComeAgain(t *testing.T) {
	once := gate.Tiers{Address: gate.Limit{Burst: 1, Per: time.Minute}}
	h := newHouse(t, change{gate: func(o *gate.Options) {
		o.Limits = gate.Limits{gate.Framed: once, gate.Sending: once}
	}})
	h.ticket(siteKey)
	h.n8n(shop, sending(word, "Hi"))
	for _, r := range []reply{h.framePage(shop+"/", "iframe"), h.n8n(shop, sending(word, "Hi"))} {
		if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") != "60" {
			t.Errorf("%d %v", r.status, r.header)
		}
	}
}

func TestSixthQuestionInLineIsRefusedUntilOneIsAnswered(t *testing.T) {
	h := newHouse(t)
	h.agent.gate = make(chan struct{})
	v := h.headless()
	for range 6 {
		if r := v.do("POST", "/api/v1/session/messages", asking(newID(), "Hi")); r.status != http.StatusAccepted {
			t.Fatalf("got %d %s", r.status, r.body)
		}
	}
	r := v.do("POST", "/api/v1/session/messages", asking(newID(), "Hi"))
	if r.status != http.StatusTooManyRequests || r.json(t)["code"] != "queue_full" || r.header.Get("Retry-After") != "5" {
		t.Errorf("got %d %s, Retry-After %q", r.status, r.body, r.header.Get("Retry-After"))
	}
}

func TestFailedAnswerIsTheOfficialWidgetsError(t *testing.T) {
	h := newHouse(t)
	h.agent.says = func(string) []chat.Piece { return nil }
	r := h.n8n(shop, sending(word, "Hi"))
	if message, _ := r.json(t)["message"].(string); r.status != http.StatusBadGateway || message == "" {
		t.Errorf("got %d %s", r.status, r.body)
	}
	if r := h.n8n(shop, sending(word, "Hi"), streaming); !strings.Contains(string(r.body), `"type":"error"`) {
		t.Errorf("streamed: %d %s", r.status, r.body)
	}
}
