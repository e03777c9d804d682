package n8n

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"securechat/internal/chat"
)

const longestAddress = 2048

var errAddress = errors.New("the webhook's address cannot be read")

// parseWebhook reads a webhook's address. Its errors say what is wrong and
// never what was written.
func parseWebhook(address chat.Secret) (*url.URL, error) {
	text := address.Reveal()
	if text == "" || len(text) > longestAddress {
		return nil, chat.Wrong("webhook_url", "must be an address of at most "+strconv.Itoa(longestAddress)+" characters")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7F }) || strings.Contains(text, "%00") {
		return nil, chat.Wrong("webhook_url", "must be free of spaces, backslashes and control characters")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, chat.Wrong("webhook_url", "must be an address such as https://n8n.example.com/webhook/shop")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, chat.Wrong("webhook_url", "must begin with https://, or http:// within a private network")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, chat.Wrong("webhook_url", "must name a host")
	case u.User != nil:
		return nil, chat.Wrong("webhook_url", "must hold no user name or password; use basic authentication")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return nil, chat.Wrong("webhook_url", "must have no part after #")
	case portOf(u) == 0:
		return nil, chat.Wrong("webhook_url", "must have a port between 1 and 65535, or none")
	}
	return u, nil
}

// portOf is the port to connect to, or 0 where the address names none that
// exists.
func portOf(u *url.URL) uint16 {
	switch {
	case u.Port() != "":
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil {
			return 0
		}
		return uint16(port)
	case u.Scheme == "https":
		return 443
	}
	return 80
}

// authorize proves to n8n who asks.
func authorize(h http.Header, settings chat.AgentSettings, token string) error {
	switch settings.Auth {
	case chat.AuthBasic:
		if err := checkBasic(settings.Secret); err != nil {
			return err
		}
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(settings.Secret.Reveal())))
	case chat.AuthHeader:
		name, value, err := splitHeader(settings.Secret)
		if err != nil {
			return err
		}
		h.Set(name, value)
	case chat.AuthJWT:
		h.Set("Authorization", "Bearer "+token)
	}
	return nil
}

func checkBasic(secret chat.Secret) error {
	user, _, found := strings.Cut(secret.Reveal(), ":")
	if !found || user == "" || strings.ContainsFunc(secret.Reveal(), func(r rune) bool { return r < ' ' || r == 0x7F }) {
		return chat.Wrong("secret", "must be user:password for basic authentication")
	}
	return nil
}

// ours are headers that an operator's own must not displace.
var ours = []string{"Host", "Content-Type", "Content-Length", "Transfer-Encoding", "Connection", "User-Agent",
	"Accept-Encoding", "Trailer", "Upgrade", "Te", "Idempotency-Key", "X-Idempotency-Key", "Expect"}

var (
	headerName  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$") // a token of RFC 9110
	headerValue = regexp.MustCompile(`^[\t\x20-\x7E]+$`)
)

func splitHeader(secret chat.Secret) (name, value string, err error) {
	name, value, _ = strings.Cut(secret.Reveal(), ":")
	name, value = http.CanonicalHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
	if !headerName.MatchString(name) || !headerValue.MatchString(value) {
		return "", "", chat.Wrong("secret", "must be Name: value for header authentication")
	}
	if slices.Contains(ours, name) {
		return "", "", chat.Wrong("secret", "must not set the header "+name)
	}
	return name, value, nil
}
