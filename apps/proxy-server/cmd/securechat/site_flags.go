package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"securechat/internal/admin"
	"securechat/internal/chat"
)

// siteFlags are what add and set have in common. Secrets come from files or
// from standard input only: a command line is read by every other process.
type siteFlags struct {
	Origins       []string             `name:"origin" sep:"none" placeholder:"ORIGIN" help:"Page that may hold the chat, as in https://shop.example or https://*.shop.example. May be repeated."`
	Agent         *chat.AgentKind      `placeholder:"KIND" help:"Who answers: n8n or demo."`
	WebhookURL    string               `name:"webhook-url-file" placeholder:"FILE" help:"File with the webhook's address; - is standard input."`
	Auth          *chat.AuthKind       `placeholder:"KIND" help:"How the proxy proves itself to n8n: none, basic, header or jwt."`
	Secret        string               `name:"secret-file" placeholder:"FILE" help:"File with user:password for basic, 'Name: value' for header, the shared key for HS256; - is standard input."`
	Algorithm     *chat.TokenAlgorithm `name:"jwt-alg" placeholder:"ALG" help:"ES256 (the default), RS256 or HS256."`
	Response      *chat.ResponseMode   `placeholder:"MODE" help:"How the workflow answers: streaming (the default), last-node or response-node."`
	MaxRuns       *int                 `placeholder:"N" help:"Runs at once; 0 is without a cap. 10 for a new n8n site."`
	Nodes         []string             `name:"node" sep:"none" placeholder:"NAME" help:"Node whose text is shown; all, where none is named. May be repeated."`
	FirstByte     *time.Duration       `placeholder:"TIME" help:"Longest wait for the first byte of an answer."`
	Silence       *time.Duration       `placeholder:"TIME" help:"Longest wait for a further byte."`
	Total         *time.Duration       `placeholder:"TIME" help:"Longest answer."`
	Scopes        []string             `name:"scope" sep:"none" placeholder:"SCOPE" help:"What visitors may ask the agent for. May be repeated."`
	MaxText       *int                 `placeholder:"N" help:"Characters in one question."`
	HistoryTokens *int                 `placeholder:"N" help:"Size of the history that is sent along, in tokens."`
	Fingerprint   *bool                `negatable:"" help:"Let the widget take a browser fingerprint, as a hint."`
	KeepQuery     *bool                `negatable:"" help:"Keep the query of page addresses."`
	Title         *string              `placeholder:"TEXT" help:"Title of the chat."`
	Tagline       *string              `placeholder:"TEXT" help:"Line below the title."`
	Greeting      *string              `placeholder:"TEXT" help:"What visitors read first."`
	Suggestions   []string             `name:"suggestion" sep:"none" placeholder:"TEXT" help:"Question to begin with. May be repeated."`
	Accent        *string              `placeholder:"COLOUR" help:"Colour such as #2f5bea."`
	Theme         *string              `placeholder:"THEME" help:"auto, light or dark."`
	Position      *string              `placeholder:"SIDE" help:"right or left."`
	LauncherLabel *string              `placeholder:"TEXT" help:"Text beside the launcher's icon."`
	AINotice      *string              `name:"ai-notice" placeholder:"TEXT" help:"Own words for saying that an AI answers."`
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
	replace(&d.Origins, f.Origins)
	a := &d.Agent
	f.forget(a)
	set(&a.Kind, f.Agent)
	change(&a.Webhook, webhook)
	change(&a.Secret, secret)
	set(&a.Algorithm, f.Algorithm)
	set(&a.Response, f.Response)
	set(&a.FirstByte, f.FirstByte)
	set(&a.Silence, f.Silence)
	set(&a.Total, f.Total)
	set(&a.Auth, f.Auth)
	set(&a.MaxRuns, f.MaxRuns)
	replace(&a.Nodes, f.Nodes)
	p := &d.Policy
	set(&p.MaxText, f.MaxText)
	set(&p.HistoryTokens, f.HistoryTokens)
	set(&p.Fingerprint, f.Fingerprint)
	set(&p.KeepQuery, f.KeepQuery)
	replace(&p.Scopes, f.Scopes)
	b := &d.Branding
	set(&b.Title, f.Title)
	set(&b.Tagline, f.Tagline)
	set(&b.Greeting, f.Greeting)
	set(&b.Accent, f.Accent)
	set(&b.Theme, f.Theme)
	set(&b.Position, f.Position)
	set(&b.LauncherLabel, f.LauncherLabel)
	set(&b.AINotice, f.AINotice)
	replace(&b.Suggestions, f.Suggestions)
	return nil
}

// forget drops what belongs to an agent, or to a way of proving oneself, that
// the site is about to give up: nobody could take it back otherwise.
func (f siteFlags) forget(a *chat.AgentSettings) {
	kind := a.Kind
	set(&kind, f.Agent)
	if kind == chat.AgentDemo && a.Kind != chat.AgentDemo {
		a.Webhook, a.Auth, a.Secret, a.Algorithm = "", chat.AuthNone, "", ""
	}
	auth, algorithm := a.Auth, a.Algorithm
	set(&auth, f.Auth)
	set(&algorithm, f.Algorithm)
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

// replace takes over a list that was said. An empty entry is none, so that one
// alone empties the list.
func replace(to *[]string, said []string) {
	if len(said) > 0 {
		*to = slices.DeleteFunc(slices.Clone(said), func(entry string) bool { return entry == "" })
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

// inFlags tells an error as it concerns the command line: by the flag that
// gives the member at fault.
func inFlags(err error) error {
	told, ok := errors.AsType[*chat.Error](err)
	if !ok || told.Kind != chat.Invalid || told.Field == "" {
		return err
	}
	flag := strings.ReplaceAll(strings.TrimPrefix(told.Field, "branding."), "_", "-")
	switch flag {
	case "webhook-url", "secret":
		flag += "-file"
	case "nodes", "scopes", "suggestions":
		flag = strings.TrimSuffix(flag, "s")
	}
	return errors.New("--" + flag + " " + told.Text)
}
