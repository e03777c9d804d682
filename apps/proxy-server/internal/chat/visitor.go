package chat

import "time"

// Visitor is one person or browser at one site, for up to a year.
type Visitor struct {
	ID         VisitorID
	SiteID     SiteID
	CustomerID string // the shop's own name for a verified visitor, or ""
	Returning  bool   // was here before this session
	CreatedAt  time.Time
}

// Verified says whether the shop has vouched for the visitor.
func (v Visitor) Verified() bool { return v.CustomerID != "" }

// Session is one visit. Its secret exists only with the visitor; the store
// knows a hash.
type Session struct {
	ID             SessionID
	SiteID         SiteID
	VisitorID      VisitorID
	ConversationID ConversationID // the one this session has open
	Origin         Origin         // the page the session was opened for, "" where unknown
	UserAgent      string
	Locale         string
	Fingerprint    []byte // salted hash, or nil
	CreatedAt      time.Time
	SeenAt         time.Time
	EndedAt        time.Time // zero while the visit lasts
}

const (
	SessionIdle      = 30 * time.Minute
	SessionLongest   = 24 * time.Hour
	CredentialLife   = 365 * 24 * time.Hour
	CredentialRoll   = time.Hour        // a secret older than this is replaced when the session is resumed
	CredentialGrace  = 60 * time.Second // the old secret goes on working after its successor was first used
	sessionTouchSlop = time.Minute
)

// Live says whether the session is neither ended nor expired at now.
func (s Session) Live(now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.ExpiresAt())
}

// ExpiresAt is when the session ends if nothing more happens.
func (s Session) ExpiresAt() time.Time {
	idle, longest := s.SeenAt.Add(SessionIdle), s.CreatedAt.Add(SessionLongest)
	if idle.Before(longest) {
		return idle
	}
	return longest
}

// Stale says whether SeenAt lags so far behind now that it should be written
// anew; writing it at every request would cost a commit each.
func (s Session) Stale(now time.Time) bool { return now.Sub(s.SeenAt) > sessionTouchSlop }
