package admin_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/admin"
	"securechat/internal/chat"
	"securechat/internal/keyring"
	"securechat/internal/store/sqlite"
	"securechat/internal/store/sqlstore"
)

func newAdmin(t *testing.T) *admin.Admin {
	t.Helper()
	return adminWith(t, nil)
}

func adminWith(t *testing.T, review admin.Review) *admin.Admin {
	t.Helper()
	engine, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "chat.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	if err := sqlstore.Migrate(t.Context(), engine); err != nil {
		t.Fatal(err)
	}
	file, err := keyring.NewKeyFile()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.Open(t.Context(), file, sqlstore.NewKeys(engine))
	if err != nil {
		t.Fatal(err)
	}
	return admin.New(sqlstore.New(engine, keys), review)
}

func n8nDraft(changes ...func(*admin.SiteDraft)) admin.SiteDraft {
	d := admin.SiteDraft{
		Name:    "Shop",
		Origins: []string{"https://shop.example", "https://*.Shop.example", "https://shop.example:443"},
		Agent:   chat.AgentSettings{Kind: chat.AgentN8N, Webhook: "https://n8n.example/webhook/abc", Auth: chat.AuthJWT, MaxRuns: 10},
	}
	for _, change := range changes {
		change(&d)
	}
	return d
}

func TestASiteIsKeptAsItWasAdded(t *testing.T) {
	a := newAdmin(t)
	added, err := a.AddSite(t.Context(), n8nDraft())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(added.Key, "pk_") || len(added.Key) < 20 {
		t.Errorf("key %q can be guessed", added.Key)
	}
	if diff := cmp.Diff(chat.Origins{"https://shop.example", "https://*.shop.example"}, added.Origins); diff != "" {
		t.Errorf("origins are not normal and without repeats (-want +got)\n%s", diff)
	}
	if added.Agent.Algorithm != chat.ES256 || added.Branding.Title == "" {
		t.Errorf("defaults are missing: %+v", added)
	}
	read, err := a.Site(t.Context(), added.Key)
	if diff := cmp.Diff(added, read); err != nil || diff != "" {
		t.Errorf("%v; read differs from added (-added +read)\n%s", err, diff)
	}
}

func TestWhatWillNotDoIsNamed(t *testing.T) {
	a := newAdmin(t)
	for name, c := range map[string]struct {
		field  string
		change func(*admin.SiteDraft)
	}{
		"no name":                  {"name", func(d *admin.SiteDraft) { d.Name = "  " }},
		"name of two lines":        {"name", func(d *admin.SiteDraft) { d.Name = "a\nb" }},
		"any origin":               {"origin", func(d *admin.SiteDraft) { d.Origins = []string{"*"} }},
		"policy in an origin":      {"origin", func(d *admin.SiteDraft) { d.Origins = []string{"https://a.com; script-src *"} }},
		"line in an origin":        {"origin", func(d *admin.SiteDraft) { d.Origins = []string{"https://a.com\nx: y"} }},
		"data as an origin":        {"origin", func(d *admin.SiteDraft) { d.Origins = []string{"data:text/html,x"} }},
		"no webhook":               {"webhook_url", func(d *admin.SiteDraft) { d.Agent.Webhook = "" }},
		"webhook without scheme":   {"webhook_url", func(d *admin.SiteDraft) { d.Agent.Webhook = "n8n.example/webhook" }},
		"file as a webhook":        {"webhook_url", func(d *admin.SiteDraft) { d.Agent.Webhook = "file:///etc/passwd" }},
		"user in a webhook":        {"webhook_url", func(d *admin.SiteDraft) { d.Agent.Webhook = "https://me:pw@n8n.example/x" }},
		"fragment in a webhook":    {"webhook_url", func(d *admin.SiteDraft) { d.Agent.Webhook = "https://n8n.example/x#y" }},
		"unknown agent":            {"agent", func(d *admin.SiteDraft) { d.Agent.Kind = "magic" }},
		"webhook of the demo":      {"agent", func(d *admin.SiteDraft) { d.Agent.Kind = chat.AgentDemo }},
		"unknown authentication":   {"auth", func(d *admin.SiteDraft) { d.Agent.Auth = "magic" }},
		"secret without need":      {"secret", func(d *admin.SiteDraft) { d.Agent.Auth, d.Agent.Secret = chat.AuthNone, "x" }},
		"basic without user":       {"secret", func(d *admin.SiteDraft) { d.Agent.Auth, d.Agent.Secret = chat.AuthBasic, ":pw" }},
		"header without value":     {"secret", func(d *admin.SiteDraft) { d.Agent.Auth, d.Agent.Secret = chat.AuthHeader, "X-Key:" }},
		"header of two lines":      {"secret", func(d *admin.SiteDraft) { d.Agent.Auth, d.Agent.Secret = chat.AuthHeader, "X-Key: a\r\nHost: b" }},
		"header that is not ours":  {"secret", func(d *admin.SiteDraft) { d.Agent.Auth, d.Agent.Secret = chat.AuthHeader, "Host: elsewhere" }},
		"short shared key":         {"secret", func(d *admin.SiteDraft) { d.Agent.Algorithm, d.Agent.Secret = chat.HS256, "short" }},
		"shared key for a pair":    {"secret", func(d *admin.SiteDraft) { d.Agent.Secret = chat.Secret(strings.Repeat("k", 32)) }},
		"algorithm none":           {"jwt_alg", func(d *admin.SiteDraft) { d.Agent.Algorithm = "none" }},
		"unknown response":         {"response", func(d *admin.SiteDraft) { d.Agent.Response = "magic" }},
		"fewer runs than none":     {"max_runs", func(d *admin.SiteDraft) { d.Agent.MaxRuns = -1 }},
		"wait of a day":            {"total", func(d *admin.SiteDraft) { d.Agent.Total = 24 * time.Hour }},
		"colour that is code":      {"branding.accent", func(d *admin.SiteDraft) { d.Branding.Accent = "red;}*{" }},
		"scope of two words":       {"scopes", func(d *admin.SiteDraft) { d.Policy.Scopes = []string{"orders read"} }},
		"text beyond all measure":  {"max_text", func(d *admin.SiteDraft) { d.Policy.MaxText = 1 << 30 }},
		"history below all budget": {"history_tokens", func(d *admin.SiteDraft) { d.Policy.HistoryTokens = -1 }},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.AddSite(t.Context(), n8nDraft(c.change))
			told, ok := errors.AsType[*chat.Error](err)
			if !ok || told.Kind != chat.Invalid || told.Field != c.field {
				t.Errorf("got %v, want an error about %s", err, c.field)
			}
			if err != nil && (strings.Contains(err.Error(), "me:pw") || strings.Contains(err.Error(), "webhook/abc")) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
	if sites, err := a.Sites(t.Context()); err != nil || len(sites) != 0 {
		t.Errorf("%d sites were stored, %v", len(sites), err)
	}
}

func TestSecretsThatFitTheirAuthenticationAreTaken(t *testing.T) {
	a := newAdmin(t)
	for name, change := range map[string]func(*admin.SiteDraft){
		"basic":  func(d *admin.SiteDraft) { d.Agent.Auth, d.Agent.Secret = chat.AuthBasic, "user:pass:word" },
		"header": func(d *admin.SiteDraft) { d.Agent.Auth, d.Agent.Secret = chat.AuthHeader, "X-Api-Key: a b" },
		"HS256": func(d *admin.SiteDraft) {
			d.Agent.Algorithm, d.Agent.Secret = chat.HS256, chat.Secret(strings.Repeat("k", 32))
		},
		"RS256": func(d *admin.SiteDraft) { d.Agent.Algorithm = chat.RS256 },
		"none":  func(d *admin.SiteDraft) { d.Agent.Auth = chat.AuthNone },
		"query": func(d *admin.SiteDraft) { d.Agent.Webhook = "http://10.0.0.5:5678/webhook/x?a=b" },
	} {
		if _, err := a.AddSite(t.Context(), n8nDraft(change)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAChangeLeavesTheRestAsItWas(t *testing.T) {
	a := newAdmin(t)
	added, err := a.AddSite(t.Context(), n8nDraft())
	if err != nil {
		t.Fatal(err)
	}
	changed, err := a.ChangeSite(t.Context(), added.Key, func(d *admin.SiteDraft) { d.Disabled = true })
	if err != nil {
		t.Fatal(err)
	}
	want := added
	want.Disabled, want.UpdatedAt = true, changed.UpdatedAt
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("more has changed (-want +got)\n%s", diff)
	}
	if !changed.UpdatedAt.After(added.UpdatedAt) {
		t.Error("the change cannot be told from what was before")
	}
}

func TestAnAgentIsReviewedBeforeItIsStored(t *testing.T) {
	refused := errors.New("not this one")
	var reviewed []chat.Secret
	a := adminWith(t, func(_ context.Context, agent chat.AgentSettings) error {
		reviewed = append(reviewed, agent.Webhook)
		if strings.HasSuffix(agent.Webhook.Reveal(), "/bad") {
			return refused
		}
		return nil
	})
	lead := func(webhook chat.Secret) func(*admin.SiteDraft) {
		return func(d *admin.SiteDraft) { d.Agent.Webhook = webhook }
	}
	if _, err := a.AddSite(t.Context(), n8nDraft(lead("https://n8n.example/bad"))); !errors.Is(err, refused) {
		t.Errorf("adding it: %v", err)
	}
	site, err := a.AddSite(t.Context(), n8nDraft(lead("https://n8n.example/good")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.ChangeSite(t.Context(), site.Key, lead("https://n8n.example/bad")); !errors.Is(err, refused) {
		t.Errorf("changing to it: %v", err)
	}
	if _, err := a.ChangeSite(t.Context(), site.Key, func(d *admin.SiteDraft) { d.Name = "Other" }); err != nil {
		t.Fatal(err)
	}
	if _, err := a.ChangeSite(t.Context(), site.Key, lead("n8n.example")); chat.KindOf(err) != chat.Invalid {
		t.Errorf("changing to what is no address: %v", err)
	}
	sites, err := a.Sites(t.Context())
	if err != nil || len(sites) != 1 || sites[0].Agent.Webhook.Reveal() != "https://n8n.example/good" {
		t.Errorf("stored %+v, %v", sites, err)
	}
	if diff := cmp.Diff([]chat.Secret{"https://n8n.example/bad", "https://n8n.example/good", "https://n8n.example/bad"}, reviewed); diff != "" {
		t.Errorf("only well-formed agents that change are reviewed (-want +got)\n%s", diff)
	}
}

func TestOfTwoChangesAtOnceOneIsRefused(t *testing.T) {
	a := newAdmin(t)
	site, err := a.AddSite(t.Context(), n8nDraft())
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.ChangeSite(t.Context(), site.Key, func(d *admin.SiteDraft) {
		d.Name = "Outer"
		if _, err := a.ChangeSite(t.Context(), site.Key, func(d *admin.SiteDraft) { d.Name = "Inner" }); err != nil {
			t.Error(err)
		}
	})
	if chat.KindOf(err) != chat.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
	if now, err := a.Site(t.Context(), site.Key); err != nil || now.Name != "Inner" {
		t.Errorf("the site is called %q, %v", now.Name, err)
	}
}

func TestASiteIsKeptByKeyAndMadeOnce(t *testing.T) {
	a := newAdmin(t)
	demo := admin.SiteDraft{Name: "Demo", Agent: chat.AgentSettings{Kind: chat.AgentDemo}, Demo: true}
	first, err := a.KeepSite(t.Context(), "pk_demo", demo)
	if err != nil {
		t.Fatal(err)
	}
	demo.Origins = []string{"http://localhost:8080"}
	second, err := a.KeepSite(t.Context(), "pk_demo", demo)
	if err != nil || second.ID != first.ID || len(second.Origins) != 1 {
		t.Errorf("kept as %+v, %v", second, err)
	}
	if err := a.RemoveSite(t.Context(), "pk_demo"); err != nil {
		t.Fatal(err)
	}
	if err := a.RemoveSite(t.Context(), "pk_demo"); chat.KindOf(err) != chat.NotFound {
		t.Errorf("removed twice: %v", err)
	}
}
