package n8n

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// AllowVariable is the setting that lets webhooks point to private addresses.
const AllowVariable = "SECURECHAT_ALLOW_PRIVATE_UPSTREAMS"

const connectTimeout = 3 * time.Second

// guard says which addresses may be dialled. It is asked after name
// resolution, for every single dial, so that no answer of a name server gets
// past it.
type guard struct {
	allowed []netip.Prefix
	public  *ssrf.Guardian
}

func newGuard(allowed []netip.Prefix) guard {
	azure := netip.MustParsePrefix("168.63.129.16/32") // public by number, but the cloud's own inside Azure
	return guard{allowed: allowed, public: ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(azure))}
}

var (
	errPort    = errors.New("port is not one that n8n would listen on")
	errPrivate = errors.New("address is not public; name its range in " + AllowVariable + " to allow it")
	errPlain   = errors.New("plain http is only for ranges named in " + AllowVariable + "; use https")
)

// check returns nil, or one of the three errors above.
func (g guard) check(to netip.AddrPort, scheme string) error {
	if closed(to.Port()) {
		return errPort
	}
	address := to.Addr().Unmap()
	switch {
	case slices.ContainsFunc(g.allowed, func(p netip.Prefix) bool { return p.Contains(address) }):
		return nil
	case g.public.SafeAddr(address) != nil:
		return errPrivate
	case scheme != "https":
		return errPlain
	}
	return nil
}

// otherServices are ports above 1023 where something else answers, which must
// not be reached by way of a webhook's address.
var otherServices = []uint16{
	1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5671, 5672, 5900, 5984, 5985, 5986,
	6000, 6379, 6380, 6443, 6667, 8500, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 26379, 27017, 27018, 27019,
}

func closed(port uint16) bool {
	if port < 1024 {
		return port != 80 && port != 443
	}
	return slices.Contains(otherServices, port)
}

// dialError marks a failure before anything was sent.
type dialError struct{ cause error }

func (e *dialError) Error() string { return "connect: " + e.cause.Error() }
func (e *dialError) Unwrap() error { return e.cause }

type dial func(ctx context.Context, network, address string) (net.Conn, error)

func (d dial) marked(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d(ctx, network, address)
	if err != nil {
		return nil, &dialError{err}
	}
	return conn, nil
}

// dialer connects to guarded addresses only.
func (g guard) dialer(scheme string, resolver *net.Resolver) *net.Dialer {
	return &net.Dialer{
		Timeout:  connectTimeout,
		Resolver: resolver,
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("read address to dial: %w", err)
			}
			return g.check(to, scheme)
		},
	}
}

// newLounge connects to guarded addresses only, by itself: nothing of the
// environment's proxies, which would hide the address from the guard.
func newLounge(g guard, resolver *net.Resolver, roots *tls.Config) lounge {
	secure := &tls.Dialer{NetDialer: g.dialer("https", resolver), Config: roots}
	return lounge{dial: map[string]dial{
		"http":  g.dialer("http", resolver).DialContext,
		"https": secure.DialContext,
	}}
}
