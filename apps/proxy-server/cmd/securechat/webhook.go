package main

import (
	"context"
	"fmt"
	"time"

	"securechat/internal/admin"
	"securechat/internal/agent/n8n"
	"securechat/internal/chat"
)

const webhookPatience = 5 * time.Second // somebody sits before the command and waits

// tryWebhook keeps settings that can never work from being stored, and says
// of others what does not work now: a site may be made before its n8n is.
func tryWebhook(w world, g *ground) admin.Review {
	return func(ctx context.Context, settings chat.AgentSettings) error {
		if settings.Kind != chat.AgentN8N {
			return nil
		}
		limited, cancel := context.WithTimeout(ctx, webhookPatience)
		defer cancel()
		err := reach(limited, g, settings)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case chat.KindOf(err) == chat.Invalid:
			return err
		case err != nil:
			fmt.Fprintf(w.err, "warning: as things are now and seen from here, no question would reach the webhook (--webhook-url-file): %s.\n"+
				"That keeps nobody from saving the site; `securechat doctor` tries its webhook again.\n", plain(err))
		}
		return nil
	}
}

// reach tries a webhook as far as that runs no workflow.
func reach(ctx context.Context, g *ground, settings chat.AgentSettings) error {
	return n8n.New(n8n.Options{Signer: g.keys, Allowed: g.config.PrivateUpstreams}).Reach(ctx, settings)
}
