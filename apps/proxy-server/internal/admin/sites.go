package admin

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"securechat/internal/chat"
)

// SiteDraft is what an operator says of a site. The webhook's address and the
// secret come back from the store in it too, but are never shown.
type SiteDraft struct {
	Name     string
	Origins  []string
	Agent    chat.AgentSettings
	Branding chat.Branding
	Policy   chat.Policy
	Disabled bool
	Demo     bool
}

// AddSite makes a site with a new public key. A draft that will not do is an
// [chat.Invalid] error that names the member.
func (a *Admin) AddSite(ctx context.Context, d SiteDraft) (chat.Site, error) {
	return a.addSite(ctx, "pk_"+strings.ToLower(rand.Text()), d)
}

func (a *Admin) addSite(ctx context.Context, key string, d SiteDraft) (chat.Site, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	site, err := d.apply(chat.Site{ID: chat.SiteID(chat.NewID()), Key: key, CreatedAt: now, UpdatedAt: now})
	if err != nil {
		return chat.Site{}, err
	}
	if err := a.review(ctx, site.Agent); err != nil {
		return chat.Site{}, err
	}
	if err := a.store.AddSite(ctx, site); err != nil {
		return chat.Site{}, fmt.Errorf("add site: %w", err)
	}
	return site, nil
}

// Sites returns every site, oldest first.
func (a *Admin) Sites(ctx context.Context) ([]chat.Site, error) {
	sites, err := a.store.Sites(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sites: %w", err)
	}
	return sites, nil
}

// Site returns one site; NotFound where there is none.
func (a *Admin) Site(ctx context.Context, key string) (chat.Site, error) {
	site, err := a.store.SiteByKey(ctx, key)
	if err != nil {
		return chat.Site{}, fmt.Errorf("read site: %w", err)
	}
	return site, nil
}

// ChangeSite lets change edit what the site holds, checks the result and
// stores it. Conflict where somebody else changed the site at the same time;
// change may then be tried again.
func (a *Admin) ChangeSite(ctx context.Context, key string, change func(*SiteDraft)) (chat.Site, error) {
	site, err := a.Site(ctx, key)
	if err != nil {
		return chat.Site{}, err
	}
	draft := draftOf(site)
	change(&draft)
	was := site
	site, err = draft.apply(site)
	if err != nil {
		return chat.Site{}, err
	}
	if !sameWay(site.Agent, was.Agent) {
		if err := a.review(ctx, site.Agent); err != nil {
			return chat.Site{}, err
		}
	}
	// Two changes within a microsecond must still tell each other apart.
	site.UpdatedAt = later(time.Now().UTC().Truncate(time.Microsecond), was.UpdatedAt.Add(time.Microsecond))
	if err := a.store.SaveSite(ctx, site, was.UpdatedAt); err != nil {
		return chat.Site{}, fmt.Errorf("change site: %w", err)
	}
	return site, nil
}

// KeepSite makes the site with this key be as the draft says, whether or not
// it is there already.
func (a *Admin) KeepSite(ctx context.Context, key string, d SiteDraft) (chat.Site, error) {
	site, err := a.addSite(ctx, key, d)
	if chat.KindOf(err) == chat.Conflict {
		return a.ChangeSite(ctx, key, func(stored *SiteDraft) { *stored = d })
	}
	return site, err
}

// RemoveSite removes the site and all that was said there; NotFound where
// there is none.
func (a *Admin) RemoveSite(ctx context.Context, key string) error {
	site, err := a.Site(ctx, key)
	if err != nil {
		return err
	}
	if err := a.store.RemoveSite(ctx, site.ID); err != nil {
		return fmt.Errorf("remove site: %w", err)
	}
	return nil
}

// sameWay says whether both lead to the same agent by the same credential.
func sameWay(a, b chat.AgentSettings) bool {
	return a.Kind == b.Kind && a.Webhook == b.Webhook &&
		a.Auth == b.Auth && a.Secret == b.Secret && a.Algorithm == b.Algorithm
}

func draftOf(s chat.Site) SiteDraft {
	origins := make([]string, len(s.Origins))
	for i, origin := range s.Origins {
		origins[i] = string(origin)
	}
	return SiteDraft{
		Name: s.Name, Origins: origins, Agent: s.Agent, Branding: s.Branding,
		Policy: s.Policy, Disabled: s.Disabled, Demo: s.Demo,
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
