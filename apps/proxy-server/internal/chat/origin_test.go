package chat

import "testing"

func TestAnOriginIsTakenOnlyInTheFormBrowsersSend(t *testing.T) {
	good := map[string]Origin{
		"https://shop.example":          "https://shop.example",
		"https://SHOP.example":          "https://shop.example",
		"https://shop.example:443":      "https://shop.example",
		"http://shop.example:80":        "http://shop.example",
		"https://shop.example:8443":     "https://shop.example:8443",
		"http://127.0.0.1:8080":         "http://127.0.0.1:8080",
		"http://[::1]:8080":             "http://[::1]:8080",
		"https://bücher.example":        "https://xn--bcher-kva.example",
		"https://xn--bcher-kva.example": "https://xn--bcher-kva.example",
	}
	for text, want := range good {
		if got, err := ParseOrigin(text); err != nil || got != want {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
	bad := []string{
		"", "null", "*", "shop.example", "//shop.example", "ftp://shop.example", "javascript:alert(1)", "data:text/html,x",
		"https://", "https://shop.example/", "https://shop.example/path", "https://shop.example?q", "https://shop.example?",
		"https://shop.example#f", "https://user@shop.example", "https://shop.example.", "https://shop.example:",
		"https://shop.example; script-src *", "https://shop.example\nx", "https://a.example,https://b.example", "https://*.shop.example",
		`https://shop.example\evil`, "https://shop.example'", "https://shop example", "https://shop.example:99999",
	}
	for _, text := range bad {
		if got, err := ParseOrigin(text); err == nil {
			t.Errorf("%q was taken as %q", text, got)
		}
	}
}

func TestAWildcardStandsForExactlyOneLabel(t *testing.T) {
	site := Site{}
	for _, text := range []string{"https://shop.example", "https://*.shops.example", "https://*.dev.example:8443"} {
		p, err := ParseOriginPattern(text)
		if err != nil {
			t.Fatal(err)
		}
		site.Origins = append(site.Origins, p)
	}
	for text, want := range map[string]bool{
		"https://shop.example":            true,
		"https://a.shops.example":         true,
		"https://b.dev.example:8443":      true,
		"https://shops.example":           false,
		"https://a.b.shops.example":       false,
		"http://a.shops.example":          false,
		"https://a.shops.example:8443":    false,
		"https://b.dev.example":           false,
		"https://evilshops.example":       false,
		"https://shop.example.evil":       false,
		"https://a.shops.example.evil":    false,
		"https://sub.shop.example":        false,
		"https://xshop.example":           false,
		"https://a-shops.example":         false,
		"https://a.shops.example.evil.io": false,
	} {
		origin, err := ParseOrigin(text)
		if err != nil {
			t.Fatal(err)
		}
		if site.Allows(origin) != want {
			t.Errorf("%s: allowed is %v", text, !want)
		}
	}
}

func TestAWildcardIsTakenOnlyInFrontOfADomain(t *testing.T) {
	for _, text := range []string{"*", "https://*", "https://*.example", "https://*.127.0.0.1", "https://a.*.example", "https://*.*.shop.example", "https://*shop.example"} {
		if p, err := ParseOriginPattern(text); err == nil {
			t.Errorf("%q was taken as %q", text, p)
		}
	}
}
