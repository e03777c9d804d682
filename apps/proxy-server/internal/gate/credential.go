package gate

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"time"

	"securechat/internal/chat"
)

// CookiePrefix begins the name of every cookie that may hold a credential.
const CookiePrefix = "__Host-securechat-"

// CookieName is the cookie of one site's visitors. Each site has its own, so
// that two sites in one browser do not displace each other; the last digits of
// a UUIDv7 are its random ones.
func CookieName(site chat.Site) string {
	id := string(site.ID)
	return CookiePrefix + id[max(len(id)-12, 0):]
}

// secretShape is a channel and 32 random bytes in base64url. What looks
// otherwise was not made here and is not worth a look into the store.
var secretShape = regexp.MustCompile(`^sc[fp]_[A-Za-z0-9_-]{43}$`)

// newSecret makes a credential. The channel is part of what is hashed, so it
// cannot be changed by whoever holds the secret.
func newSecret(by channel) string {
	var random [32]byte
	rand.Read(random[:]) // never fails
	return string(by) + base64.RawURLEncoding.EncodeToString(random[:])
}

func hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// of are the secrets that may stand for a visitor of the site, the bearer's
// first. A cookie that was sent twice is ignored: one of the two was planted.
func (c Credentials) of(name string) []string {
	var secrets []string
	if c.Bearer != "" {
		secrets = append(secrets, c.Bearer)
	}
	if value := c.cookie(name); value != "" {
		secrets = append(secrets, value)
	}
	return secrets
}

func (c Credentials) cookie(name string) string {
	value := ""
	for _, cookie := range c.Cookies {
		if cookie.Name != name {
			continue
		}
		if value != "" {
			return ""
		}
		value = cookie.Value
	}
	return value
}

// only is the cookie of a request that does not say for which site it is, or
// "" where more than one could be meant.
func (c Credentials) only() string {
	name := ""
	for _, cookie := range c.Cookies {
		if name != "" && cookie.Name != name {
			return ""
		}
		name = cookie.Name
	}
	return c.cookie(name)
}

// holder is who stands behind a secret, and the way it is to be used.
type holder struct {
	Holder

	secret string
	by     channel
}

// known returns who stands behind the secret; NotFound for anything that is
// not a credential whose life still lasts.
func (g *Gate) known(ctx context.Context, secret string, now time.Time) (holder, error) {
	if !secretShape.MatchString(secret) {
		return holder{}, chat.Missing()
	}
	by := byPage
	if strings.HasPrefix(secret, string(byFrame)) {
		by = byFrame
	}
	h, err := g.Store.Holder(ctx, hash(secret), now)
	return holder{Holder: h, secret: secret, by: by}, err
}
