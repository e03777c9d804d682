package gate

import (
	"context"
	"strconv"
	"strings"
	"time"

	"securechat/internal/chat"
)

// TicketLife is how long a frame may take to open its session.
const TicketLife = 10 * time.Minute

// FrameRequest asks for the page that a shop holds in a frame.
type FrameRequest struct {
	Caller

	SiteKey string
	Referer string // header Referer, "" where there is none
	Dest    string // header Sec-Fetch-Dest, "" where there is none
}

// Framing is what that page is served with.
type Framing struct {
	Site      chat.Site
	Ancestors chat.Origins // who may hold it; none means nobody
	Ticket    string       // "" where the page is no frame
	Verdict   Verdict
}

// Frame answers for the frame's page. Where the Referer names an origin that
// the site lists, that one alone may hold the frame, and the ticket is tied to
// it. NotFound where no such site is alive.
func (g *Gate) Frame(ctx context.Context, r FrameRequest) (Framing, error) {
	verdict, err := g.chargeAddress(ctx, Framed, r.Address)
	if err != nil {
		return Framing{}, err
	}
	site, err := g.sites.byKey(ctx, r.SiteKey)
	if err != nil {
		return Framing{}, err
	}
	framing := Framing{Site: site, Ancestors: site.Origins, Verdict: verdict}
	parent, known := refererOrigin(r.Referer)
	if known && site.Allows(parent) {
		framing.Ancestors = chat.Origins{chat.OriginPattern(parent)}
	} else {
		parent = ""
	}
	if r.Dest == "document" {
		return framing, nil
	}
	framing.Ticket, err = g.Tickets.Stamp(ctx, ticket{site.ID, time.Now(), parent}.payload())
	return framing, err
}

// refererOrigin takes the origin of an address, as far as it has one.
func refererOrigin(referer string) (chat.Origin, bool) {
	scheme, rest, ok := strings.Cut(referer, "://")
	if !ok {
		return "", false
	}
	host, _, _ := strings.Cut(rest, "/")
	origin, err := chat.ParseOrigin(scheme + "://" + host)
	return origin, err == nil
}

// ticket proves that a frame was served for a site, and by which page it was
// held where that is known.
type ticket struct {
	site   chat.SiteID
	made   time.Time
	parent chat.Origin
}

// payload is three lines: no part can hold a line's end.
func (t ticket) payload() []byte {
	return []byte(string(t.site) + "\n" + strconv.FormatInt(t.made.Unix(), 10) + "\n" + string(t.parent))
}

func readTicket(payload []byte) (ticket, bool) {
	parts := strings.Split(string(payload), "\n")
	if len(parts) != 3 {
		return ticket{}, false
	}
	seconds, err := strconv.ParseInt(parts[1], 10, 64)
	return ticket{chat.SiteID(parts[0]), time.Unix(seconds, 0), chat.Origin(parts[2])}, err == nil
}

// admit returns the page that holds the frame, "" where unknown. A ticket of
// another site, or of a page that the site no longer lists, is Forbidden.
func (g *Gate) admit(ctx context.Context, site chat.Site, word string) (chat.Origin, error) {
	payload, err := g.Tickets.Unstamp(ctx, word)
	if err != nil {
		return "", err
	}
	t, ok := readTicket(payload)
	switch {
	case !ok || t.site != site.ID:
		return "", forbidden()
	case time.Since(t.made) >= TicketLife:
		return "", chat.E(chat.Forbidden, "ticket_expired", "This page was opened too long ago. Load it again.")
	case t.parent != "" && !site.Allows(t.parent):
		return "", forbidden()
	}
	return t.parent, nil
}
