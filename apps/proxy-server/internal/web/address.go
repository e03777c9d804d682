package web

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"

	"securechat/internal/chat"
)

// clientAddress is who is at the far end: the peer itself or, where the peer
// is one of the trusted proxies, the last address of X-Forwarded-For that is
// not. What stands further left was written by that client and proves nothing.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isTrusted(client, trusted); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		client = hop.Unmap().WithZone("")
	}
	return client
}

// fromProxy says whether a trusted proxy made the request, so that its own
// headers can be believed.
func fromProxy(r *http.Request, trusted []netip.Prefix) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && isTrusted(peer.Addr().Unmap(), trusted)
}

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	for _, prefix := range trusted {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// countryCode is ISO 3166-1 alpha-2. Networks that cannot be placed have codes
// of their own, such as T1 for Tor, which say nothing about a country.
var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

// placeOf is where the visitor seems to be: as the trusted proxy in front says,
// and else as far as the address tells.
func (s *server) placeOf(r *http.Request) chat.Place {
	if s.CountryHeader != "" && fromProxy(r, s.TrustedProxies) {
		if code := strings.ToUpper(r.Header.Get(s.CountryHeader)); countryCode.MatchString(code) && code != "XX" {
			return chat.Place{Country: code}
		}
	}
	if s.Place == nil {
		return chat.Place{}
	}
	return s.Place(clientAddress(r, s.TrustedProxies))
}
