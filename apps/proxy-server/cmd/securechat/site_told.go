package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"securechat/internal/chat"
	"securechat/internal/keyring"
)

// siteJSON is a site as it is shown to operators: everything but its secrets.
type siteJSON struct {
	ID        string       `json:"id"`
	Key       string       `json:"key"`
	Name      string       `json:"name"`
	Origins   []string     `json:"origins"`
	Agent     agentJSON    `json:"agent"`
	Branding  brandingJSON `json:"branding"`
	Policy    policyJSON   `json:"policy"`
	Disabled  bool         `json:"disabled"`
	Demo      bool         `json:"demo"`
	CreatedAt time.Time    `json:"created_at"`
	UpdatedAt time.Time    `json:"updated_at"`
}

type agentJSON struct {
	Kind      chat.AgentKind      `json:"kind"`
	Auth      chat.AuthKind       `json:"auth"`
	Algorithm chat.TokenAlgorithm `json:"jwt_alg,omitempty"`
	Response  chat.ResponseMode   `json:"response"`
	MaxRuns   int                 `json:"max_runs"`
	Nodes     []string            `json:"nodes,omitempty"`
	FirstByte string              `json:"first_byte"`
	Silence   string              `json:"silence"`
	Total     string              `json:"total"`
}

type brandingJSON struct {
	Title         string   `json:"title"`
	Tagline       string   `json:"tagline"`
	Greeting      string   `json:"greeting"`
	Suggestions   []string `json:"suggestions,omitempty"`
	Accent        string   `json:"accent"`
	Theme         string   `json:"theme"`
	Position      string   `json:"position"`
	LauncherLabel string   `json:"launcher_label,omitempty"`
	AINotice      string   `json:"ai_notice,omitempty"`
}

type policyJSON struct {
	Scopes        []string `json:"scopes,omitempty"`
	MaxText       int      `json:"max_text"`
	HistoryTokens int      `json:"history_tokens"`
	Fingerprint   bool     `json:"fingerprint"`
	KeepQuery     bool     `json:"keep_query"`
}

func toldSite(s chat.Site) siteJSON {
	told := siteJSON{
		ID: string(s.ID), Key: s.Key, Name: s.Name, Origins: []string{},
		Agent: agentJSON{
			Kind: s.Agent.Kind, Auth: s.Agent.Auth, Algorithm: s.Agent.Algorithm, Response: s.Agent.Response,
			MaxRuns: s.Agent.MaxRuns, Nodes: s.Agent.Nodes,
			FirstByte: s.Agent.FirstByte.String(), Silence: s.Agent.Silence.String(), Total: s.Agent.Total.String(),
		},
		Branding: brandingJSON(s.Branding),
		Policy: policyJSON{
			Scopes: s.Policy.Scopes, MaxText: s.Policy.TextLimit(), HistoryTokens: s.Policy.HistoryBudget(),
			Fingerprint: s.Policy.Fingerprint, KeepQuery: s.Policy.KeepQuery,
		},
		Disabled: s.Disabled, Demo: s.Demo, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
	for _, origin := range s.Origins {
		told.Origins = append(told.Origins, string(origin))
	}
	return told
}

func (s siteJSON) state() string {
	switch {
	case s.Disabled:
		return "disabled"
	case s.Demo:
		return "demo"
	}
	return ""
}

// print writes the site for people, a line each.
func (s siteJSON) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	row := func(name string, value any) {
		if text := fmt.Sprint(value); text != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, text)
		}
	}
	row("key", s.Key)
	row("name", s.Name)
	row("state", s.state())
	row("origins", strings.Join(s.Origins, " "))
	row("agent", s.Agent.Kind)
	row("auth", s.Agent.Auth)
	row("jwt algorithm", s.Agent.Algorithm)
	row("response", s.Agent.Response)
	row("runs at once", s.Agent.MaxRuns)
	row("nodes", strings.Join(s.Agent.Nodes, ", "))
	row("first byte within", s.Agent.FirstByte)
	row("silence at most", s.Agent.Silence)
	row("answer within", s.Agent.Total)
	row("scopes", strings.Join(s.Policy.Scopes, ", "))
	row("longest question", s.Policy.MaxText)
	row("history, tokens", s.Policy.HistoryTokens)
	row("fingerprint", s.Policy.Fingerprint)
	row("keeps queries", s.Policy.KeepQuery)
	row("title", s.Branding.Title)
	row("tagline", s.Branding.Tagline)
	row("greeting", s.Branding.Greeting)
	row("suggestions", strings.Join(s.Branding.Suggestions, " | "))
	row("accent", s.Branding.Accent)
	row("theme", s.Branding.Theme)
	row("position", s.Branding.Position)
	row("created", s.CreatedAt.Format(time.RFC3339))
	return table.Flush()
}

// printKey prints the public key that n8n is to verify with.
func (c siteShowCommand) printKey(ctx context.Context, w world, g *ground, site chat.Site) error {
	alg := site.Agent.Algorithm
	if alg != chat.ES256 && alg != chat.RS256 {
		return fmt.Errorf("the site has no key of its own: `securechat site set %s --jwt-alg ES256` has the server make one", site.Key)
	}
	keys, err := g.keys.PublicKeys(ctx, site.ID, alg)
	if err != nil {
		return err
	}
	want := keyring.Current
	if c.Next {
		want = keyring.Next
	}
	for _, key := range keys {
		if key.State == want {
			_, err := fmt.Fprint(w.out, key.PEM)
			return err
		}
	}
	return fmt.Errorf("there is no %s key", want)
}
