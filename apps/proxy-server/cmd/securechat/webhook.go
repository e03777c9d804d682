package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"securechat/internal/agent/n8n"
	"securechat/internal/chat"
)

const webhookPatience = 5 * time.Second // somebody sits before the command and waits

// trial tries a site's webhook before the site is stored.
type trial struct {
	ground *ground
	doubt  error // why no question would reach the webhook as things are now, or nil
}

// review keeps settings that can never work from being stored, and notes of
// others what does not work now: a site may be made before its n8n is.
func (t *trial) review(ctx context.Context, settings chat.AgentSettings) error {
	t.doubt = nil
	if settings.Kind != chat.AgentN8N {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, webhookPatience)
	defer cancel()
	err := reach(limited, t.ground, settings)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case chat.KindOf(err) == chat.Invalid:
		return err
	}
	t.doubt = err
	return nil
}

// warn is called once the site is stored.
func (t *trial) warn(out io.Writer) {
	if t.doubt != nil {
		fmt.Fprintf(out, "warning: the site is saved, but as things are now and seen from here no question would reach its webhook (--webhook-url-file): %s.\n"+
			"`securechat doctor` tries it again.\n", plain(t.doubt))
	}
}

// reach tries a webhook as far as that runs no workflow.
func reach(ctx context.Context, g *ground, settings chat.AgentSettings) error {
	return n8n.New(n8n.Options{Signer: g.keys, Allowed: g.config.PrivateUpstreams}).Reach(ctx, settings)
}
