package gate

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"securechat/internal/chat"
)

// Entry asks for a session.
type Entry struct {
	Caller
	Credentials

	SiteKey     string
	Ticket      string // of the frame, or ""
	UserAgent   string
	Locale      string
	Fingerprint string // taken by the widget where the site lets it, or ""
}

// Entered is a visitor inside.
type Entered struct {
	Pass

	// Token is the credential that a bearer goes on with: a new one, or the
	// one that was shown as bearer; "" where the visitor's cookie stands.
	Token chat.Secret
	// Minted says that Token is new. Where Framed, it belongs into the cookie
	// called CookieName too.
	Minted     bool
	Framed     bool
	CookieName string
}

const (
	longestUserAgent   = 512
	longestLocale      = 35 // RFC 5646, section 4.4.1
	longestFingerprint = 256
)

// Enter opens a session, or resumes the one whose credential was sent along.
// It needs a ticket for the site, or an origin that the site lists: Forbidden
// otherwise. A credential that is unknown, or another site's, is as good as
// none; one whose session has expired is exchanged for a new session of the
// same visitor.
func (g *Gate) Enter(ctx context.Context, e Entry) (Entered, error) {
	if _, err := g.chargeAddress(ctx, Reading, e.Address); err != nil {
		return Entered{}, err
	}
	site, err := g.sites.byKey(ctx, e.SiteKey)
	if err != nil {
		return Entered{}, err
	}
	by, page, err := g.door(ctx, site, e)
	if err != nil {
		return Entered{}, err
	}
	now := time.Now()
	h, err := g.recognise(ctx, site, by, e, now)
	if err != nil {
		return Entered{}, err
	}
	entered := Entered{Framed: by == byFrame, CookieName: CookieName(site)}
	if h != nil && h.Session.Live(now) { // as on every page with the chat open
		if _, err := g.chargeSession(ctx, Reading, h.Session); err != nil {
			return Entered{}, err
		}
		return g.resume(ctx, entered, site, *h, e, now)
	}
	return g.open(ctx, entered, site, newSecret(by), page, h, e, now)
}

// door says which way the visitor comes in, and from which page.
func (g *Gate) door(ctx context.Context, site chat.Site, e Entry) (channel, chat.Origin, error) {
	origin, err := chat.ParseOrigin(e.Origin)
	sent := e.Origin != ""
	switch {
	case sent && err != nil, e.FetchSite == "same-site":
		return "", "", forbidden()
	case e.Ticket != "":
		if sent && !g.own(origin) || e.FetchSite == "cross-site" {
			return "", "", forbidden()
		}
		page, err := g.admit(ctx, site, e.Ticket)
		return byFrame, page, err
	case !sent, g.own(origin), !site.Allows(origin):
		return "", "", forbidden()
	}
	return byPage, origin, nil
}

// recognise returns who stands behind the credentials, or nil. Only those of
// this site and this way in count, and of a page only the bearer's.
func (g *Gate) recognise(ctx context.Context, site chat.Site, by channel, e Entry, now time.Time) (*holder, error) {
	for _, secret := range e.of(CookieName(site)) {
		h, err := g.known(ctx, secret, now)
		switch {
		case chat.KindOf(err) == chat.NotFound:
			continue
		case err != nil:
			return nil, err
		case h.by != by, h.Session.SiteID != site.ID, !h.Session.EndedAt.IsZero():
			continue
		}
		return &h, nil
	}
	return nil, nil
}

// resume goes on with a session, and replaces its secret where that has grown
// old.
func (g *Gate) resume(ctx context.Context, entered Entered, site chat.Site, h holder, e Entry, now time.Time) (Entered, error) {
	session := h.Session
	if err := g.touch(ctx, &session, now); err != nil {
		return Entered{}, err
	}
	entered.Pass = Pass{Site: site, Visitor: h.Visitor, Session: session, secret: h.secret}
	if now.Sub(h.CredentialMade) < chat.CredentialRoll {
		if h.secret == e.Bearer {
			entered.Token = chat.Secret(h.secret)
		}
		return entered, nil
	}
	return g.mint(ctx, entered, newSecret(h.by), &h, now)
}

// open begins a session under the secret: of the visitor who is known, else of
// a new one.
func (g *Gate) open(ctx context.Context, entered Entered, site chat.Site, secret string, page chat.Origin, h *holder, e Entry, now time.Time) (Entered, error) {
	if _, err := g.chargeAddress(ctx, Entering, e.Address); err != nil {
		return Entered{}, err
	}
	if err := g.chargeSite(ctx, Entering, site.ID); err != nil {
		return Entered{}, err
	}
	visitor := chat.Visitor{ID: chat.VisitorID(chat.NewID()), SiteID: site.ID, CreatedAt: now}
	conversation := chat.ConversationID(chat.NewID())
	if h != nil {
		visitor, conversation = h.Visitor, h.Current
		visitor.Returning = true
	}
	session := chat.Session{
		ID:             chat.SessionID(chat.NewID()),
		SiteID:         site.ID,
		VisitorID:      visitor.ID,
		ConversationID: conversation,
		Origin:         page,
		UserAgent:      clip(e.UserAgent, longestUserAgent),
		Locale:         clip(e.Locale, longestLocale),
		CreatedAt:      now,
		SeenAt:         now,
	}
	if site.Policy.Fingerprint && e.Fingerprint != "" {
		digest, err := g.Digest(ctx, site.ID, clip(e.Fingerprint, longestFingerprint))
		if err != nil {
			return Entered{}, fmt.Errorf("digest fingerprint: %w", err)
		}
		session.Fingerprint = digest
	}
	entered.Pass = Pass{Site: site, Visitor: visitor, Session: session}
	return g.mint(ctx, entered, secret, h, now)
}

// mint stores the entry under the secret, which follows the one it was bought
// with unless it is the same.
func (g *Gate) mint(ctx context.Context, entered Entered, secret string, h *holder, now time.Time) (Entered, error) {
	opening := Opening{
		Visitor: entered.Visitor,
		Session: entered.Session,
		Hash:    hash(secret),
		Made:    now,
		Until:   now.Add(chat.CredentialLife),
	}
	if h != nil && h.secret != secret {
		opening.Follows = hash(h.secret)
	}
	if err := g.Store.Open(ctx, opening); err != nil {
		return Entered{}, fmt.Errorf("open session: %w", err)
	}
	entered.Token, entered.Minted = chat.Secret(secret), true
	entered.secret = secret
	return entered, nil
}

// clip keeps the first bytes of a header, and only as far as it is text.
func clip(text string, most int) string {
	if len(text) > most {
		text = text[:most]
	}
	text = strings.ToValidUTF8(text, "")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
}
