package chat

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Origin is a page's origin (RFC 6454) in its normal form: scheme, host in
// lower-case ASCII, and a port unless it is the scheme's own.
type Origin string

// ParseOrigin accepts what a browser sends in Origin. "null", other schemes
// than http and https, and anything with a path, user or trailing dot are
// refused.
func ParseOrigin(text string) (Origin, error) {
	scheme, host, err := splitOrigin(text)
	if err != nil {
		return "", err
	}
	return Origin(scheme + "://" + host), nil
}

// OriginPattern is one entry of a site's list: an origin, or one whose first
// label is "*" and stands for exactly one label.
type OriginPattern string

// ParseOriginPattern accepts "https://shop.example" and
// "https://*.shop.example".
func ParseOriginPattern(text string) (OriginPattern, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	bare, wild := strings.CutPrefix(rest, "*.")
	scheme, host, err := splitOrigin(scheme + "://" + bare)
	if err != nil {
		return "", err
	}
	if !wild {
		return OriginPattern(scheme + "://" + host), nil
	}
	name, _, _ := strings.Cut(host, ":")
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") {
		return "", Wrong("origin", "may hold a wildcard only in front of a domain, as in https://*.shop.example")
	}
	return OriginPattern(scheme + "://*." + host), nil
}

// Matches says whether o is this origin or fills the wildcard with one label.
func (p OriginPattern) Matches(o Origin) bool {
	scheme, host, wild := strings.Cut(string(p), "://*.")
	if !wild {
		return string(p) == string(o)
	}
	rest, ok := strings.CutPrefix(string(o), scheme+"://")
	if !ok {
		return false
	}
	label, domain, _ := strings.Cut(rest, ".")
	return label != "" && domain == host
}

// Host is the pattern's host without scheme and port.
func (p OriginPattern) Host() string {
	_, host, _ := strings.Cut(string(p), "://")
	if name, _, ok := strings.Cut(host, ":"); ok && !strings.HasPrefix(host, "[") {
		return name
	}
	return host
}

// Origins is a site's list.
type Origins []OriginPattern

// splitOrigin returns scheme and host[:port] in normal form.
func splitOrigin(text string) (scheme, host string, err error) {
	wrong := Wrong("origin", "must look like https://shop.example")
	if strings.ContainsAny(text, " \t\r\n\\;,*\"'<>") {
		return "", "", wrong
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" || u.User != nil ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" ||
		strings.HasSuffix(text, "?") || strings.HasSuffix(text, "#") {
		return "", "", wrong
	}
	port := u.Port()
	if port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", "", wrong
		}
	}
	switch {
	case u.Scheme == "https" && port == "443", u.Scheme == "http" && port == "80":
		port = ""
	case u.Scheme != "https" && u.Scheme != "http", strings.HasSuffix(u.Host, ":"):
		return "", "", wrong
	}
	name := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(name); err != nil {
		if name, err = idna.Lookup.ToASCII(name); err != nil || strings.HasSuffix(name, ".") {
			return "", "", wrong
		}
	} else if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if port != "" {
		name += ":" + port
	}
	return u.Scheme, name, nil
}
