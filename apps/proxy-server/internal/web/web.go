package web

import "net/http"

// Credential is what a request must show before its route does anything.
type Credential string

const (
	Nobody    Credential = "none"             // anybody may ask
	Entrance  Credential = "ticket or origin" // an embed ticket, or a page that the site lists
	OfSession Credential = "session"          // a cookie or bearer token of a session that lives
	OfPage    Credential = "page and secret"  // a page that the site lists, and the secret that it keeps
)

// Route is one row of the table: the register of everything that is served,
// against which the documents and the security tests are held.
type Route struct {
	Method     string
	Path       string // a pattern of net/http
	Credential Credential
	handle     func(*server, http.ResponseWriter, *http.Request) error
}

// Routes returns the table. The demo shop under /demo/ is mounted beside it.
func Routes() []Route {
	return []Route{
		{"GET", "/embed.js", Nobody, (*server).loader},
		{"GET", "/embed/v/{hash}/embed.js", Nobody, (*server).pinnedLoader},
		{"GET", "/widget/{site_key}", Nobody, (*server).frame},
		{"GET", "/widget/assets/{file}", Nobody, (*server).asset},

		{"POST", "/api/v1/sessions", Entrance, (*server).enter},
		{"GET", "/api/v1/session", OfSession, (*server).current},
		{"DELETE", "/api/v1/session", OfSession, (*server).leave},
		{"GET", "/api/v1/session/conversation", OfSession, (*server).conversation},
		{"POST", "/api/v1/session/conversations", OfSession, (*server).newConversation},
		{"POST", "/api/v1/session/messages", OfSession, (*server).send},
		{"GET", "/api/v1/session/events", OfSession, (*server).events},
		{"POST", "/api/v1/session/turns/{id}/stop", OfSession, (*server).stop},
		{"POST", "/api/v1/session/messages/{id}/feedback", OfSession, (*server).rate},

		{"POST", n8nPath, OfPage, (*server).n8nChat},

		{"GET", "/.well-known/jwks.json", Nobody, (*server).keys},
		{"GET", "/healthz", Nobody, (*server).alive},
		{"GET", "/readyz", Nobody, (*server).ready},
	}
}
