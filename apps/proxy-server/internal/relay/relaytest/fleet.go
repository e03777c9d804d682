package relaytest

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// FleetStore is a store that also tells who lives.
type FleetStore interface {
	relay.Store
	relay.Fleet
}

// TestFleet holds a store to [relay.Fleet]. open returns one that has the
// given threads and nothing else.
func TestFleet(t *testing.T, open func(t *testing.T, have ...Thread) FleetStore) {
	// ready returns a store with a turn that runs for "me" and one that waits.
	ready := func(t *testing.T) (FleetStore, chat.Turn) {
		t.Helper()
		thread := NewThread()
		s := open(t, thread)
		var turns []chat.Turn
		for range 2 {
			q, turn := thread.Question("?")
			_, turn, _, err := s.Begin(t.Context(), q, turn)
			if err != nil {
				t.Fatal(err)
			}
			turns = append(turns, turn)
		}
		return s, turns[0]
	}
	renew := func(t *testing.T, s relay.Fleet, owner string, ttl time.Duration) {
		t.Helper()
		if err := s.Renew(t.Context(), owner, ttl); err != nil {
			t.Fatal(err)
		}
	}
	orphans := func(t *testing.T, s relay.Fleet) []chat.Turn {
		t.Helper()
		turns, err := s.Orphans(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		return turns
	}

	t.Run("WhatAnOwnerEndedLastIsKnownAfterItsDeath", func(t *testing.T) {
		s, turn := ready(t)
		ended := func(want ...chat.TurnID) {
			t.Helper()
			turns, err := s.LastEnded(t.Context(), time.Hour, time.Minute, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []chat.TurnID
			for _, t := range turns {
				got = append(got, t.ID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("it ended %v, want %v", got, want)
			}
		}
		renew(t, s, "me", time.Hour)
		turn.State, turn.EndedAt = chat.TurnDone, time.Now().Truncate(time.Microsecond)
		if _, err := s.Finish(t.Context(), turn, Answer(turn, "all")); err != nil {
			t.Fatal(err)
		}
		ended()
		renew(t, s, "me", 0)
		ended(turn.ID)
		if turns, err := s.LastEnded(t.Context(), time.Hour, -time.Minute, 10); err != nil || len(turns) != 0 {
			t.Errorf("long before its death it ended %v, %v", turns, err)
		}
		if turns, err := s.LastEnded(t.Context(), 0, time.Minute, 10); err != nil || len(turns) != 0 {
			t.Errorf("long after its death it is known that it ended %v, %v", turns, err)
		}
	})

	t.Run("AnOwnerIsToldWhatToStopAndNobodyElseIs", func(t *testing.T) {
		s, turn := ready(t)
		toStop := func(owner string, want ...chat.TurnID) {
			t.Helper()
			got, err := s.ToStop(t.Context(), owner)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s is to stop %v, %v, want %v", owner, got, err, want)
			}
		}
		toStop("me")
		for range 2 {
			if err := s.AskToStop(t.Context(), turn.SiteID, turn.ID); err != nil {
				t.Fatal(err)
			}
		}
		toStop("me", turn.ID)
		toStop("you")
		if err := s.AskToStop(t.Context(), chat.SiteID(chat.NewID()), turn.ID); chat.KindOf(err) != chat.NotFound {
			t.Errorf("another site stops it: %v", err)
		}
		turn.State, turn.EndedAt = chat.TurnStopped, start
		if _, err := s.Finish(t.Context(), turn, Answer(turn, "so far")); err != nil {
			t.Fatal(err)
		}
		toStop("me")
		if err := s.AskToStop(t.Context(), turn.SiteID, turn.ID); chat.KindOf(err) != chat.NotFound {
			t.Errorf("what has ended is to stop: %v", err)
		}
	})

	t.Run("APulseChangesWithWhateverBecomesKnown", func(t *testing.T) {
		s, turn := ready(t)
		pulse := func() string {
			t.Helper()
			word, err := s.Pulse(t.Context(), turn.ConversationID)
			if err != nil {
				t.Fatal(err)
			}
			return word
		}
		told := map[string]string{}
		note := func(what string) {
			t.Helper()
			word := pulse()
			if again := pulse(); again != word {
				t.Errorf("the pulse changes by itself after %s", what)
			}
			if before, twice := told[word]; twice {
				t.Errorf("the pulse after %s is the one after %s", what, before)
			}
			told[word] = what
		}
		note("the questions")
		if err := s.Note(t.Context(), turn, 5, "so far"); err != nil {
			t.Fatal(err)
		}
		note("a note")
		turn.State, turn.Seq, turn.EndedAt = chat.TurnDone, 9, start
		next, err := s.Finish(t.Context(), turn, Answer(turn, "all"))
		if err != nil || next == nil {
			t.Fatalf("Finish = %+v, %v", next, err)
		}
		note("its end")
		last := next.Turn
		last.State, last.EndedAt = chat.TurnStopped, start
		if _, err := s.Finish(t.Context(), last, nil); err != nil {
			t.Fatal(err)
		}
		note("the other's")
		if _, err := s.Pulse(t.Context(), chat.ConversationID(chat.NewID())); chat.KindOf(err) != chat.NotFound {
			t.Errorf("the pulse of nothing = %v, want NotFound", err)
		}
	})

	t.Run("ATurnOfALivingOwnerIsNoOrphan", func(t *testing.T) {
		s, turn := ready(t)
		renew(t, s, "me", time.Hour)
		if got := orphans(t, s); len(got) != 0 {
			t.Errorf("orphans = %+v", got)
		}
		if err := s.Take(t.Context(), turn, "you"); chat.KindOf(err) != chat.Conflict {
			t.Errorf("Take from the living = %v, want Conflict", err)
		}
	})

	t.Run("ATurnIsAnOrphanOnceItsOwnersLeaseHasEnded", func(t *testing.T) {
		s, turn := ready(t)
		renew(t, s, "me", time.Hour)
		renew(t, s, "you", time.Hour)
		renew(t, s, "me", 0)
		if got := orphans(t, s); len(got) != 1 || got[0].ID != turn.ID || got[0].Owner != "me" {
			t.Errorf("orphans = %+v, want the one that runs", got)
		}
		renew(t, s, "me", time.Hour)
		if got := orphans(t, s); len(got) != 0 {
			t.Errorf("after its owner came back: %+v", got)
		}
	})

	t.Run("ATurnWhoseOwnerNeverHadALeaseIsAnOrphan", func(t *testing.T) {
		s, _ := ready(t)
		if got := orphans(t, s); len(got) != 1 {
			t.Errorf("orphans = %+v, want one", got)
		}
	})

	t.Run("OnlyAsManyOrphansAreToldAsAskedForOldestFirst", func(t *testing.T) {
		var threads []Thread
		for range 3 {
			threads = append(threads, NewThread())
		}
		s := open(t, threads...)
		var want chat.TurnID
		for i, thread := range threads {
			q, turn := thread.Question("?")
			turn.CreatedAt = turn.CreatedAt.Add(-time.Duration(i) * time.Microsecond)
			if _, _, _, err := s.Begin(t.Context(), q, turn); err != nil {
				t.Fatal(err)
			}
			want = turn.ID
		}
		if got, err := s.Orphans(t.Context(), 2); err != nil || len(got) != 2 || got[0].ID != want {
			t.Errorf("orphans = %+v, %v, want two, %s first", got, err, want)
		}
	})

	t.Run("AnOrphanTakenByManyAtOnceHasOneNewOwner", func(t *testing.T) {
		s, turn := ready(t)
		var won atomic.Pointer[string]
		var all sync.WaitGroup
		for _, owner := range []string{"a", "b", "c", "d"} {
			renew(t, s, owner, time.Hour)
			all.Go(func() {
				switch err := s.Take(t.Context(), turn, owner); {
				case err == nil && won.Swap(&owner) != nil:
					t.Error("two took it")
				case err != nil && chat.KindOf(err) != chat.Conflict:
					t.Errorf("Take: %v", err)
				}
			})
		}
		all.Wait()
		got, err := s.Turn(t.Context(), turn.SiteID, turn.ID)
		if err != nil || won.Load() == nil || got.Owner != *won.Load() {
			t.Fatalf("turn = %+v, %v", got, err)
		}
		if err := s.Note(t.Context(), turn, 1, "I still live"); chat.KindOf(err) != chat.Conflict {
			t.Errorf("Note by the former owner = %v, want Conflict", err)
		}
		if got := orphans(t, s); len(got) != 0 {
			t.Errorf("orphans = %+v", got)
		}
	})

	t.Run("WhoeverEndsAnOrphanGoesOnWithWhatWaited", func(t *testing.T) {
		s, turn := ready(t)
		if err := s.Take(t.Context(), turn, "you"); err != nil {
			t.Fatal(err)
		}
		turn.Owner, turn.State, turn.EndedAt = "you", chat.TurnInterrupted, start
		next, err := s.Finish(t.Context(), turn, Answer(turn, "half"))
		if err != nil || next == nil || next.Turn.Owner != "you" {
			t.Errorf("Finish = %+v, %v, want the one that waited", next, err)
		}
	})

	t.Run("AnotherSitesTurnIsNotFound", func(t *testing.T) {
		s, turn := ready(t)
		turn.SiteID = NewThread().Site.ID
		if err := s.Take(t.Context(), turn, "you"); chat.KindOf(err) != chat.NotFound {
			t.Errorf("Take = %v, want NotFound", err)
		}
	})
}
