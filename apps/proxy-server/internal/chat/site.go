package chat

import (
	"slices"
	"time"
)

// Site is one shop: who may embed its widget, which agent answers, how it
// looks and what its visitors may ask for.
type Site struct {
	ID        SiteID
	Key       string // public, "pk_…"; names the site on the wire
	Name      string
	Origins   Origins
	Agent     AgentSettings
	Branding  Branding
	Policy    Policy
	Demo      bool // made by --demo and dead without it
	Disabled  bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Domain is the host of the site's first origin, as the agent is told it.
func (s Site) Domain() string {
	if len(s.Origins) == 0 {
		return ""
	}
	return s.Origins[0].Host()
}

// AgentKind names who answers a site's visitors.
type AgentKind string

const (
	AgentN8N  AgentKind = "n8n"
	AgentDemo AgentKind = "demo"
)

// AuthKind is how the proxy proves itself to a webhook.
type AuthKind string

const (
	AuthNone   AuthKind = "none"
	AuthBasic  AuthKind = "basic"  // Secret is "user:password"
	AuthHeader AuthKind = "header" // Secret is "Name: value"
	AuthJWT    AuthKind = "jwt"    // Secret is the shared key for HS256, else empty
)

// TokenAlgorithm is a JWS algorithm (RFC 7518) that n8n can verify.
type TokenAlgorithm string

const (
	ES256 TokenAlgorithm = "ES256"
	RS256 TokenAlgorithm = "RS256"
	HS256 TokenAlgorithm = "HS256"
)

// ResponseMode is the way the workflow answers.
type ResponseMode string

const (
	ResponseStreaming ResponseMode = "streaming"
	ResponseLastNode  ResponseMode = "last-node"
	ResponseNode      ResponseMode = "response-node"
)

// AgentSettings is what a site's owner says about the agent.
type AgentSettings struct {
	Kind      AgentKind
	Webhook   Secret // the whole address
	Auth      AuthKind
	Secret    Secret
	Algorithm TokenAlgorithm
	Response  ResponseMode
	MaxRuns   int           // workflows under way at once; 0 means no cap
	FirstByte time.Duration // longest wait for the first byte of an answer
	Silence   time.Duration // longest wait for a further byte
	Total     time.Duration // longest answer
	Nodes     []string      // nodes whose text is shown; empty means all
}

// WithDefaults fills what was left out. n8n may hold a run back without a
// byte, hence the long first wait; it sends a keepalive every 30 s after that.
func (a AgentSettings) WithDefaults() AgentSettings {
	orDuration := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	orDuration(&a.FirstByte, 90*time.Second)
	orDuration(&a.Silence, 75*time.Second)
	orDuration(&a.Total, 10*time.Minute)
	if a.Auth == "" {
		a.Auth = AuthNone
	}
	if a.Auth == AuthJWT && a.Algorithm == "" {
		a.Algorithm = ES256
	}
	if a.Response == "" {
		a.Response = ResponseStreaming
	}
	return a
}

// Policy is what a site's visitors may do and what its agent is told.
type Policy struct {
	Scopes        []string // what a visitor may ask the agent for
	MaxText       int      // characters in one message; 0 means [DefaultMaxText]
	HistoryTokens int      // budget of the history sent along; 0 means [DefaultHistoryTokens]
	Fingerprint   bool     // a browser fingerprint may be taken, as a hint
	KeepQuery     bool     // page addresses keep their query
}

const (
	DefaultMaxText       = 4000
	DefaultHistoryTokens = 2000
)

// TextLimit is the longest message in characters.
func (p Policy) TextLimit() int {
	if p.MaxText > 0 {
		return p.MaxText
	}
	return DefaultMaxText
}

// HistoryBudget is the size of the history sent along, in tokens.
func (p Policy) HistoryBudget() int {
	if p.HistoryTokens > 0 {
		return p.HistoryTokens
	}
	return DefaultHistoryTokens
}

// Allows says whether a page of this origin may use the site.
func (s Site) Allows(origin Origin) bool {
	return slices.ContainsFunc(s.Origins, func(o OriginPattern) bool { return o.Matches(origin) })
}
