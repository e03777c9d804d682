// Package keyringtest holds what every adapter of the keyring's ports must
// keep.
package keyringtest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/chat"
	"securechat/internal/keyring"
)

// TestStore holds a store to [keyring.Store]. open returns an empty one.
func TestStore(t *testing.T, open func(t *testing.T) keyring.Store) {
	made := time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)
	site := chat.SiteID(chat.NewID())
	key := func(use keyring.Use, number int) keyring.Key {
		return keyring.Key{
			Site: site, Use: use, Number: number, Name: "kid", Sealed: []byte{0, 1, 2, byte(number)},
			MadeAt: made.Add(time.Duration(number) * time.Minute),
		}
	}
	add := func(t *testing.T, s keyring.Store, keys ...keyring.Key) {
		t.Helper()
		for _, k := range keys {
			if added, err := s.AddKey(t.Context(), k); err != nil || !added {
				t.Fatalf("AddKey(%d) = %v, %v, want true", k.Number, added, err)
			}
		}
	}
	has := func(t *testing.T, s keyring.Store, use keyring.Use, want ...keyring.Key) {
		t.Helper()
		got, err := s.Keys(t.Context(), site, use)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("keys differ: %v (-want +got)\n%s", err, diff)
		}
	}

	t.Run("KeysComeBackNewestFirstAndWhole", func(t *testing.T) {
		s := open(t)
		has(t, s, keyring.UseES256)
		first, second := key(keyring.UseES256, 1), key(keyring.UseES256, 2)
		first.Signs, first.SignsAt = true, made.Add(time.Microsecond)
		add(t, s, first, second, key(keyring.UseData, 1))
		has(t, s, keyring.UseES256, second, first)
	})

	t.Run("KeysOfEverySiteAreToldTogether", func(t *testing.T) {
		s := open(t)
		other, own, newest := key(keyring.UseData, 1), key(keyring.UseData, 2), key(keyring.UseData, 3)
		other.Site, own.Site = chat.SiteID(chat.NewID()), ""
		add(t, s, other, own, newest, key(keyring.UseTicket, 1))
		got, err := s.AllKeys(t.Context(), keyring.UseData)
		if diff := cmp.Diff([]keyring.Key{newest, own, other}, got); err != nil || diff != "" {
			t.Errorf("keys differ: %v (-want +got)\n%s", err, diff)
		}
	})

	t.Run("AKeyAddedByManyAtOnceIsStoredOnce", func(t *testing.T) {
		s := open(t)
		var stored atomic.Int32
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				k := key(keyring.UseData, 1)
				k.Signs, k.SignsAt, k.Sealed = true, made, []byte{byte(i)}
				added, err := s.AddKey(t.Context(), k)
				if err != nil {
					t.Errorf("AddKey: %v", err)
				}
				if added {
					stored.Add(1)
				}
			})
		}
		all.Wait()
		keys, err := s.Keys(t.Context(), site, keyring.UseData)
		if err != nil || len(keys) != 1 || stored.Load() != 1 {
			t.Errorf("%d keys stored, %d told of it, %v; want one each", len(keys), stored.Load(), err)
		}
	})

	t.Run("ADroppedKeyIsGoneAndMayBeDroppedAgain", func(t *testing.T) {
		s := open(t)
		add(t, s, key(keyring.UseData, 1), key(keyring.UseData, 2))
		for range 2 {
			if err := s.DropKey(t.Context(), site, keyring.UseData, 1); err != nil {
				t.Fatal(err)
			}
		}
		has(t, s, keyring.UseData, key(keyring.UseData, 2))
	})

	t.Run("OnlyOneOfTwoPromotionsWins", func(t *testing.T) {
		s := open(t)
		first := key(keyring.UseES256, 1)
		first.Signs, first.SignsAt = true, made
		add(t, s, first, key(keyring.UseES256, 2), key(keyring.UseES256, 3))
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				done, err := s.Promote(t.Context(), site, keyring.UseES256, 1, 2+i%2, made.Add(time.Hour))
				if err != nil {
					t.Errorf("Promote: %v", err)
				}
				if done {
					won.Add(1)
				}
			})
		}
		all.Wait()
		keys, err := s.Keys(t.Context(), site, keyring.UseES256)
		if err != nil {
			t.Fatal(err)
		}
		signing := 0
		for _, k := range keys {
			if k.Signs {
				signing++
				if k.Number == 1 || !k.SignsAt.Equal(made.Add(time.Hour)) {
					t.Errorf("key %d signs since %v", k.Number, k.SignsAt)
				}
			}
		}
		if won.Load() != 1 || signing != 1 {
			t.Errorf("%d promotions won and %d keys sign, want one each", won.Load(), signing)
		}
	})

	t.Run("AKeyThatDoesNotSignIsNotFollowed", func(t *testing.T) {
		s := open(t)
		add(t, s, key(keyring.UseES256, 1), key(keyring.UseES256, 2))
		if done, err := s.Promote(t.Context(), site, keyring.UseES256, 1, 2, made); err != nil || done {
			t.Errorf("Promote = %v, %v, want false", done, err)
		}
		has(t, s, keyring.UseES256, key(keyring.UseES256, 2), key(keyring.UseES256, 1))
	})

	t.Run("TheFirstKeyIsPromotedFromNone", func(t *testing.T) {
		s := open(t)
		add(t, s, key(keyring.UseES256, 1))
		add(t, s, key(keyring.UseES256, 2))
		for i, want := range []bool{true, false, false} {
			to := 1 + i/2
			if done, err := s.Promote(t.Context(), site, keyring.UseES256, 0, to, made); err != nil || done != want {
				t.Errorf("promotion %d, to key %d = %v, %v, want %v", i+1, to, done, err, want)
			}
		}
	})

	t.Run("PromotingWhatIsNotThereLeavesTheOldKeySigning", func(t *testing.T) {
		s := open(t)
		first := key(keyring.UseES256, 1)
		first.Signs, first.SignsAt = true, made
		add(t, s, first)
		if done, err := s.Promote(t.Context(), site, keyring.UseES256, 1, 2, made); err != nil || done {
			t.Errorf("Promote = %v, %v, want false", done, err)
		}
		has(t, s, keyring.UseES256, first)
	})
}
