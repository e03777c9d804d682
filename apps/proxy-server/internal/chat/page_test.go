package chat

import (
	"strings"
	"testing"
)

func TestE21PageAddressesAreCutToWhatMayBeKept(t *testing.T) {
	for _, c := range []struct{ given, want string }{
		{"", ""},
		{"https://shop.example/lamps?token=secret#top", "https://shop.example/lamps"},
		{"http://localhost:8080/demo/?", "http://localhost:8080/demo/"},
		{"https://user:password@shop.example/", "https://shop.example/"},
		{"https://shop.example/" + strings.Repeat("a", 1000) + "?" + strings.Repeat("b", 100_000), "https://shop.example/" + strings.Repeat("a", 1000)},
		{"https://shop.example/%C3%A9", "https://shop.example/%C3%A9"},
	} {
		if got, err := (Policy{}).PageAddress("page_url", c.given); err != nil || got != c.want {
			t.Errorf("%.60q became %.60q, %v; want %q", c.given, got, err, c.want)
		}
	}
	kept, err := Policy{KeepQuery: true}.PageAddress("page_url", "https://shop.example/?colour=red#top")
	if err != nil || kept != "https://shop.example/?colour=red" {
		t.Errorf("with its query kept: %q, %v", kept, err)
	}
}

func TestE21WhatIsNoPageIsRefused(t *testing.T) {
	for _, text := range []string{
		"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "about:blank", "//shop.example/", "https://", "/lamps", "https://a b/",
		"https://shop.example/" + strings.Repeat("a", 2048),
	} {
		got, err := (Policy{}).PageAddress("page_url", text)
		if told, ok := err.(*Error); !ok || told.Kind != Invalid || told.Field != "page_url" {
			t.Errorf("%.40q became %q, %v", text, got, err)
		}
	}
}
