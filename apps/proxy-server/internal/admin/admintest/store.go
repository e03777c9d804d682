// Package admintest holds what every adapter of the operators' ports must
// keep.
package admintest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/admin"
	"securechat/internal/chat"
)

// Site returns a site in which every member is set.
func Site(key string) chat.Site {
	made := time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)
	return chat.Site{
		ID: chat.SiteID(chat.NewID()), Key: key, Name: `Käse & "Wein" $1 ? 🧀`,
		Origins: chat.Origins{"https://shop.example", "https://*.shop.example"},
		Agent: chat.AgentSettings{
			Kind: chat.AgentN8N, Webhook: "https://n8n.example/webhook/canary", Auth: chat.AuthJWT, Secret: "s3cret-canary",
			Algorithm: chat.HS256, Response: chat.ResponseNode, MaxRuns: 7,
			FirstByte: 90 * time.Second, Silence: 75*time.Second + time.Microsecond, Total: 10 * time.Minute,
			Nodes: []string{"AI Agent"},
		},
		Branding: chat.Branding{
			Title: "T", Tagline: "L", Greeting: "G", Suggestions: []string{"one", "two"}, Accent: "#2f5bea",
			Theme: "dark", Position: "left", LauncherLabel: "Ask", AINotice: "A machine answers.",
		},
		Policy: chat.Policy{Scopes: []string{"orders"}, MaxText: 100, HistoryTokens: 5, Fingerprint: true, KeepQuery: true},
		Demo:   true, Disabled: true, CreatedAt: made, UpdatedAt: made.Add(time.Microsecond),
	}
}

// TestStore holds a store to [admin.Store]. open returns an empty one.
func TestStore(t *testing.T, open func(t *testing.T) admin.Store) {
	add := func(t *testing.T, s admin.Store, sites ...chat.Site) {
		t.Helper()
		for _, site := range sites {
			if err := s.AddSite(t.Context(), site); err != nil {
				t.Fatalf("AddSite: %v", err)
			}
		}
	}
	has := func(t *testing.T, s admin.Store, want chat.Site) {
		t.Helper()
		got, err := s.SiteByKey(t.Context(), want.Key)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("site differs: %v (-want +got)\n%s", err, diff)
		}
	}
	is := func(t *testing.T, err error, want chat.Kind) {
		t.Helper()
		if chat.KindOf(err) != want || err == nil {
			t.Errorf("error = %v of kind %v, want kind %v", err, chat.KindOf(err), want)
		}
	}

	t.Run("ASiteComesBackWhole", func(t *testing.T) {
		s := open(t)
		site := Site("pk_one")
		add(t, s, site)
		has(t, s, site)
	})

	t.Run("AKeyThatDiffersByCaseIsAnother", func(t *testing.T) {
		s := open(t)
		lower, upper := Site("pk_case"), Site("pk_CASE")
		add(t, s, lower, upper)
		has(t, s, lower)
		has(t, s, upper)
		_, err := s.SiteByKey(t.Context(), "pk_Case")
		is(t, err, chat.NotFound)
	})

	t.Run("ATakenKeyIsAConflict", func(t *testing.T) {
		s := open(t)
		add(t, s, Site("pk_one"))
		err := s.AddSite(t.Context(), Site("pk_one"))
		is(t, err, chat.Conflict)
		if told, ok := errors.AsType[*chat.Error](err); !ok || strings.ContainsAny(told.Text, "_:()") {
			t.Errorf("what is told, %q, has the engine's words", told.Text)
		}
	})

	t.Run("SitesAreToldOldestFirst", func(t *testing.T) {
		s := open(t)
		if got, err := s.Sites(t.Context()); err != nil || len(got) != 0 {
			t.Fatalf("an empty store tells %v, %v", got, err)
		}
		young, old := Site("pk_young"), Site("pk_old")
		old.CreatedAt = old.CreatedAt.Add(-time.Microsecond)
		add(t, s, young, old)
		got, err := s.Sites(t.Context())
		if diff := cmp.Diff([]chat.Site{old, young}, got); err != nil || diff != "" {
			t.Errorf("sites differ: %v (-want +got)\n%s", err, diff)
		}
	})

	t.Run("ASiteChangedMeanwhileIsNotOverwritten", func(t *testing.T) {
		s := open(t)
		site := Site("pk_one")
		add(t, s, site)
		mine, theirs := site, site
		mine.Name, mine.Agent.Secret, mine.Disabled = "Mine", "", false
		mine.UpdatedAt = site.UpdatedAt.Add(time.Microsecond)
		theirs.Name, theirs.UpdatedAt = "Theirs", site.UpdatedAt.Add(time.Second)
		if err := s.SaveSite(t.Context(), mine, site.UpdatedAt); err != nil {
			t.Fatal(err)
		}
		is(t, s.SaveSite(t.Context(), theirs, site.UpdatedAt), chat.Conflict)
		has(t, s, mine)
	})

	t.Run("WhatIsNotThereIsNotFound", func(t *testing.T) {
		s := open(t)
		site := Site("pk_one")
		_, err := s.SiteByKey(t.Context(), site.Key)
		is(t, err, chat.NotFound)
		is(t, s.SaveSite(t.Context(), site, site.UpdatedAt), chat.NotFound)
		is(t, s.RemoveSite(t.Context(), site.ID), chat.NotFound)
	})

	t.Run("ARemovedSiteIsGoneAndLeavesTheOthers", func(t *testing.T) {
		s := open(t)
		gone, kept := Site("pk_gone"), Site("pk_kept")
		add(t, s, gone, kept)
		if err := s.RemoveSite(t.Context(), gone.ID); err != nil {
			t.Fatal(err)
		}
		_, err := s.SiteByKey(t.Context(), gone.Key)
		is(t, err, chat.NotFound)
		has(t, s, kept)
	})
}
