package gate

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"time"

	"securechat/internal/chat"
)

// Guest asks for something in the name of a page that knows nothing of our
// sessions and keeps a word of its own instead.
type Guest struct {
	Caller

	SiteKey   string
	Word      string // a random UUID (version 4), as only its maker can know it
	UserAgent string
}

// wordShape has 122 random bits; anything shorter or made otherwise can be
// guessed.
var wordShape = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// secret is the credential that the word stands for at one site. The word is
// no name of anything: only a digest of both is ever looked up or stored.
func (w Guest) secret(site chat.Site) string {
	sum := sha256.Sum256([]byte("guest\n" + string(site.ID) + "\n" + w.Word))
	return string(byPage) + base64.RawURLEncoding.EncodeToString(sum[:])
}

// Welcome lets a guest in. The page must be one that the site lists: Forbidden
// otherwise. Whoever comes back with the same word has the same visitor and
// conversation; a visit that has expired is followed by a new one. A stranger
// gets a session unless it only wants to read, which is Unauthorized.
func (g *Gate) Welcome(ctx context.Context, w Guest, cost Cost) (Pass, error) {
	first, err := g.chargeAddress(ctx, cost, w.Address)
	if err != nil {
		return Pass{}, err
	}
	site, err := g.sites.byKey(ctx, w.SiteKey)
	if err != nil {
		return Pass{}, err
	}
	e := Entry{SiteKey: w.SiteKey, UserAgent: w.UserAgent, Caller: w.Caller}
	by, page, err := g.door(ctx, site, e)
	if err != nil {
		return Pass{}, err
	}
	if !wordShape.MatchString(w.Word) {
		return Pass{}, chat.Wrong("sessionId", "must be a random UUID")
	}
	now := time.Now()
	secret := w.secret(site)
	e.Bearer = secret
	h, err := g.recognise(ctx, site, by, e, now)
	if err != nil {
		return Pass{}, err
	}
	pass := Pass{Site: site, secret: secret}
	switch {
	case h == nil && cost == Reading:
		return Pass{}, required()
	case h != nil && h.Session.Live(now):
		pass.Visitor, pass.Session = h.Visitor, h.Session
		if err := g.touch(ctx, &pass.Session, now); err != nil {
			return Pass{}, err
		}
	default:
		entered, err := g.open(ctx, Entered{}, site, secret, page, h, e, now)
		if err != nil {
			return Pass{}, err
		}
		pass = entered.Pass
	}
	second, err := g.chargeSession(ctx, cost, pass.Session)
	pass.Verdict = tighter(first, second)
	return pass, err
}
