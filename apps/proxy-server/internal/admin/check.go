package admin

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"securechat/internal/chat"
)

const (
	longestName    = 80
	mostOrigins    = 100
	longestWebhook = 2048
	longestSecret  = 4096
	leastShared    = 32 // bytes of a key for HS256 (RFC 7518, section 3.2)
	mostRuns       = 1000
	mostNodes      = 50
	longestNode    = 200
	mostScopes     = 50
	mostText       = 32_000
	mostHistory    = 100_000
)

// apply returns the site with what the draft says, checked and with defaults
// filled in.
func (d SiteDraft) apply(s chat.Site) (chat.Site, error) {
	var err error
	if s.Name, err = line("name", d.Name, longestName); err != nil {
		return chat.Site{}, err
	}
	if s.Origins, err = origins(d.Origins); err != nil {
		return chat.Site{}, err
	}
	if s.Agent, err = agent(d.Agent); err != nil {
		return chat.Site{}, err
	}
	if s.Branding, err = d.Branding.Check(); err != nil {
		return chat.Site{}, err
	}
	if s.Policy, err = policy(d.Policy); err != nil {
		return chat.Site{}, err
	}
	s.Disabled, s.Demo = d.Disabled, d.Demo
	return s, nil
}

// line checks a text that is shown in one line.
func line(field, text string, most int) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || !printable(text) || utf8.RuneCountInString(text) > most {
		return "", chat.Wrong(field, "must be one line of 1 to "+strconv.Itoa(most)+" characters")
	}
	return text, nil
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

func origins(texts []string) (chat.Origins, error) {
	if len(texts) > mostOrigins {
		return nil, chat.Wrong("origin", "may be given at most "+strconv.Itoa(mostOrigins)+" times")
	}
	var all chat.Origins
	for _, text := range texts {
		pattern, err := chat.ParseOriginPattern(text)
		if err != nil {
			return nil, err
		}
		if domain, wild := strings.CutPrefix(pattern.Host(), "*."); wild && shared(domain) {
			return nil, chat.Wrong("origin", "must not have a wildcard in front of "+domain+", where anybody may have a name; put it in front of a domain of your own, as in https://*.shop.example")
		}
		if !slices.Contains(all, pattern) {
			all = append(all, pattern)
		}
	}
	return all, nil
}

// shared says whether names right below the domain are given to all comers
// (https://publicsuffix.org), as those below co.uk and github.io are.
func shared(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix("any." + domain)
	return len(suffix) >= len(domain)
}

func agent(a chat.AgentSettings) (chat.AgentSettings, error) {
	a = a.WithDefaults()
	switch a.Kind {
	case chat.AgentN8N:
		if err := webhook(a.Webhook.Reveal()); err != nil {
			return a, err
		}
	case chat.AgentDemo:
		if a.Webhook != "" || a.Auth != chat.AuthNone {
			return a, chat.Wrong("agent", "demo takes neither a webhook nor authentication")
		}
	default:
		return a, chat.Wrong("agent", "must be n8n or demo")
	}
	for _, check := range []func(chat.AgentSettings) error{algorithm, secret, response, bounds} {
		if err := check(a); err != nil {
			return a, err
		}
	}
	return a, nil
}

// webhook never repeats the address, which is a secret itself.
func webhook(text string) error {
	const field = "webhook_url"
	if text == "" {
		return chat.Wrong(field, "must be given for an n8n agent")
	}
	u, err := url.Parse(text)
	switch {
	case len(text) > longestWebhook:
		return chat.Wrong(field, "must be at most "+strconv.Itoa(longestWebhook)+" bytes")
	case err != nil, !printable(text), strings.ContainsAny(text, " \\"), u.Opaque != "", u.Hostname() == "":
		return chat.Wrong(field, "must be a whole address, as in https://n8n.example/webhook/shop")
	case u.Scheme != "https" && u.Scheme != "http":
		return chat.Wrong(field, "must begin with https:// or http://")
	case u.User != nil:
		return chat.Wrong(field, "must not hold a user or password; give them as the secret of basic authentication")
	case strings.Contains(text, "#"):
		return chat.Wrong(field, "must not hold a fragment (#…)")
	}
	return nil
}

func algorithm(a chat.AgentSettings) error {
	switch a.Algorithm {
	case chat.ES256, chat.RS256:
		return nil
	case chat.HS256:
		if a.Auth == chat.AuthJWT {
			return nil
		}
	case "":
		if a.Auth != chat.AuthJWT {
			return nil
		}
	}
	return chat.Wrong("jwt_alg", "must be ES256, RS256 or, with jwt authentication, HS256")
}

// headerLine is the shape of a header's name and value (RFC 9110, section 5).
var headerLine = regexp.MustCompile("^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([!-~](?:[\t -~]*[!-~])?)$")

// ownHeaders are set by whoever carries the request, not by its sender.
var ownHeaders = []string{
	"connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive",
	"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
}

// secret says nothing of what it was given but its length.
func secret(a chat.AgentSettings) error {
	const field = "secret"
	text := a.Secret.Reveal()
	if len(text) > longestSecret {
		return chat.Wrong(field, "must be at most "+strconv.Itoa(longestSecret)+" bytes")
	}
	switch a.Auth {
	case chat.AuthNone:
		if text != "" {
			return chat.Wrong(field, "may only be given with basic, header or jwt authentication")
		}
	case chat.AuthBasic:
		if user, _, ok := strings.Cut(text, ":"); !ok || user == "" || !printable(text) {
			return chat.Wrong(field, "must look like user:password for basic authentication")
		}
	case chat.AuthHeader:
		parts := headerLine.FindStringSubmatch(text)
		if parts == nil || slices.Contains(ownHeaders, strings.ToLower(parts[1])) {
			return chat.Wrong(field, "must look like Name: value for header authentication, with a name that is free to choose")
		}
	case chat.AuthJWT:
		if a.Algorithm == chat.HS256 && len(text) < leastShared {
			return chat.Wrong(field, "must be a shared key of at least "+strconv.Itoa(leastShared)+" bytes for HS256")
		}
		if a.Algorithm != chat.HS256 && text != "" {
			return chat.Wrong(field, "must not be given for "+string(a.Algorithm)+": the server makes the key itself")
		}
	default:
		return chat.Wrong("auth", "must be none, basic, header or jwt")
	}
	return nil
}

func response(a chat.AgentSettings) error {
	switch a.Response {
	case chat.ResponseStreaming, chat.ResponseLastNode, chat.ResponseNode:
		return nil
	}
	return chat.Wrong("response", "must be streaming, last-node or response-node")
}

func bounds(a chat.AgentSettings) error {
	if a.MaxRuns < 0 || a.MaxRuns > mostRuns {
		return chat.Wrong("max_runs", "must be between 0, which is no cap, and "+strconv.Itoa(mostRuns))
	}
	for field, wait := range map[string]time.Duration{"first_byte": a.FirstByte, "silence": a.Silence, "total": a.Total} {
		if wait < time.Second || wait > time.Hour {
			return chat.Wrong(field, "must be between 1s and 1h")
		}
	}
	if len(a.Nodes) > mostNodes {
		return chat.Wrong("nodes", "may name at most "+strconv.Itoa(mostNodes)+" nodes")
	}
	for _, node := range a.Nodes {
		if _, err := line("nodes", node, longestNode); err != nil {
			return err
		}
	}
	return nil
}

var scope = regexp.MustCompile(`^[a-z][a-z0-9_.:-]{0,63}$`)

func policy(p chat.Policy) (chat.Policy, error) {
	switch {
	case len(p.Scopes) > mostScopes, slices.ContainsFunc(p.Scopes, func(s string) bool { return !scope.MatchString(s) }):
		return p, chat.Wrong("scopes", "must be at most "+strconv.Itoa(mostScopes)+" words such as orders:read")
	case p.MaxText < 0 || p.MaxText > mostText:
		return p, chat.Wrong("max_text", "must be between 0, which is the default, and "+strconv.Itoa(mostText))
	case p.HistoryTokens < 0 || p.HistoryTokens > mostHistory:
		return p, chat.Wrong("history_tokens", "must be between 0, which is the default, and "+strconv.Itoa(mostHistory))
	}
	return p, nil
}
