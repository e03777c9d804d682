package web

import (
	"net/http"
	"net/url"
	"strings"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

// caller is where a request says it comes from.
func (s *server) caller(r *http.Request) gate.Caller {
	return gate.Caller{
		Origin:    strings.Join(r.Header.Values("Origin"), ","), // two of them are no origin
		FetchSite: r.Header.Get("Sec-Fetch-Site"),
		Address:   clientAddress(r, s.TrustedProxies),
	}
}

// credentials are what a request shows of itself.
func credentials(r *http.Request) gate.Credentials {
	var shown gate.Credentials
	if values := r.Header.Values("Authorization"); len(values) == 1 {
		if scheme, token, ok := strings.Cut(values[0], " "); ok && strings.EqualFold(scheme, "Bearer") {
			shown.Bearer = strings.TrimSpace(token)
		}
	}
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, gate.CookiePrefix) {
			shown.Cookies = append(shown.Cookies, gate.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	return shown
}

// pass lets the request in, or says why not.
func (s *server) pass(w http.ResponseWriter, r *http.Request, cost gate.Cost) (gate.Pass, error) {
	pass, err := s.Gate.Check(r.Context(), gate.Request{
		SiteKey:     s.framedSite(r),
		Caller:      s.caller(r),
		Credentials: credentials(r),
	}, cost)
	if err == nil {
		tellLimit(w, pass.Verdict)
	}
	return pass, err
}

// framedSite is the site whose frame makes the request, "" where none does:
// the frame's page sends its address along to us, and to nobody else.
func (s *server) framedSite(r *http.Request) string {
	page, err := url.Parse(r.Referer())
	if err != nil || page.Host != r.Host {
		return ""
	}
	key, ok := strings.CutPrefix(page.Path, "/widget/")
	if !ok || strings.Contains(key, "/") {
		return ""
	}
	return key
}

// setCookie gives the frame its credential to keep. Partitioned (CHIPS) keeps
// it to this shop's pages.
func setCookie(w http.ResponseWriter, name, secret string) {
	http.SetCookie(w, credentialCookie(name, secret, int(chat.CredentialLife.Seconds())))
}

// dropCookie takes it back.
func dropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, credentialCookie(name, "", -1))
}

func credentialCookie(name, secret string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // SameSite=None: the frame is another site's; Partitioned keeps it to that one
		Name: name, Value: secret, MaxAge: maxAge,
		Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode, Partitioned: true,
	}
}

// secretNames are query parameters by which a credential would end up in logs
// and histories.
var secretNames = []string{"token", "access_token", "session", "ticket", "authorization", "bearer", "secret"}

// noSecretInQuery refuses credentials in the address, without reading them.
func noSecretInQuery(r *http.Request) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	for name := range r.URL.Query() {
		for _, secret := range secretNames {
			if strings.EqualFold(name, secret) {
				return &chat.Error{Kind: chat.Malformed, Code: "secret_in_query", Field: secret, Text: "must not be part of the address"}
			}
		}
	}
	return nil
}

// tellLimit says how much room is left (draft-ietf-httpapi-ratelimit-headers).
func tellLimit(w http.ResponseWriter, v gate.Verdict) {
	if limit, policy := v.Fields(); limit != "" {
		w.Header().Set("RateLimit", limit)
		w.Header().Set("RateLimit-Policy", policy)
	}
}
