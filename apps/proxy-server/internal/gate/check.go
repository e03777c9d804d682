package gate

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"securechat/internal/chat"
)

// Request asks for something in the name of a session.
type Request struct {
	Caller
	Credentials

	// SiteKey names the site that the page speaks for, where it says so. It
	// chooses among cookies and grants nothing.
	SiteKey string
}

// Pass is a request let in.
type Pass struct {
	Site    chat.Site
	Visitor chat.Visitor
	Session chat.Session
	Verdict Verdict // of the tightest limit
	secret  string
}

// Check lets a request in that will cost what cost says. Unauthorized where
// there is no credential, or one whose session has expired; Forbidden where it
// comes from a page that may not use it; Limited where it comes too often.
func (g *Gate) Check(ctx context.Context, r Request, cost Cost) (Pass, error) {
	first, err := g.chargeAddress(ctx, cost, r.Address)
	if err != nil {
		return Pass{}, err
	}
	now := time.Now()
	h, err := g.present(ctx, r, now)
	if err != nil {
		return Pass{}, err
	}
	site, err := g.sites.byID(ctx, h.Session.SiteID)
	if err != nil {
		return Pass{}, err
	}
	if r.SiteKey != "" && r.SiteKey != site.Key {
		return Pass{}, required()
	}
	if !g.mayUse(site, h.by, r, cost) {
		return Pass{}, forbidden()
	}
	if !h.Session.Live(now) {
		return Pass{}, chat.E(chat.Unauthorized, "session_expired", "This visit is over. Begin a new one.")
	}
	second, err := g.chargeSession(ctx, cost, h.Session)
	if err != nil {
		return Pass{}, err
	}
	session := h.Session
	if err := g.touch(ctx, &session, now); err != nil {
		// The visitor is let in all the same: at worst the visit ends early.
		slog.WarnContext(ctx, "session not touched", "error", err)
	}
	return Pass{Site: site, Visitor: h.Visitor, Session: session, Verdict: tighter(first, second), secret: h.secret}, nil
}

// Lives says whether the site lets visitors in: NotFound where it does not.
func (g *Gate) Lives(ctx context.Context, site chat.SiteID) error {
	_, err := g.sites.byID(ctx, site)
	return err
}

// Holds says whether what a pass was given for still stands, so that long
// streams end when their site or their session does: Unauthorized or NotFound
// where it does not. It counts as no visit.
func (g *Gate) Holds(ctx context.Context, p Pass) error {
	if err := g.Lives(ctx, p.Site.ID); err != nil {
		return err
	}
	h, err := g.known(ctx, p.secret, time.Now())
	if chat.KindOf(err) == chat.NotFound || err == nil && !h.Session.EndedAt.IsZero() {
		return required()
	}
	return err
}

// Leave ends the session, and with it all its credentials.
func (g *Gate) Leave(ctx context.Context, p Pass) error {
	if err := g.Store.End(ctx, p.Session, time.Now()); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// NewConversation opens another thread, and returns the session as it is then.
func (g *Gate) NewConversation(ctx context.Context, p Pass) (chat.Session, error) {
	conversation := chat.ConversationID(chat.NewID())
	if err := g.Store.NewConversation(ctx, p.Session, conversation, time.Now()); err != nil {
		return chat.Session{}, fmt.Errorf("open conversation: %w", err)
	}
	session := p.Session
	session.ConversationID = conversation
	return session, nil
}

// fewAtOnce keeps each act short, so that visitors hardly wait for it.
const fewAtOnce = 500

// Sweep removes credentials that can no longer be used, and the sessions that
// nobody can come back to.
func (g *Gate) Sweep(ctx context.Context, now time.Time) error {
	for {
		n, err := g.Store.Forget(ctx, now, fewAtOnce)
		if err != nil {
			return fmt.Errorf("forget what is over: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}

func required() error {
	return chat.E(chat.Unauthorized, "session_required", "Begin a session first.")
}

// present finds the one credential that the request means.
func (g *Gate) present(ctx context.Context, r Request, now time.Time) (holder, error) {
	secret, bearer := r.Bearer, r.Bearer != ""
	if !bearer {
		var err error
		if secret, err = g.cookieFor(ctx, r); err != nil {
			return holder{}, err
		}
	}
	h, err := g.known(ctx, secret, now)
	switch {
	case chat.KindOf(err) == chat.NotFound:
		return holder{}, required()
	case err != nil:
		return holder{}, err
	case !bearer && h.by != byFrame, !h.Session.EndedAt.IsZero():
		return holder{}, required()
	}
	return h, nil
}

func (g *Gate) cookieFor(ctx context.Context, r Request) (string, error) {
	if r.SiteKey == "" {
		return r.only(), nil
	}
	site, err := g.sites.byKey(ctx, r.SiteKey)
	if err != nil {
		return "", err
	}
	return r.cookie(CookieName(site)), nil
}

// mayUse says whether the request comes from where its session lives: a
// frame's from our own pages, a page's from an origin that the site lists.
// Browsers leave the Origin out of reads within one origin, and only of those.
func (g *Gate) mayUse(site chat.Site, by channel, r Request, cost Cost) bool {
	if r.Origin == "" {
		return by == byFrame && (r.FetchSite == "same-origin" || r.FetchSite == "" && cost == Reading)
	}
	origin, err := chat.ParseOrigin(r.Origin)
	switch {
	case err != nil, r.FetchSite == "same-site":
		return false
	case by == byFrame:
		return g.own(origin)
	}
	return site.Allows(origin)
}

// touch notes that the session was seen, at most once a minute.
func (g *Gate) touch(ctx context.Context, s *chat.Session, now time.Time) error {
	if !s.Stale(now) {
		return nil
	}
	if err := g.Store.Touch(ctx, *s, now); err != nil {
		return fmt.Errorf("touch session: %w", err)
	}
	s.SeenAt = now
	return nil
}
