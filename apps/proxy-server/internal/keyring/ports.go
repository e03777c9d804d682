package keyring

import (
	"context"
	"time"

	"securechat/internal/chat"
)

// Store keeps keys, each sealed by the keyring itself before it gets here.
type Store interface {
	// Keys returns the keys of a site ("" for the server's own) for one use,
	// newest first; none is no error.
	Keys(ctx context.Context, site chat.SiteID, use Use) ([]Key, error)
	// AllKeys returns every site's keys for one use, newest first.
	AllKeys(ctx context.Context, use Use) ([]Key, error)
	// AddKey stores a key unless the site already has one of the same use
	// and number, or the new one signs and another of that use does already;
	// added tells. So two replicas that rotate at once make one.
	AddKey(ctx context.Context, k Key) (added bool, err error)
	// DropKey removes a key; removing what is not there changes nothing.
	DropKey(ctx context.Context, site chat.SiteID, use Use, number int) error
	// Promote sets which key of the site signs, where it is still from (0
	// for none) and to is there; done tells.
	Promote(ctx context.Context, site chat.SiteID, use Use, from, to int, at time.Time) (done bool, err error)
}

// Use is what a key is for.
type Use string

const (
	UseData   Use = "data"   // seals columns of one site
	UseTicket Use = "ticket" // stamps embed tickets
	UseDigest Use = "digest" // digests hints such as a fingerprint of one site's visitors
	UseES256  Use = "es256"  // signs tokens for one site's agent
	UseRS256  Use = "rs256"
)

// Key is one stored key.
type Key struct {
	Site    chat.SiteID
	Use     Use
	Number  int    // 1, 2, 3 …
	Name    string // the token's kid; "" where the use has none
	Sealed  []byte
	MadeAt  time.Time
	Signs   bool      // the one in use now
	SignsAt time.Time // since when, zero for the next one
}
