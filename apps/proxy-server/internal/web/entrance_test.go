package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

const entering = `{"site_key":"` + siteKey + `","page_url":"https://shop.example/"}`

func TestFrameEntersByItsTicketAndGoesOnWithACookie(t *testing.T) {
	h := newHouse(t)
	v := h.stranger(h.origin)
	r := v.enter(h.ticket(siteKey))
	if r.status != http.StatusCreated {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	v.cookie, _, _ = strings.Cut(r.header.Get("Set-Cookie"), ";")
	now := v.do("GET", "/api/v1/session", "")
	entered, _ := r.json(t)["session"].(map[string]any)
	current, _ := now.json(t)["session"].(map[string]any)
	if now.status != http.StatusOK || entered["id"] == nil || entered["id"] != current["id"] {
		t.Errorf("with the cookie: %d %s, want session %v", now.status, now.body, entered["id"])
	}
}

func TestE01ForeignOriginIsForbidden(t *testing.T) {
	h := newHouse(t)
	ticket := h.ticket(siteKey)
	for _, origin := range []string{"https://evil.example", "null", shop + ".evil", "http://shop.example", shop + ":8443", shop + "."} {
		v := h.stranger(origin)
		if r := v.do("POST", "/api/v1/sessions", entering); r.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", origin, r.status, r.body)
		}
		if r := v.enter(ticket); r.status != http.StatusForbidden {
			t.Errorf("%s with a ticket: %d %s", origin, r.status, r.body)
		}
	}
}

func TestE02WithoutOriginAndTicketThereIsNoSession(t *testing.T) {
	h := newHouse(t)
	r := h.stranger("").do("POST", "/api/v1/sessions", entering)
	if r.status != http.StatusForbidden || r.json(t)["code"] != "origin_forbidden" {
		t.Errorf("got %d %s", r.status, r.body)
	}
	if r := h.stranger("").enter(h.ticket(siteKey)); r.status != http.StatusCreated {
		t.Errorf("with a ticket from a fetched frame: %d %s", r.status, r.body)
	}
}

func TestE02OurOwnOriginWithoutATicketIsForbidden(t *testing.T) {
	h := newHouse(t)
	if r := h.stranger(h.origin).do("POST", "/api/v1/sessions", entering); r.status != http.StatusForbidden {
		t.Errorf("got %d %s", r.status, r.body)
	}
}

func TestE04SiblingSubdomainIsForbidden(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	for _, route := range Routes() {
		if route.Credential != OfSession {
			continue
		}
		r := v.do(route.Method, route.address(), "", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") })
		if r.status != http.StatusForbidden {
			t.Errorf("%s %s: %d %s", route.Method, route.Path, r.status, r.body)
		}
	}
}

func TestE12CookieHasExactlyTheseAttributes(t *testing.T) {
	h := newHouse(t)
	set := h.stranger(h.origin).enter(h.ticket(siteKey)).header.Values("Set-Cookie")
	id := string(h.site.ID)
	if len(set) != 1 || len(set[0]) > 4096 {
		t.Fatalf("got %q", set)
	}
	pair, attributes, _ := strings.Cut(set[0], "; ")
	if want := "__Host-securechat-" + id[len(id)-12:] + "=scf_"; !strings.HasPrefix(pair, want) {
		t.Errorf("the cookie is %q, want %q…", pair, want)
	}
	if want := "Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=None; Partitioned"; attributes != want {
		t.Errorf("its attributes are %q, want %q", attributes, want)
	}
}

func TestHeadlessPageGetsNoCookie(t *testing.T) {
	h := newHouse(t)
	r := h.stranger(shop).do("POST", "/api/v1/sessions", entering)
	if r.status != http.StatusCreated || r.header.Get("Set-Cookie") != "" {
		t.Errorf("got %d with cookie %q", r.status, r.header.Get("Set-Cookie"))
	}
	if token, _ := r.json(t)["token"].(string); !strings.HasPrefix(token, "scp_") {
		t.Errorf("its token is %q", token)
	}
}

func TestE14CookieSentTwiceIsIgnored(t *testing.T) {
	h := newHouse(t)
	v := h.framed()
	name, _, _ := strings.Cut(v.cookie, "=")
	for _, both := range []string{v.cookie + "; " + name + "=planted", name + "=planted; " + v.cookie} {
		planted := *v
		planted.cookie = both
		if r := planted.do("GET", "/api/v1/session", ""); r.status != http.StatusUnauthorized {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
}

func TestE15UnknownSecretIsNeverAdopted(t *testing.T) {
	h := newHouse(t)
	v := h.stranger(shop)
	v.token = "scp_" + strings.Repeat("A", 43)
	r := v.do("POST", "/api/v1/sessions", entering)
	if token := r.json(t)["token"]; r.status != http.StatusCreated || token == v.token || token == nil {
		t.Errorf("got %d with token %v", r.status, token)
	}
	if r := v.do("GET", "/api/v1/session", ""); r.status != http.StatusUnauthorized || r.json(t)["code"] != "session_required" {
		t.Errorf("the made-up one then opens: %d %s", r.status, r.body)
	}
}

func TestE16CredentialOfOneSiteIsNothingAtAnother(t *testing.T) {
	h := newHouse(t)
	other := h.site
	other.ID, other.Key = chat.SiteID(chat.NewID()), "pk_other"
	must(t, h.store.AddSite(t.Context(), other))
	v := h.headless()
	mine := v.do("GET", "/api/v1/session", "").json(t)
	r := v.do("POST", "/api/v1/sessions", strings.Replace(entering, siteKey, other.Key, 1))
	if r.status != http.StatusCreated || fmt.Sprint(r.json(t)["visitor"]) == fmt.Sprint(mine["visitor"]) {
		t.Errorf("at the other site: %d %s", r.status, r.body)
	}
	if r := v.do("GET", "/api/v1/session", ""); r.status != http.StatusOK {
		t.Errorf("its own session is gone: %d %s", r.status, r.body)
	}
}

func TestE17HugeCookiesAreNotAnInternalError(t *testing.T) {
	h := newHouse(t)
	v := h.framed()
	v.cookie += "; filler=" + strings.Repeat("x", 9<<10)
	if r := v.do("GET", "/api/v1/session", ""); r.status != http.StatusOK && r.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d %s", r.status, r.body)
	}
}

func TestH02HugeHeadersAreRefused(t *testing.T) {
	h := newHouse(t)
	r := h.stranger("").do("GET", "/healthz", "", func(r *http.Request) { r.Header.Set("X-Filler", strings.Repeat("x", 32<<10)) })
	if r.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", r.status)
	}
}

func TestH02TooManyHeaderFieldsAreRefused(t *testing.T) {
	h := newHouse(t)
	with := func(fields int) reply {
		return h.stranger("").do("GET", "/healthz", "", func(r *http.Request) {
			for range fields {
				r.Header.Add("X-Filler", "x")
			}
		})
	}
	if r := with(80); r.status != http.StatusOK {
		t.Errorf("80 fields more: %d", r.status)
	}
	r := with(101)
	if r.status != http.StatusRequestHeaderFieldsTooLarge || r.json(t)["code"] != "too_many_fields" {
		t.Errorf("101 fields: %d %s", r.status, r.body)
	}
}

func TestE22PreflightIsAnsweredForListedOriginsOnly(t *testing.T) {
	h := newHouse(t)
	for origin, want := range map[string]string{
		shop: shop, "https://de.shop.example": "https://de.shop.example",
		"https://evil.example": "", "null": "", "https://a.b.shop.example": "",
	} {
		r := h.stranger(origin).do("OPTIONS", "/api/v1/session/messages", "", func(r *http.Request) {
			r.Header.Set("Access-Control-Request-Method", "POST")
			r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
		})
		if got := r.header.Get("Access-Control-Allow-Origin"); got != want || r.header.Get("Vary") != "Origin" {
			t.Errorf("%s: allowed %q, Vary %q", origin, got, r.header.Get("Vary"))
		}
		if allowed := r.header.Get("Access-Control-Allow-Headers"); (want != "") != strings.Contains(allowed, "Authorization") {
			t.Errorf("%s: headers %q", origin, allowed)
		}
	}
}

func TestCORSIsForWhatPagesAskForOnly(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/healthz", "/widget/" + siteKey, "/widget/assets/app-1.js"} {
		r := h.stranger(shop).do("OPTIONS", path, "")
		if r.header.Get("Access-Control-Allow-Origin") != "" || r.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d, allowed %q", path, r.status, r.header.Get("Access-Control-Allow-Origin"))
		}
	}
}

func TestNoAnswerEverAllowsCredentials(t *testing.T) {
	h := newHouse(t)
	framed, headless := h.framed(), h.headless()
	for _, route := range Routes() {
		path := route.address()
		if strings.HasSuffix(path, "/events") {
			continue // it does not end by itself; its head is looked at elsewhere
		}
		for _, v := range []*visitor{framed, headless, h.stranger(shop), h.stranger("https://evil.example")} {
			for _, method := range []string{route.Method, "OPTIONS"} {
				r := v.do(method, path, "")
				if _, there := r.header["Access-Control-Allow-Credentials"]; there {
					t.Errorf("%s %s allows credentials", method, path)
				}
				if r.header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%s %s lacks its security headers", method, path)
				}
			}
		}
	}
}

func TestLogoutEndsTheSessionAndTakesTheCookieBack(t *testing.T) {
	h := newHouse(t)
	v := h.framed()
	r := v.do("DELETE", "/api/v1/session", "")
	if r.status != http.StatusNoContent || !strings.Contains(r.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("got %d, cookie %q", r.status, r.header.Get("Set-Cookie"))
	}
	if r := v.do("GET", "/api/v1/session", ""); r.status != http.StatusUnauthorized || r.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("afterwards: %d %s", r.status, r.body)
	}
}

func TestJ10MissingMembersOfAnEntryAreNamed(t *testing.T) {
	h := newHouse(t)
	for body, field := range map[string]string{
		`{"page_url":"https://shop.example/"}`:                                    "site_key",
		`{"site_key":"pk_shop"}`:                                                  "page_url",
		`{"site_key":null,"page_url":"https://shop.example/"}`:                    "site_key",
		`{"site_key":"pk_shop","page_url":""}`:                                    "page_url",
		`{"site_key":"pk_shop","page_url":"javascript:alert(1)"}`:                 "page_url",
		`{"site_key":"` + strings.Repeat("x", 300) + `","page_url":"https://a/"}`: "site_key",
	} {
		r := h.stranger(shop).do("POST", "/api/v1/sessions", body)
		if r.status != http.StatusUnprocessableEntity || r.json(t)["field"] != field {
			t.Errorf("%.40s: %d %s", body, r.status, r.body)
		}
	}
}

func TestAnIdentityIsRefusedWhileNobodyCanCheckIt(t *testing.T) {
	h := newHouse(t)
	for _, identity := range []string{`"a.b.c"`, `""`} {
		r := h.stranger(shop).do("POST", "/api/v1/sessions", strings.TrimSuffix(entering, "}")+`,"identity":`+identity+`}`)
		if told := r.json(t); r.status != http.StatusUnprocessableEntity || told["code"] != "identity_unsupported" || told["field"] != "identity" {
			t.Errorf("%s: %d %s", identity, r.status, r.body)
		}
	}
}

func TestUnknownSiteIsNotFound(t *testing.T) {
	h := newHouse(t)
	if r := h.stranger(shop).do("POST", "/api/v1/sessions", strings.Replace(entering, siteKey, "pk_none", 1)); r.status != http.StatusNotFound {
		t.Errorf("got %d %s", r.status, r.body)
	}
}

func TestWhoeverComesTooOftenIsToldWhenToComeAgain(t *testing.T) {
	h := newHouse(t, change{gate: func(o *gate.Options) {
		o.Limits = gate.Limits{gate.Entering: {Address: gate.Limit{Burst: 1, Per: 60e9}}}
	}})
	h.headless()
	r := h.stranger(shop).do("POST", "/api/v1/sessions", entering)
	if r.status != http.StatusTooManyRequests || r.json(t)["code"] != "rate_limited" {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	for name, want := range map[string]string{
		"Retry-After": "60", "RateLimit": `"address";r=0;t=60`, "RateLimit-Policy": `"address";q=1;w=60`,
		"Access-Control-Expose-Headers": "Retry-After, RateLimit, RateLimit-Policy",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestFrameIsTakenForTheSiteWhosePageItIs(t *testing.T) {
	h := newHouse(t)
	other := h.site
	other.ID, other.Key = chat.SiteID(chat.NewID()), "pk_other"
	must(t, h.store.AddSite(t.Context(), other))
	first := h.framed()
	second := h.stranger(h.origin)
	second.site = other.Key
	r := second.enter(h.ticket(other.Key))
	theirs, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";")
	both := first.cookie + "; " + theirs
	for _, v := range []*visitor{first, second} {
		v.cookie = both
		if r := v.do("GET", "/api/v1/session", ""); r.status != http.StatusOK {
			t.Errorf("the frame of %s with both cookies: %d %s", v.site, r.status, r.body)
		}
	}
}
