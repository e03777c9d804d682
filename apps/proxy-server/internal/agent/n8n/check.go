package n8n

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"securechat/internal/chat"
)

// Check says in plain words what is wrong with a site's settings, or nil:
// [chat.Invalid] where they can never work, anything else where they may
// come to work as they are. It asks for the addresses of the webhook's host
// and connects to none. Its errors are for the operator: they may name those
// addresses.
func (a *Agent) Check(ctx context.Context, settings chat.AgentSettings) error {
	settings = settings.WithDefaults()
	webhook, err := parseWebhook(settings.Webhook)
	if err != nil {
		return err
	}
	if strings.HasPrefix(webhook.Path, "/webhook-test/") {
		return chat.Wrong("webhook_url", "must be the production address (/webhook/…): the test address works only while an editor listens")
	}
	if port := portOf(webhook); closed(port) {
		return chat.Wrong("webhook_url", "must not have port "+strconv.Itoa(int(port))+", where something else than n8n listens")
	}
	if err := checkSecret(settings); err != nil {
		return err
	}
	return a.checkHost(ctx, webhook)
}

// Reach is [Agent.Check], and then a connection that is closed at once: a
// question, or even a GET, might run the workflow.
func (a *Agent) Reach(ctx context.Context, settings chat.AgentSettings) error {
	if err := a.Check(ctx, settings); err != nil {
		return err
	}
	webhook, err := parseWebhook(settings.Webhook)
	if err != nil {
		return err
	}
	conn, err := a.lounge.connect(ctx, webhook)
	if err != nil {
		return connectFault(err)
	}
	_ = conn.Close() // nothing was said
	return nil
}

func checkSecret(settings chat.AgentSettings) error {
	switch settings.Auth {
	case chat.AuthNone:
		return nil
	case chat.AuthBasic:
		return checkBasic(settings.Secret)
	case chat.AuthHeader:
		_, _, err := splitHeader(settings.Secret)
		return err
	case chat.AuthJWT:
		switch settings.Algorithm {
		case chat.HS256:
			return checkShared(settings.Secret)
		case chat.ES256, chat.RS256:
			return nil
		}
		return chat.Wrong("jwt_alg", "must be ES256, RS256 or HS256")
	}
	return chat.Wrong("auth", "must be none, basic, header or jwt")
}

// checkHost wants one address of the webhook's host that may be dialled.
func (a *Agent) checkHost(ctx context.Context, webhook *url.URL) error {
	host := webhook.Hostname()
	addresses, err := a.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addresses) == 0 {
		return fmt.Errorf("the host %s cannot be resolved", host)
	}
	port := portOf(webhook)
	var first error
	for _, address := range addresses {
		err := a.guard.check(netip.AddrPortFrom(address, port), webhook.Scheme)
		if err == nil {
			return nil
		}
		if first == nil {
			first = fmt.Errorf("the webhook leads to %s port %d: its %w", address.Unmap(), port, err)
		}
	}
	return first
}
