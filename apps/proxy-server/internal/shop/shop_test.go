package shop_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"securechat/internal/shop"
)

const widgetBase = "http://127.0.0.1:4321"

func open(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(shop.Handler(widgetBase, "pk_test"))
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatalf("get %s: %v", address, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("read %s: %v", address, err)
	}
	return resp, string(body)
}

var link = regexp.MustCompile(`(?:href|src)="(/[^"#]*)"`)

// crawl opens every page and file that can be reached from the catalogue.
func crawl(t *testing.T, server *httptest.Server) map[string]string {
	t.Helper()
	seen := make(map[string]string)
	waiting := []string{"/demo/"}
	for len(waiting) > 0 {
		address := waiting[0]
		waiting = waiting[1:]
		if _, ok := seen[address]; ok {
			continue
		}
		resp, body := get(t, server.URL+address)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s is linked to and answers %d", address, resp.StatusCode)
		}
		seen[address] = body
		if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, found := range link.FindAllStringSubmatch(body, -1) {
			waiting = append(waiting, strings.ReplaceAll(found[1], "&amp;", "&"))
		}
	}
	return seen
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	seen := crawl(t, open(t))
	for _, address := range []string{"/demo/cart", "/demo/products/aurora-lamp", "/demo/products/willow-chair"} {
		if _, ok := seen[address]; !ok {
			t.Errorf("%s cannot be reached from the catalogue", address)
		}
	}
}

func TestPagesHoldNothingInline(t *testing.T) {
	inline := regexp.MustCompile(`<style|\sstyle=|\son[a-z]+=|<script[^>]*>[^<]|javascript:`)
	for address, body := range crawl(t, open(t)) {
		if strings.HasPrefix(body, "<!doctype html>") && inline.MatchString(body) {
			t.Errorf("%s holds %q, which its policy forbids", address, inline.FindString(body))
		}
	}
}

func TestPagesLoadTheChatFromItsOwnOrigin(t *testing.T) {
	server := open(t)
	for _, address := range []string{"/demo/", "/demo/products/terra-mug", "/demo/cart", "/demo/nowhere"} {
		resp, body := get(t, server.URL+address)
		if want := `<script async src="` + widgetBase + `/embed.js" data-site="pk_test"></script>`; !strings.Contains(body, want) {
			t.Errorf("%s does not hold %s", address, want)
		}
		policy := resp.Header.Get("Content-Security-Policy")
		for _, want := range []string{"script-src 'self' " + widgetBase + ";", "frame-src " + widgetBase + ";", "require-trusted-types-for 'script'"} {
			if !strings.Contains(policy+";", want) {
				t.Errorf("policy of %s is %q, want %q in it", address, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("policy of %s is %q, want nothing unsafe in it", address, policy)
		}
	}
}

func TestWhatIsNotOnTheShelfIsNotFound(t *testing.T) {
	server := open(t)
	for _, address := range []string{"/demo/products/golden-calf", "/demo/assets/shop.go", "/demo/assets/../shop.go", "/demo/products/", "/demo/x"} {
		if resp, _ := get(t, server.URL+address); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", address, resp.StatusCode)
		}
	}
}

func TestAFileAskedForByItsVersionIsKeptForGood(t *testing.T) {
	server := open(t)
	_, page := get(t, server.URL+"/demo/")
	versioned := regexp.MustCompile(`/demo/assets/shop\.css\?v=[0-9a-f]+`).FindString(page)
	if versioned == "" {
		t.Fatal("the page names no versioned style sheet")
	}
	for address, want := range map[string]string{
		versioned:                       "public, max-age=31536000, immutable",
		"/demo/assets/shop.css":         "no-cache",
		"/demo/assets/shop.css?v=stale": "no-cache",
	} {
		resp, _ := get(t, server.URL+address)
		if got := resp.Header.Get("Cache-Control"); got != want {
			t.Errorf("%s is sent with Cache-Control %q, want %q", address, got, want)
		}
	}
}

func TestAFileThatHasNotChangedIsNotSentAgain(t *testing.T) {
	server := open(t)
	first, _ := get(t, server.URL+"/demo/assets/cart.js")
	again, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/demo/assets/cart.js", nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Header.Set("If-None-Match", first.Header.Get("ETag"))
	resp, err := http.DefaultClient.Do(again)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotModified {
		t.Errorf("a known version answers %d, want 304", resp.StatusCode)
	}
}

func TestPricesAreThoseOfTheSign(t *testing.T) {
	server := open(t)
	for slug, price := range map[string]string{
		"aurora-lamp": "€49", "nimbus-blanket": "€79", "terra-mug": "€18",
		"luma-candle": "€24", "drift-backpack": "€119", "willow-chair": "€189",
	} {
		if _, body := get(t, server.URL+"/demo/products/"+slug); !strings.Contains(body, price+" <small>") {
			t.Errorf("%s does not cost %s", slug, price)
		}
	}
}
