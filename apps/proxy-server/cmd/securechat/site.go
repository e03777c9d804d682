package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"securechat/internal/admin"
	"securechat/internal/chat"
)

type siteCommands struct {
	Add    siteAddCommand    `cmd:"" help:"Make a site; its public key is the last line printed."`
	List   siteListCommand   `cmd:"" help:"List the sites."`
	Show   siteShowCommand   `cmd:"" help:"Show one site, without its secrets, or its public key for n8n."`
	Set    siteSetCommand    `cmd:"" help:"Change a site. What is not named stays as it is; an empty value takes back what was said."`
	Remove siteRemoveCommand `cmd:"" help:"Remove a site and all that was said there."`
}

// withAdmin opens what there is and lets do work on the sites.
func withAdmin(ctx context.Context, w world, do func(*ground, *admin.Admin) error) (err error) {
	c, err := w.settings()
	if err != nil {
		return err
	}
	g, err := openGround(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	webhook := &trial{ground: g}
	if err := do(g, admin.New(g.store, webhook.review)); err != nil {
		return inFlags(err)
	}
	webhook.warn(w.err)
	return nil
}

// unknown tells an error about the site that the key should name.
func unknown(key string, err error) error {
	if chat.KindOf(err) == chat.NotFound {
		return fmt.Errorf("there is no site %s: `securechat site list` prints the keys", key)
	}
	return err
}

const standardRuns = 10 // n8n manages a few runs a second on a small machine

type siteAddCommand struct {
	Name string `required:"" help:"What operators call the site."`
	siteFlags
	asJSON
}

func (c siteAddCommand) Run(ctx context.Context, w world) error {
	draft := admin.SiteDraft{Name: c.Name, Agent: chat.AgentSettings{Kind: chat.AgentN8N, MaxRuns: standardRuns}}
	if err := c.apply(w, &draft); err != nil {
		return err
	}
	return withAdmin(ctx, w, func(_ *ground, a *admin.Admin) error {
		site, err := a.AddSite(ctx, draft)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(w.out, toldSite(site))
		}
		if len(site.Origins) == 0 {
			fmt.Fprintln(w.out, "No page may hold this chat yet: name one with `securechat site set "+site.Key+" --origin https://shop.example`.")
		}
		if site.Agent.Algorithm == chat.ES256 || site.Agent.Algorithm == chat.RS256 {
			fmt.Fprintln(w.out, "n8n verifies with the key that `securechat site show "+site.Key+" --public-key` prints.")
		}
		_, err = fmt.Fprintln(w.out, site.Key)
		return err
	})
}

// asJSON is on every command that prints sites.
type asJSON struct {
	JSON bool `name:"json" help:"Print JSON."`
}

type siteListCommand struct{ asJSON }

func (c siteListCommand) Run(ctx context.Context, w world) error {
	return withAdmin(ctx, w, func(_ *ground, a *admin.Admin) error {
		sites, err := a.Sites(ctx)
		if err != nil {
			return err
		}
		told := make([]siteJSON, len(sites))
		for i, site := range sites {
			told[i] = toldSite(site)
		}
		if c.JSON {
			return writeJSON(w.out, told)
		}
		table := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(table, "KEY\tNAME\tAGENT\tORIGINS\t")
		for _, s := range told {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Key, s.Name, s.Agent.Kind, strings.Join(s.Origins, " "), s.state())
		}
		return table.Flush()
	})
}

type siteShowCommand struct {
	Key       string `arg:"" help:"Public key of the site."`
	PublicKey bool   `help:"Print the key that verifies the site's tokens (PEM), for n8n's credential."`
	Next      bool   `help:"With --public-key: the key that will sign after the present one."`
	asJSON
}

func (c siteShowCommand) Run(ctx context.Context, w world) error {
	if c.Next && !c.PublicKey {
		return errors.New("--next says which key --public-key prints: say that as well")
	}
	return withAdmin(ctx, w, func(g *ground, a *admin.Admin) error {
		site, err := a.Site(ctx, c.Key)
		if err != nil {
			return unknown(c.Key, err)
		}
		if c.PublicKey {
			return c.printKey(ctx, w, g, site)
		}
		if c.JSON {
			return writeJSON(w.out, toldSite(site))
		}
		return toldSite(site).print(w.out)
	})
}

type siteSetCommand struct {
	Key      string  `arg:"" help:"Public key of the site."`
	Name     *string `placeholder:"NAME" help:"What operators call the site."`
	Disabled *bool   `negatable:"" help:"Turn the chat off or on."`
	siteFlags
	asJSON
}

func (c siteSetCommand) Run(ctx context.Context, w world) error {
	// Read before anything is changed, and only once: a conflict is tried again.
	var said admin.SiteDraft
	if err := c.apply(w, &said); err != nil {
		return err
	}
	f := c.siteFlags
	f.WebhookURL, f.Secret = "", ""
	return withAdmin(ctx, w, func(_ *ground, a *admin.Admin) error {
		site, err := a.ChangeSite(ctx, c.Key, func(d *admin.SiteDraft) {
			_ = f.apply(w, d) // it can only fail where it reads
			change(&d.Agent.Webhook, said.Agent.Webhook)
			change(&d.Agent.Secret, said.Agent.Secret)
			set(&d.Name, c.Name)
			set(&d.Disabled, c.Disabled)
		})
		if err != nil {
			return unknown(c.Key, err)
		}
		if c.JSON {
			return writeJSON(w.out, toldSite(site))
		}
		return toldSite(site).print(w.out)
	})
}

type siteRemoveCommand struct {
	Key string `arg:"" help:"Public key of the site."`
	Yes bool   `help:"Say that everything said there is to be removed as well."`
}

func (c siteRemoveCommand) Run(ctx context.Context, w world) error {
	if !c.Yes {
		return errors.New("this removes the site and every conversation held there, for good: say so with --yes")
	}
	return withAdmin(ctx, w, func(_ *ground, a *admin.Admin) error {
		if err := a.RemoveSite(ctx, c.Key); err != nil {
			return unknown(c.Key, err)
		}
		_, err := fmt.Fprintln(w.out, "removed", c.Key)
		return err
	})
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
