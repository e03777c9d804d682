package web

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientAddressIsTheLastThatNoTrustedProxyVouchesFor(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"a stranger's header is not read", "203.0.113.9:4000", []string{"198.51.100.1"}, "203.0.113.9"},
		{"a proxy's last entry is the client", "10.0.0.1:4000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"what the client wrote stands further left", "10.0.0.1:4000", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"proxies in a row are passed", "10.0.0.1:4000", []string{"198.51.100.1, 10.0.0.3"}, "198.51.100.1"},
		{"several headers are one list", "10.0.0.1:4000", []string{"1.1.1.1", "198.51.100.1, 10.0.0.3"}, "198.51.100.1"},
		{"nonsense ends the list", "10.0.0.1:4000", []string{"198.51.100.1, unknown, 10.0.0.3"}, "10.0.0.3"},
		{"without a header it is the proxy", "10.0.0.1:4000", nil, "10.0.0.1"},
		{"only proxies: the first of them", "10.0.0.1:4000", []string{"10.0.0.4"}, "10.0.0.4"},
		{"IPv6", "[fd00::1]:4000", []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:4000", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			for _, value := range c.forwarded {
				r.Header.Add("X-Forwarded-For", value)
			}
			if got := clientAddress(r, trusted); got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
