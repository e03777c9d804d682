// Package gate says who may enter: which pages may hold a site's chat, whose
// credential stands for which session, and how often each may come. What is
// said inside is left to others, and so is how it is put on the wire.
package gate

import (
	"context"
	"net/netip"
	"slices"

	"securechat/internal/chat"
)

// Options are what a gate stands on.
type Options struct {
	Store   Store
	Limiter Limiter
	Tickets Tickets
	// Digest stands for a visitor's fingerprint at one site, in 32 bytes.
	Digest func(ctx context.Context, site chat.SiteID, text string) ([]byte, error)
	// Own are the origins that this server's frames are served from.
	Own []chat.Origin
	// Limits say how often; nil means never too often.
	Limits Limits
	// Demo lets in visitors of sites that were made for the demonstration.
	Demo    bool
	Metrics Metrics // optional
}

// Gate lets visitors in. Its methods may be called at once.
type Gate struct {
	Options

	sites *sites
}

// New returns a gate.
func New(o Options) *Gate {
	if o.Metrics == nil {
		o.Metrics = unheard{}
	}
	return &Gate{Options: o, sites: newSites(o.Store, o.Demo)}
}

// unheard is metrics that nobody looks at.
type unheard struct{}

func (unheard) Judged(string, string) {}

// Caller is what a request says of where it comes from.
type Caller struct {
	Origin    string     // header Origin, "" where there is none
	FetchSite string     // header Sec-Fetch-Site, "" where there is none
	Address   netip.Addr // the visitor's, as far as the edge can be trusted
}

// Credentials are what a request shows of itself.
type Credentials struct {
	Bearer  string   // of the Authorization header, or ""
	Cookies []Cookie // those whose names begin with [CookiePrefix]
}

// Cookie is one cookie as it was sent.
type Cookie struct{ Name, Value string }

// channel is the way a session is used: the frame that we serve, or a page of
// the shop that speaks to us by itself.
type channel string

const (
	byFrame channel = "scf_"
	byPage  channel = "scp_"
)

func forbidden() error {
	return chat.E(chat.Forbidden, "origin_forbidden", "This page may not use the chat.")
}

// own says whether origin is one that our frames are served from.
func (g *Gate) own(origin chat.Origin) bool { return slices.Contains(g.Own, origin) }

// Preflight says whether some site lets in pages of this origin, so that they
// may be told to try. The request itself is checked against its own site.
func (g *Gate) Preflight(ctx context.Context, origin string) (bool, error) {
	page, err := chat.ParseOrigin(origin)
	if err != nil {
		return false, nil //nolint:nilerr // what is not an origin is in no list
	}
	origins, err := g.sites.origins(ctx)
	if err != nil {
		return false, err
	}
	return chat.Site{Origins: origins}.Allows(page), nil
}
