package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/assets"
	"securechat/internal/chat"
)

func (h *house) framePage(referer, dest string) reply {
	h.t.Helper()
	return h.stranger("").do("GET", "/widget/"+siteKey, "", func(r *http.Request) {
		if referer != "" {
			r.Header.Set("Referer", referer)
		}
		if dest != "" {
			r.Header.Set("Sec-Fetch-Dest", dest)
		}
		r.Header.Set("Accept-Language", "de-CH, en;q=0.5")
	})
}

func ancestorsOf(r reply) string {
	_, list, _ := strings.Cut(r.header.Get("Content-Security-Policy"), "frame-ancestors ")
	return list
}

func TestFrameMayBeHeldByThePageThatAsksOrElseByTheSitesList(t *testing.T) {
	h := newHouse(t)
	all := shop + " https://*.shop.example"
	for referer, want := range map[string]string{
		shop + "/":                  shop,
		"https://de.shop.example/x": "https://de.shop.example",
		"https://evil.example/":     all,
		"":                          all,
		"nonsense":                  all,
		shop + ".evil/":             all,
	} {
		if got := ancestorsOf(h.framePage(referer, "iframe")); got != want {
			t.Errorf("from %q: frame-ancestors %s, want %s", referer, got, want)
		}
	}
}

func TestE10SiteWithoutOriginsIsHeldByNobody(t *testing.T) {
	h := newHouse(t, change{site: func(s *chat.Site) { s.Origins = nil }})
	if got := ancestorsOf(h.framePage("", "iframe")); got != "'none'" {
		t.Errorf("frame-ancestors %s", got)
	}
}

func TestE28FrameOpenedOnItsOwnIsANotice(t *testing.T) {
	h := newHouse(t)
	r := h.framePage("", "document")
	if r.status != http.StatusOK || ticketInPage.Match(r.body) || strings.Contains(string(r.body), "<script") {
		t.Errorf("got %d %s", r.status, r.body)
	}
	if r.header.Get("Content-Security-Policy") != noContent {
		t.Errorf("its policy is %s", r.header.Get("Content-Security-Policy"))
	}
}

func TestFramesPageHoldsItsConfigurationAndNothingInline(t *testing.T) {
	h := newHouse(t, change{site: func(s *chat.Site) { s.Branding.Greeting = "</script><script>alert(1)</script> & more" }})
	r := h.framePage(shop+"/", "iframe")
	found := regexp.MustCompile(`(?s)<script type="application/json" id="securechat-config">(.*?)</script>`).FindSubmatch(r.body)
	if found == nil {
		t.Fatalf("no configuration in %s", r.body)
	}
	config := parsed(t, found[1])
	shape := fixture(t, "frame-config")
	for name := range shape {
		if _, there := config[name]; !there {
			t.Errorf("the configuration lacks %s", name)
		}
	}
	if branding, _ := config["branding"].(map[string]any); branding["greeting"] != "</script><script>alert(1)</script> & more" {
		t.Errorf("the greeting is %v", branding["greeting"])
	}
	if config["locale"] != "de-CH" || config["site_key"] != siteKey {
		t.Errorf("got %v", config)
	}
	page := string(r.body)
	for _, want := range []string{`<html lang="de-CH">`, `<div id="securechat"></div>`, `<link rel="stylesheet" href="/widget/assets/app-2.css">`, `<script type="module" src="/widget/assets/app-1.js"></script>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Count(page, "<script") != 2 || regexp.MustCompile(`\son\w+=|style=`).MatchString(page) {
		t.Errorf("something is inline in %s", page)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	policy := r.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "require-trusted-types-for 'script'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
}

func TestLoaderIsPinnedByItsHashAndKeptByBrowsers(t *testing.T) {
	h := newHouse(t)
	v := h.stranger("")
	alias := v.do("GET", "/embed.js", "", plainly)
	hash := strings.Trim(alias.header.Get("ETag"), `"`)
	if alias.status != http.StatusOK || string(alias.body) != "/* loader */" || alias.header.Get("Cache-Control") != "public, max-age=600" {
		t.Errorf("got %d %s, kept %s", alias.status, alias.body, alias.header.Get("Cache-Control"))
	}
	pinned := v.do("GET", "/embed/v/"+hash+"/embed.js", "")
	if pinned.status != http.StatusOK || string(pinned.body) != string(alias.body) || pinned.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("pinned: %d %s, kept %s", pinned.status, pinned.body, pinned.header.Get("Cache-Control"))
	}
	for _, r := range []reply{alias, pinned} {
		if r.header.Get("Access-Control-Allow-Origin") != "*" || r.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" ||
			r.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("a shop's page cannot load it: %v", r.header)
		}
	}
	again := v.do("GET", "/embed.js", "", func(r *http.Request) { r.Header.Set("If-None-Match", alias.header.Get("ETag")) }, plainly)
	if again.status != http.StatusNotModified || len(again.body) > 0 {
		t.Errorf("asked again: %d", again.status)
	}
	if r := v.do("GET", "/embed/v/"+strings.Repeat("0", len(hash))+"/embed.js", ""); r.status != http.StatusNotFound {
		t.Errorf("under another hash: %d", r.status)
	}
}

// plainly asks for no compression, which the client would undo unseen.
func plainly(r *http.Request) { r.Header.Set("Accept-Encoding", "identity") }

func TestFilesAreCompressedForWhoeverAsks(t *testing.T) {
	h := newHouse(t)
	v := h.stranger("")
	for _, path := range []string{"/embed.js", "/widget/assets/app-1.js"} {
		plain := v.do("GET", path, "", plainly)
		small := v.do("GET", path, "", func(r *http.Request) { r.Header.Set("Accept-Encoding", "br, gzip") })
		if small.header.Get("Content-Encoding") != "gzip" || plain.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %q, and plainly %q", path, small.header.Get("Content-Encoding"), plain.header.Get("Content-Encoding"))
		}
		if small.header.Get("ETag") == plain.header.Get("ETag") || !strings.Contains(small.header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s: a cache would mix the two up: %v", path, small.header)
		}
		unpacked, err := gzip.NewReader(bytes.NewReader(small.body))
		must(t, err)
		text, err := io.ReadAll(unpacked)
		if err != nil || string(text) != string(plain.body) {
			t.Errorf("%s unpacks to %q, %v; want %q", path, text, err, plain.body)
		}
	}
}

func TestAssetsAreKeptForGoodAndNothingElseIsThere(t *testing.T) {
	h := newHouse(t)
	v := h.stranger("")
	for name, kind := range map[string]string{"app-1.js": "text/javascript; charset=utf-8", "app-2.css": "text/css; charset=utf-8"} {
		r := v.do("GET", "/widget/assets/"+name, "")
		if r.status != http.StatusOK || r.header.Get("Content-Type") != kind || r.header.Get("Cache-Control") != forGood {
			t.Errorf("%s: %d %v", name, r.status, r.header)
		}
	}
	for _, name := range []string{"manifest.json", "embed.js", "app-9.js", "..", "%2e%2e", "placeholder.txt"} {
		if r := v.do("GET", "/widget/assets/"+name, ""); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", name, r.status)
		}
	}
}

func TestH26NoPrivateAnswerIsReachedByALookOfAnAsset(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	for _, path := range []string{"/api/v1/session.css", "/api/v1/session/x.js", "/api/v1/session/conversation/x.css", "/widget/x.js", "/widget/" + siteKey + "/x.css"} {
		if r := v.do("GET", path, ""); r.status != http.StatusNotFound || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, kept %s", path, r.status, r.header.Get("Cache-Control"))
		}
	}
}

func TestWithoutABuildTheFrameSaysSo(t *testing.T) {
	h := newHouse(t, change{web: func(o *Options) { o.Widget = assets.Widget{} }})
	r := h.framePage(shop+"/", "iframe")
	if r.status != http.StatusServiceUnavailable || !strings.Contains(string(r.body), "make build") {
		t.Errorf("the frame: %d %s", r.status, r.body)
	}
	if r := h.stranger("").do("GET", "/embed.js", ""); r.status != http.StatusServiceUnavailable {
		t.Errorf("the loader: %d", r.status)
	}
}

func TestPublicKeysAreServedToAnybody(t *testing.T) {
	h := newHouse(t)
	r := h.stranger("").do("GET", "/.well-known/jwks.json", "")
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/jwk-set+json" {
		t.Fatalf("got %d %v", r.status, r.header)
	}
	if diff := cmp.Diff(map[string]any{"keys": []any{}}, r.json(t)); diff != "" {
		t.Errorf("before any site has one (-want +got):\n%s", diff)
	}
}

func TestH24ForwardedHostIsNotBelieved(t *testing.T) {
	h := newHouse(t)
	r := h.stranger("").do("GET", "/widget/"+siteKey, "", func(r *http.Request) {
		r.Header.Set("X-Forwarded-Host", "evil.example")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("Forwarded", "host=evil.example")
	})
	if strings.Contains(string(r.body), "evil") {
		t.Errorf("the page says %s", r.body)
	}
}

func TestDemoShopIsWhereTheRootLeadsAndOnlyInDemoMode(t *testing.T) {
	plain := newHouse(t)
	if r := plain.stranger("").do("GET", "/", ""); r.status != http.StatusNotFound {
		t.Errorf("without the demo: %d", r.status)
	}
	demo := newHouse(t, change{web: func(o *Options) {
		o.Shop = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("the shop")) })
	}})
	if r := demo.stranger("").do("GET", "/", ""); r.status != http.StatusOK || string(r.body) != "the shop" {
		t.Errorf("with the demo: %d %s", r.status, r.body)
	}
}
