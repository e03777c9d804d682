package sqlstore

import (
	"context"
	"encoding/json/v2"
	"fmt"
	"time"

	"securechat/internal/chat"
)

// settings is what a site holds besides its names and secrets, as stored.
type settings struct {
	Origins  chat.Origins  `json:"origins,omitempty"`
	Agent    agentSettings `json:"agent"`
	Branding branding      `json:"branding"`
	Policy   policy        `json:"policy"`
}

// agentSettings leaves out the address and the secret, which are sealed.
// Durations are in microseconds.
type agentSettings struct {
	Kind      chat.AgentKind      `json:"kind"`
	Auth      chat.AuthKind       `json:"auth"`
	Algorithm chat.TokenAlgorithm `json:"algorithm"`
	Response  chat.ResponseMode   `json:"response"`
	MaxRuns   int                 `json:"max_runs"`
	FirstByte int64               `json:"first_byte_us"`
	Silence   int64               `json:"silence_us"`
	Total     int64               `json:"total_us"`
	Nodes     []string            `json:"nodes,omitempty"`
}

type branding struct {
	Title         string   `json:"title"`
	Tagline       string   `json:"tagline"`
	Greeting      string   `json:"greeting"`
	Suggestions   []string `json:"suggestions,omitempty"`
	Accent        string   `json:"accent"`
	Theme         string   `json:"theme"`
	Position      string   `json:"position"`
	LauncherLabel string   `json:"launcher_label"`
	AINotice      string   `json:"ai_notice"`
}

type policy struct {
	Scopes        []string `json:"scopes,omitempty"`
	MaxText       int      `json:"max_text"`
	HistoryTokens int      `json:"history_tokens"`
	Fingerprint   bool     `json:"fingerprint"`
	KeepQuery     bool     `json:"keep_query"`
}

func settingsOf(s chat.Site) settings {
	a := s.Agent
	return settings{
		Origins: s.Origins,
		Agent: agentSettings{
			Kind: a.Kind, Auth: a.Auth, Algorithm: a.Algorithm, Response: a.Response, MaxRuns: a.MaxRuns,
			FirstByte: a.FirstByte.Microseconds(), Silence: a.Silence.Microseconds(), Total: a.Total.Microseconds(),
			Nodes: a.Nodes,
		},
		Branding: branding(s.Branding),
		Policy:   policy(s.Policy),
	}
}

// siteRow is a row as it lies in the table.
type siteRow struct {
	site                 chat.Site
	settings             string
	webhook, secret      []byte
	createdAt, updatedAt int64
}

func (r *siteRow) scan(row Row) error {
	return row.Scan(&r.site.ID, &r.site.Key, &r.site.Name, &r.settings, &r.webhook, &r.secret,
		&r.site.Demo, &r.site.Disabled, &r.createdAt, &r.updatedAt)
}

func (s *Store) sealSite(ctx context.Context, site chat.Site) (siteRow, error) {
	text, err := json.Marshal(settingsOf(site))
	if err != nil {
		return siteRow{}, fmt.Errorf("encode sites.settings: %w", err)
	}
	r := siteRow{site: site, settings: string(text),
		createdAt: site.CreatedAt.UnixMicro(), updatedAt: site.UpdatedAt.UnixMicro()}
	if r.webhook, err = s.seal.text(ctx, sitePlace(site.ID, "webhook"), site.Agent.Webhook.Reveal()); err != nil {
		return siteRow{}, err
	}
	r.secret, err = s.seal.text(ctx, sitePlace(site.ID, "secret"), site.Agent.Secret.Reveal())
	return r, err
}

func (s *Store) openSite(ctx context.Context, r siteRow) (chat.Site, error) {
	var kept settings
	if err := json.Unmarshal([]byte(r.settings), &kept); err != nil {
		return chat.Site{}, fmt.Errorf("decode sites.settings: %w", err)
	}
	webhook, err := s.seal.openText(ctx, sitePlace(r.site.ID, "webhook"), r.webhook)
	if err != nil {
		return chat.Site{}, err
	}
	secret, err := s.seal.openText(ctx, sitePlace(r.site.ID, "secret"), r.secret)
	if err != nil {
		return chat.Site{}, err
	}
	site, a := r.site, kept.Agent
	site.Origins = kept.Origins
	site.Agent = chat.AgentSettings{
		Kind: a.Kind, Webhook: chat.Secret(webhook), Auth: a.Auth, Secret: chat.Secret(secret),
		Algorithm: a.Algorithm, Response: a.Response, MaxRuns: a.MaxRuns,
		FirstByte: time.Duration(a.FirstByte) * time.Microsecond,
		Silence:   time.Duration(a.Silence) * time.Microsecond,
		Total:     time.Duration(a.Total) * time.Microsecond,
		Nodes:     a.Nodes,
	}
	site.Branding, site.Policy = chat.Branding(kept.Branding), chat.Policy(kept.Policy)
	site.CreatedAt, site.UpdatedAt = moment(&r.createdAt), moment(&r.updatedAt)
	return site, nil
}

func sitePlace(id chat.SiteID, column string) place {
	return place{table: "sites", column: column, site: id, row: string(id)}
}

func (s *Store) site(ctx context.Context, doing string, q query, name string) (chat.Site, error) {
	var r siteRow
	if err := look(ctx, s.engine, doing, q.with(name).scan(r.scan).orElse(chat.Missing())); err != nil {
		return chat.Site{}, err
	}
	return s.openSite(ctx, r)
}

// SiteByKey implements gate.Store and admin.Store.
func (s *Store) SiteByKey(ctx context.Context, key string) (chat.Site, error) {
	return s.site(ctx, "read site by key", siteByKey, key)
}

// SiteByID implements gate.Store.
func (s *Store) SiteByID(ctx context.Context, id chat.SiteID) (chat.Site, error) {
	return s.site(ctx, "read site", siteByID, string(id))
}

// Sites implements admin.Store.
func (s *Store) Sites(ctx context.Context) ([]chat.Site, error) {
	var rows []siteRow
	statement := allSites.with().scan(func(row Row) error {
		rows = append(rows, siteRow{})
		return rows[len(rows)-1].scan(row)
	})
	if err := look(ctx, s.engine, "read sites", statement); err != nil {
		return nil, err
	}
	sites := make([]chat.Site, 0, len(rows))
	for _, r := range rows {
		site, err := s.openSite(ctx, r)
		if err != nil {
			return nil, err
		}
		sites = append(sites, site)
	}
	return sites, nil
}

// AddSite implements admin.Store.
func (s *Store) AddSite(ctx context.Context, site chat.Site) error {
	r, err := s.sealSite(ctx, site)
	if err != nil {
		return err
	}
	return act(ctx, s.engine, "add site", addSite.with(site.ID, site.Key, site.Name, r.settings, r.webhook, r.secret,
		site.Demo, site.Disabled, r.createdAt, r.updatedAt))
}

// SaveSite implements admin.Store.
func (s *Store) SaveSite(ctx context.Context, site chat.Site, was time.Time) error {
	r, err := s.sealSite(ctx, site)
	if err != nil {
		return err
	}
	changed := chat.E(chat.Conflict, "changed_meanwhile", "Somebody else has changed this meanwhile.")
	err = act(ctx, s.engine, "save site", saveSite.with(site.ID, was.UnixMicro(), site.Name, r.settings, r.webhook,
		r.secret, site.Disabled, r.updatedAt).orElse(changed))
	if chat.KindOf(err) != chat.Conflict {
		return err
	}
	if _, missing := s.SiteByID(ctx, site.ID); missing != nil {
		return missing
	}
	return err
}

// RemoveSite implements admin.Store. The site's keys go with it, so that no
// copy of its rows can be read any more.
func (s *Store) RemoveSite(ctx context.Context, id chat.SiteID) error {
	return act(ctx, s.engine, "remove site",
		removeSiteKeys.with(id),
		removeSite.with(id).orElse(chat.Missing()))
}
