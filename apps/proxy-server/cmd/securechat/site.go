package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"securechat/internal/admin"
	"securechat/internal/chat"
	"securechat/internal/config"
)

type siteCommands struct {
	Add    siteAddCommand    `cmd:"" help:"Make a site; its public key is the last line printed."`
	List   siteListCommand   `cmd:"" help:"List the sites."`
	Show   siteShowCommand   `cmd:"" help:"Show one site, without its secrets, or its public key for n8n."`
	Set    siteSetCommand    `cmd:"" help:"Change a site. What is not named stays as it is."`
	Remove siteRemoveCommand `cmd:"" help:"Remove a site and all that was said there."`
}

// siteFlags are what add and set have in common. Secrets come from files or
// from standard input only: a command line is read by every other process.
type siteFlags struct {
	Origins       []string            `name:"origin" sep:"none" placeholder:"ORIGIN" help:"Page that may hold the chat, as in https://shop.example or https://*.shop.example. May be repeated."`
	Agent         chat.AgentKind      `placeholder:"KIND" help:"Who answers: n8n or demo."`
	WebhookURL    string              `name:"webhook-url-file" placeholder:"FILE" help:"File with the webhook's address; - is standard input."`
	Auth          *chat.AuthKind      `placeholder:"KIND" help:"How the proxy proves itself to n8n: none, basic, header or jwt."`
	Secret        string              `name:"secret-file" placeholder:"FILE" help:"File with user:password for basic, 'Name: value' for header, the shared key for HS256; - is standard input."`
	Algorithm     chat.TokenAlgorithm `name:"jwt-alg" placeholder:"ALG" help:"ES256 (the default), RS256 or HS256."`
	Response      chat.ResponseMode   `placeholder:"MODE" help:"How the workflow answers: streaming (the default), last-node or response-node."`
	MaxRuns       *int                `placeholder:"N" help:"Runs at once; 0 is without a cap. 10 for a new n8n site."`
	Nodes         []string            `name:"node" sep:"none" placeholder:"NAME" help:"Node whose text is shown; all, where none is named. May be repeated."`
	FirstByte     time.Duration       `placeholder:"TIME" help:"Longest wait for the first byte of an answer."`
	Silence       time.Duration       `placeholder:"TIME" help:"Longest wait for a further byte."`
	Total         time.Duration       `placeholder:"TIME" help:"Longest answer."`
	Scopes        []string            `name:"scope" sep:"none" placeholder:"SCOPE" help:"What visitors may ask the agent for. May be repeated."`
	MaxText       int                 `placeholder:"N" help:"Characters in one question."`
	HistoryTokens int                 `placeholder:"N" help:"Size of the history that is sent along, in tokens."`
	Fingerprint   *bool               `negatable:"" help:"Let the widget take a browser fingerprint, as a hint."`
	KeepQuery     *bool               `negatable:"" help:"Keep the query of page addresses."`
	Title         string              `placeholder:"TEXT" help:"Title of the chat."`
	Tagline       string              `placeholder:"TEXT" help:"Line below the title."`
	Greeting      string              `placeholder:"TEXT" help:"What visitors read first."`
	Suggestions   []string            `name:"suggestion" sep:"none" placeholder:"TEXT" help:"Question to begin with. May be repeated."`
	Accent        string              `placeholder:"COLOUR" help:"Colour such as #2f5bea."`
	Theme         string              `placeholder:"THEME" help:"auto, light or dark."`
	Position      string              `placeholder:"SIDE" help:"right or left."`
	LauncherLabel string              `placeholder:"TEXT" help:"Text beside the launcher's icon."`
	AINotice      string              `name:"ai-notice" placeholder:"TEXT" help:"Own words for saying that an AI answers."`
}

// apply changes the draft in what was named.
func (f siteFlags) apply(w world, d *admin.SiteDraft) error {
	if f.WebhookURL == "-" && f.Secret == "-" {
		return errors.New("standard input can give either the webhook's address or the secret: name a file for the other")
	}
	webhook, err := readSecret(w, f.WebhookURL)
	if err != nil {
		return fmt.Errorf("--webhook-url-file: %w", err)
	}
	secret, err := readSecret(w, f.Secret)
	if err != nil {
		return fmt.Errorf("--secret-file: %w", err)
	}
	if len(f.Origins) > 0 {
		d.Origins = f.Origins
	}
	a := &d.Agent
	f.forget(a)
	change(&a.Kind, f.Agent)
	change(&a.Webhook, webhook)
	change(&a.Secret, secret)
	change(&a.Algorithm, f.Algorithm)
	change(&a.Response, f.Response)
	change(&a.FirstByte, f.FirstByte)
	change(&a.Silence, f.Silence)
	change(&a.Total, f.Total)
	set(&a.Auth, f.Auth)
	set(&a.MaxRuns, f.MaxRuns)
	if len(f.Nodes) > 0 {
		a.Nodes = f.Nodes
	}
	p := &d.Policy
	change(&p.MaxText, f.MaxText)
	change(&p.HistoryTokens, f.HistoryTokens)
	set(&p.Fingerprint, f.Fingerprint)
	set(&p.KeepQuery, f.KeepQuery)
	if len(f.Scopes) > 0 {
		p.Scopes = f.Scopes
	}
	b := &d.Branding
	change(&b.Title, f.Title)
	change(&b.Tagline, f.Tagline)
	change(&b.Greeting, f.Greeting)
	change(&b.Accent, f.Accent)
	change(&b.Theme, f.Theme)
	change(&b.Position, f.Position)
	change(&b.LauncherLabel, f.LauncherLabel)
	change(&b.AINotice, f.AINotice)
	if len(f.Suggestions) > 0 {
		b.Suggestions = f.Suggestions
	}
	return nil
}

// forget drops what belongs to an agent, or to a way of proving oneself, that
// the site is about to give up: nobody could take it back otherwise.
func (f siteFlags) forget(a *chat.AgentSettings) {
	if f.Agent == chat.AgentDemo && a.Kind != chat.AgentDemo {
		a.Webhook, a.Auth, a.Secret, a.Algorithm = "", chat.AuthNone, "", ""
	}
	auth, algorithm := a.Auth, a.Algorithm
	set(&auth, f.Auth)
	change(&algorithm, f.Algorithm)
	if auth != a.Auth || algorithm != a.Algorithm {
		a.Secret = ""
	}
	if auth != a.Auth && a.Algorithm == chat.HS256 {
		a.Algorithm = "" // its key is gone; the others are made here
	}
}

// change takes over what was said; the zero value says nothing.
func change[T comparable](to *T, said T) {
	var nothing T
	if said != nothing {
		*to = said
	}
}

// set takes over what was said, zero or not; nil says nothing.
func set[T any](to *T, said *T) {
	if said != nil {
		*to = *said
	}
}

const longestSecret = 64 << 10

// readSecret reads a file, or standard input for "-", without the line's end.
func readSecret(w world, path string) (chat.Secret, error) {
	var from io.Reader
	switch path {
	case "":
		return "", nil
	case "-":
		from = w.in
	default:
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer file.Close()
		from = file
	}
	content, err := io.ReadAll(io.LimitReader(from, longestSecret))
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(content), "\r\n")
	if text == "" {
		return "", errors.New("it is empty")
	}
	return chat.Secret(text), nil
}

// withAdmin opens what there is and lets do work on the sites.
func withAdmin(ctx context.Context, w world, do func(*ground, *admin.Admin) error) (err error) {
	c, err := config.Read(w.getenv)
	if err != nil {
		return err
	}
	g, err := openGround(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	return do(g, admin.New(g.store, tryWebhook(w, g)))
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
	return withAdmin(ctx, w, func(g *ground, a *admin.Admin) error {
		site, err := a.Site(ctx, c.Key)
		if err != nil {
			return err
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
	Key      string `arg:"" help:"Public key of the site."`
	Name     string `help:"What operators call the site."`
	Disabled *bool  `negatable:"" help:"Turn the chat off or on."`
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
			change(&d.Name, c.Name)
			set(&d.Disabled, c.Disabled)
		})
		if err != nil {
			return err
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
			return err
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
