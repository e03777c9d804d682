// Package gatetest holds what every adapter of the gate's ports must keep.
package gatetest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

// entry is a first visit to a site at a time.
func entry(site chat.Site, hash string, at time.Time) gate.Opening {
	visitor := chat.Visitor{ID: chat.VisitorID(chat.NewID()), SiteID: site.ID, CustomerID: "customer 7", CreatedAt: at}
	return gate.Opening{
		Visitor: visitor,
		Session: chat.Session{
			ID: chat.SessionID(chat.NewID()), SiteID: site.ID, VisitorID: visitor.ID,
			ConversationID: chat.ConversationID(chat.NewID()), Origin: "https://shop.example",
			UserAgent: `Mozilla/5.0 "$1" ? 🙂`, Locale: "de-CH", Fingerprint: []byte{0, 1, 255},
			CreatedAt: at, SeenAt: at,
		},
		Hash: []byte(hash), Made: at, Until: at.Add(chat.CredentialLife),
	}
}

// next is a visit by the same visitor whose credential follows the last one.
func next(last gate.Opening, hash string, at time.Time) gate.Opening {
	o := last
	o.Session.ID = chat.SessionID(chat.NewID())
	o.Session.CreatedAt, o.Session.SeenAt = at, at
	o.Hash, o.Follows, o.Made, o.Until = []byte(hash), last.Hash, at, at.Add(chat.CredentialLife)
	return o
}

// TestStore holds a store to [gate.Store]. open returns one that has the
// given sites and nothing else.
func TestStore(t *testing.T, open func(t *testing.T, sites ...chat.Site) gate.Store) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)
	site := chat.Site{ID: chat.SiteID(chat.NewID()), Key: "pk_one", Name: "One", CreatedAt: now, UpdatedAt: now}
	other := chat.Site{ID: chat.SiteID(chat.NewID()), Key: "pk_ONE", Name: "Two", Disabled: true, CreatedAt: now, UpdatedAt: now}
	f := func(t *testing.T) fixture {
		t.Helper()
		return fixture{t, open(t, site, other)}
	}

	t.Run("ASiteIsFoundByItsKeyAndByItsID", func(t *testing.T) {
		s := open(t, site, other)
		for _, want := range []chat.Site{site, other} {
			byKey, err := s.SiteByKey(t.Context(), want.Key)
			if diff := cmp.Diff(want, byKey); err != nil || diff != "" {
				t.Errorf("by key: %v (-want +got)\n%s", err, diff)
			}
			byID, err := s.SiteByID(t.Context(), want.ID)
			if diff := cmp.Diff(want, byID); err != nil || diff != "" {
				t.Errorf("by id: %v (-want +got)\n%s", err, diff)
			}
		}
		if _, err := s.SiteByKey(t.Context(), "pk_One"); chat.KindOf(err) != chat.NotFound {
			t.Errorf("an unknown key: %v, want NotFound", err)
		}
		if _, err := s.SiteByID(t.Context(), chat.SiteID(chat.NewID())); chat.KindOf(err) != chat.NotFound {
			t.Errorf("an unknown id: %v, want NotFound", err)
		}
	})

	t.Run("ACredentialTellsItsSessionAndVisitorWhole", func(t *testing.T) {
		f, o := f(t), entry(site, "a", now)
		f.open(o)
		want := gate.Holder{
			Visitor: o.Visitor, Session: o.Session, CredentialMade: now, CredentialUntil: o.Until, Current: o.Session.ConversationID,
		}
		if diff := cmp.Diff(want, f.holder("a", now)); diff != "" {
			t.Errorf("holder differs (-want +got)\n%s", diff)
		}
	})

	t.Run("AnEntryToldByManyAtOnceIsStoredOnce", func(t *testing.T) {
		f, o := f(t), entry(site, "a", now)
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() { f.open(o) })
		}
		all.Wait()
		if got := f.holder("a", now); got.Session.ID != o.Session.ID || got.Visitor.Returning {
			t.Errorf("holder = %+v", got)
		}
	})

	t.Run("AVisitorWithAnEarlierSessionReturns", func(t *testing.T) {
		f, first := f(t), entry(site, "a", now)
		second := next(first, "b", now.Add(time.Hour))
		f.open(first)
		f.open(second)
		if !f.holder("b", now.Add(time.Hour)).Visitor.Returning {
			t.Error("the second visit does not return")
		}
		if f.holder("a", now.Add(time.Hour)).Visitor.Returning {
			t.Error("the first visit returns")
		}
	})

	t.Run("AnUnknownOrOutlivedCredentialIsNotFound", func(t *testing.T) {
		f, o := f(t), entry(site, "a", now)
		f.open(o)
		f.holder("a", o.Until.Add(-time.Microsecond))
		f.gone("a", o.Until)
		f.gone("b", now)
	})

	t.Run("AnUnusedSuccessorLeavesItsPredecessorAlone", func(t *testing.T) {
		f, first := f(t), entry(site, "a", now)
		f.open(first)
		f.open(next(first, "b", now))
		f.holder("a", now.Add(100*24*time.Hour))
	})

	t.Run("TheFirstUseOfASuccessorEndsItsPredecessorsAMinuteLater", func(t *testing.T) {
		f, first := f(t), entry(site, "a", now)
		second := next(first, "b", now)
		third := next(second, "c", now)
		f.open(first)
		f.open(second)
		f.open(third)
		used := now.Add(time.Hour)
		f.holder("c", used)
		f.holder("c", used.Add(time.Hour))
		for _, hash := range []string{"a", "b"} {
			if got, want := f.holder(hash, used.Add(chat.CredentialGrace-time.Microsecond)).CredentialUntil, used.Add(chat.CredentialGrace); !got.Equal(want) {
				t.Errorf("it is good until %v, want %v", got, want)
			}
			f.gone(hash, used.Add(chat.CredentialGrace))
		}
		f.holder("c", used.Add(chat.CredentialGrace))
	})

	t.Run("TwoSuccessorsOfOneCredentialBothLive", func(t *testing.T) {
		f, first := f(t), entry(site, "a", now)
		f.open(first)
		f.open(next(first, "b", now))
		f.open(next(first, "c", now))
		f.holder("b", now)
		f.holder("c", now)
		f.holder("b", now.Add(time.Hour))
		f.gone("a", now.Add(time.Hour))
	})

	t.Run("ACredentialOpenedAgainGoesOverToTheNewSession", func(t *testing.T) {
		f, first := f(t), entry(site, "a", now)
		f.open(first)
		f.holder("a", now)
		later := now.Add(48 * time.Hour)
		second := next(first, "a", later)
		second.Follows = nil
		f.open(second)
		h := f.holder("a", later)
		if h.Session.ID != second.Session.ID || h.Visitor.ID != first.Visitor.ID || !h.CredentialMade.Equal(later) {
			t.Errorf("it stands for %+v, want session %s", h, second.Session.ID)
		}
		f.holder("a", first.Until.Add(time.Hour))
		f.gone("a", second.Until)
	})

	t.Run("ASessionIsSeenNeverBackwards", func(t *testing.T) {
		f, o := f(t), entry(site, "a", now)
		f.open(o)
		later := now.Add(time.Minute + time.Microsecond)
		for _, at := range []time.Time{later, now} {
			f.ok(f.store.Touch(t.Context(), o.Session, at))
			if got := f.holder("a", later).Session.SeenAt; !got.Equal(later) {
				t.Errorf("seen at %v, want %v", got, later)
			}
		}
	})

	t.Run("AnEndedSessionAndItsCredentialsEndAtOnce", func(t *testing.T) {
		f, first, stranger := f(t), entry(site, "a", now), entry(site, "z", now)
		second := next(first, "b", now)
		for _, o := range []gate.Opening{first, second, stranger} {
			f.open(o)
		}
		ended := now.Add(time.Minute)
		f.ok(f.store.End(t.Context(), second.Session, ended))
		f.ok(f.store.End(t.Context(), second.Session, ended.Add(time.Hour)))
		f.gone("b", ended)
		f.gone("a", ended) // what it followed must not bring the visitor back
		if got := f.holder("b", ended.Add(-time.Microsecond)).Session.EndedAt; !got.Equal(ended) {
			t.Errorf("ended at %v, want %v", got, ended)
		}
		f.holder("z", ended)
		unknown := first.Session
		unknown.ID = chat.SessionID(chat.NewID())
		f.ok(f.store.End(t.Context(), unknown, ended))
	})

	t.Run("ANewConversationIsTheSessionsAndTheVisitorsNewest", func(t *testing.T) {
		f, o := f(t), entry(site, "a", now)
		f.open(o)
		fresh := chat.ConversationID(chat.NewID())
		for range 2 {
			f.ok(f.store.NewConversation(t.Context(), o.Session, fresh, now.Add(time.Microsecond)))
		}
		if got := f.holder("a", now); got.Session.ConversationID != fresh || got.Current != fresh {
			t.Errorf("session in %v, newest %v, want %v", got.Session.ConversationID, got.Current, fresh)
		}
	})

	t.Run("NobodyOpensAConversationInAnothersName", func(t *testing.T) {
		f, mine, theirs := f(t), entry(site, "a", now), entry(site, "z", now)
		f.open(mine)
		f.open(theirs)
		taken := f.store.NewConversation(t.Context(), mine.Session, theirs.Session.ConversationID, now)
		foreign := mine.Session
		foreign.SiteID = other.ID
		abroad := f.store.NewConversation(t.Context(), foreign, chat.ConversationID(chat.NewID()), now)
		for _, err := range []error{taken, abroad} {
			if chat.KindOf(err) != chat.NotFound {
				t.Errorf("error = %v, want NotFound", err)
			}
		}
		if got := f.holder("a", now).Session.ConversationID; got != mine.Session.ConversationID {
			t.Errorf("the session moved to %v", got)
		}
	})

	t.Run("WhatIsOverIsForgottenAndNothingElse", func(t *testing.T) {
		f, left, stays := f(t), entry(site, "a", now), entry(site, "z", now)
		f.open(left)
		f.open(stays)
		f.holder("a", now)
		f.open(next(left, "b", now.Add(time.Hour)))
		f.holder("b", now.Add(time.Hour))
		over := now.Add(time.Hour + chat.CredentialGrace)
		forget := func(at time.Time, want int) {
			t.Helper()
			if n, err := f.store.Forget(t.Context(), at, 10); err != nil || n != want {
				t.Errorf("Forget at %v = %d, %v, want %d", at, n, err, want)
			}
		}
		forget(over.Add(-time.Microsecond), 0)
		forget(over, 1)
		forget(over, 0)
		if got := f.holder("b", over); !got.Visitor.Returning || got.Current != left.Session.ConversationID {
			t.Errorf("the visitor was here before: %+v", got)
		}
		f.holder("z", over)
		f.ok(f.store.End(t.Context(), stays.Session, over))
		forget(over, 1)
		forget(now.Add(2*chat.CredentialLife), 1)
	})

	t.Run("AnotherSitesSessionIsOutOfReach", func(t *testing.T) {
		f, o := f(t), entry(site, "a", now)
		f.open(o)
		foreign := o.Session
		foreign.SiteID = other.ID
		f.ok(f.store.Touch(t.Context(), foreign, now.Add(time.Hour)))
		f.ok(f.store.End(t.Context(), foreign, now))
		if got := f.holder("a", now).Session; !got.SeenAt.Equal(now) || !got.EndedAt.IsZero() {
			t.Errorf("session = %+v", got)
		}
	})
}

// fixture fails the test at what should have worked.
type fixture struct {
	t     *testing.T
	store gate.Store
}

func (f fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Error(err)
	}
}

func (f fixture) open(o gate.Opening) {
	f.t.Helper()
	f.ok(f.store.Open(f.t.Context(), o))
}

func (f fixture) holder(hash string, now time.Time) gate.Holder {
	f.t.Helper()
	h, err := f.store.Holder(f.t.Context(), []byte(hash), now)
	if err != nil {
		f.t.Errorf("holder of %s at %v: %v", hash, now, err)
	}
	return h
}

func (f fixture) gone(hash string, now time.Time) {
	f.t.Helper()
	if _, err := f.store.Holder(f.t.Context(), []byte(hash), now); chat.KindOf(err) != chat.NotFound {
		f.t.Errorf("holder of %s at %v: %v, want NotFound", hash, now, err)
	}
}
