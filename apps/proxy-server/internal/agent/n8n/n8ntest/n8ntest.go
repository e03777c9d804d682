// Package n8ntest is an n8n that fits in a test: it registers webhooks, checks
// their credentials in n8n's own words, and answers with true heads and with
// whatever body, pace and ending a test asks for. It runs no workflows.
package n8ntest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// N8N is an [http.Handler] that behaves as n8n does at its webhooks. Its zero
// value has none.
type N8N struct {
	mu       sync.Mutex
	webhooks map[string]webhook
	heard    []Request
}

type webhook struct {
	auth   Auth
	answer Answer
}

// Request is one that reached n8n, whether or not it was let in.
type Request struct {
	Path   string
	Header http.Header
	Body   []byte
	Ran    bool // a workflow was started
}

// Answer writes one response. It may assume that the request was let in.
type Answer func(w http.ResponseWriter, r *http.Request)

// Start serves a new n8n on the loopback until the test ends.
func Start(t *testing.T) (*N8N, *httptest.Server) {
	t.Helper()
	n := new(N8N)
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	return n, server
}

// Publish registers a webhook at /webhook/<path>, in place of the one before.
func (n *N8N) Publish(path string, auth Auth, answer Answer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.webhooks == nil {
		n.webhooks = make(map[string]webhook)
	}
	n.webhooks["/webhook/"+path] = webhook{auth, answer}
}

// Requests returns what has been heard so far.
func (n *N8N) Requests() []Request {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.heard)
}

// Runs is how often a workflow was started.
func (n *N8N) Runs() int {
	runs := 0
	for _, r := range n.Requests() {
		if r.Ran {
			runs++
		}
	}
	return runs
}

func (n *N8N) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	n.mu.Lock()
	hook, found := n.webhooks[r.URL.Path]
	n.mu.Unlock()
	switch {
	case !found || r.Method != http.MethodPost:
		n.hear(r, body, false)
		NotRegistered(w, r)
	case !hook.auth.admits(w, r):
		n.hear(r, body, false)
	default:
		n.hear(r, body, true)
		hook.answer(w, r)
	}
}

func (n *N8N) hear(r *http.Request, body []byte, ran bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heard = append(n.heard, Request{Path: r.URL.Path, Header: r.Header.Clone(), Body: body, Ran: ran})
}

// NotRegistered answers as n8n does for a workflow that is not active.
func NotRegistered(w http.ResponseWriter, r *http.Request) {
	name := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/webhook/")
	Reply(http.StatusNotFound, "application/json; charset=utf-8",
		fmt.Sprintf(`{"code":404,"message":"The requested webhook \"%s\" is not registered.","hint":"The workflow must be active for a production URL to run successfully."}`, name))(w, r)
}

// Reply answers at once with the whole body.
func Reply(status int, contentType, body string) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) //nolint:gosec // a test's own words; a client that is gone needs none
	}
}

// Auth is a webhook's credential; the zero value admits everybody.
type Auth struct {
	User, Password string // basic
	Name, Value    string // header
	Key            any    // JWT: a shared key as []byte, or a public key
	Algorithm      string // JWT: the one algorithm that is taken
}

// admits checks a request as the Webhook node does, and answers the refused.
func (a Auth) admits(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case a.User != "":
		user, password, given := r.BasicAuth()
		if !given {
			return refuse(w, http.StatusUnauthorized, "Authorization is required!")
		}
		if user != a.User || password != a.Password {
			return refuse(w, http.StatusUnauthorized, "Authentication data is wrong!")
		}
	case a.Name != "":
		if r.Header.Get(a.Name) != a.Value {
			return refuse(w, http.StatusForbidden, "Authorization data is wrong!")
		}
	case a.Key != nil:
		_, token, given := strings.Cut(r.Header.Get("Authorization"), " ")
		if !given {
			return refuse(w, http.StatusUnauthorized, "No token provided")
		}
		if fault := a.verify(token); fault != "" {
			return refuse(w, http.StatusForbidden, fault)
		}
	}
	return true
}

// verify says in n8n's words what is wrong with a token, or "".
func (a Auth) verify(token string) string {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(a.Algorithm)})
	if err != nil {
		return "invalid algorithm"
	}
	var claims jwt.Claims
	if parsed.Claims(a.Key, &claims) != nil {
		return "invalid signature"
	}
	if claims.ValidateWithLeeway(jwt.Expected{Time: time.Now()}, 0) != nil {
		return "jwt expired"
	}
	return ""
}

func refuse(w http.ResponseWriter, status int, words string) bool {
	w.Header().Set("WWW-Authenticate", `Basic realm="Webhook"`)
	w.Header()["Content-Type"] = nil // n8n sends none here
	w.WriteHeader(status)
	_, _ = io.WriteString(w, words)
	return false
}
