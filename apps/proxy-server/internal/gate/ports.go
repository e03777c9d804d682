package gate

import (
	"context"
	"time"

	"securechat/internal/chat"
)

// Directory knows the sites.
type Directory interface {
	// SiteByKey returns the site with this public key; NotFound where there
	// is none. Disabled sites are returned too.
	SiteByKey(ctx context.Context, key string) (chat.Site, error)
	// SiteByID returns the site; NotFound where there is none.
	SiteByID(ctx context.Context, id chat.SiteID) (chat.Site, error)
	// Sites returns every site, oldest first.
	Sites(ctx context.Context) ([]chat.Site, error)
}

// Store keeps sites, visitors and sessions. Each method is one atomic act.
type Store interface {
	Directory
	// Holder returns whose credential has this hash: the session, ended or
	// not, and its visitor. NotFound where the hash is unknown or the
	// credential's own life is over at now. The first use of a successor
	// ends its predecessors [chat.CredentialGrace] later, in the same act.
	Holder(ctx context.Context, hash []byte, now time.Time) (Holder, error)
	// Open stores what is new of an entry: the visitor, the conversation and
	// the session where they are not there yet, and the credential. Of
	// another session that the credential follows, the secrets go on until
	// the new one is first used. A credential that is there already goes over
	// to this session. Repeating it changes nothing.
	Open(ctx context.Context, o Opening) error
	// Touch notes that the session was seen at now; never backwards.
	Touch(ctx context.Context, s chat.Session, now time.Time) error
	// End ends the session at now, and with it its credentials and those
	// they followed. Repeating it, or ending what is not there, changes
	// nothing.
	End(ctx context.Context, s chat.Session, now time.Time) error
	// NewConversation opens another conversation for the session and its
	// visitor. Repeating it changes nothing; NotFound where the session is
	// not there, or the conversation is another visitor's.
	NewConversation(ctx context.Context, s chat.Session, c chat.ConversationID, now time.Time) error
	// Forget removes up to limit credentials whose own life is over at now,
	// and each session that none is left of, with what it says of the
	// browser; what was said in it stays. It returns how many sessions were
	// concerned; 0 means that nothing is left to forget.
	Forget(ctx context.Context, now time.Time, limit int) (int, error)
}

// Holder is who stands behind a credential.
type Holder struct {
	Visitor         chat.Visitor
	Session         chat.Session
	CredentialMade  time.Time           // when this very secret was made
	CredentialUntil time.Time           // when it can no longer be exchanged, by what is known now
	Current         chat.ConversationID // the visitor's newest conversation
}

// Opening is what Enter wants stored. Hash belongs to the new secret.
type Opening struct {
	Visitor chat.Visitor
	Session chat.Session
	Hash    []byte
	Follows []byte    // hash of the credential that this one replaces, or nil
	Made    time.Time // when the secret was made
	Until   time.Time // when it can no longer be exchanged
}

// Limiter counts takes by key.
type Limiter interface {
	// Take charges every key at now, or none: where one is exhausted the
	// verdict tells which and when to come again. One call is one act. A
	// limit without a burst always lets through.
	Take(ctx context.Context, now time.Time, takes []Take) (Verdict, error)
}

// Metrics hears what is worth counting.
type Metrics interface {
	// Judged hears what limits said of a request that would cost so much.
	// Tier is the name of the one that refused, "" where none did.
	Judged(cost, tier string)
}

// Take asks for one place in a bucket.
type Take struct {
	Name  string // of the tier, as told to the visitor: "address", "session" …
	Key   string // whose bucket
	Limit Limit
}

// Limit lets Burst through at once and then one every Per/Burst (GCRA).
type Limit struct {
	Burst int
	Per   time.Duration
}

// Verdict is what a limiter says of the tightest tier.
type Verdict struct {
	Allowed    bool
	Name       string
	Limit      Limit
	Remaining  int
	RetryAfter time.Duration // 0 where allowed
	Reset      time.Duration // until the bucket is full again
}

// Tickets makes and checks the short words that prove where a frame came from.
type Tickets interface {
	// Stamp returns payload with a seal, in URL-safe characters.
	Stamp(ctx context.Context, payload []byte) (string, error)
	// Unstamp returns the payload of a word that Stamp made, and Forbidden
	// for any other.
	Unstamp(ctx context.Context, word string) ([]byte, error)
}
