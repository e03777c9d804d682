package relaytest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// TestRuns holds runs to [relay.Runs]. open returns some that nobody has
// entered yet.
func TestRuns(t *testing.T, open func(t *testing.T) relay.Runs) {
	enter := func(t *testing.T, r relay.Runs, turn chat.TurnID, most, want int) {
		t.Helper()
		if place, err := r.Enter(t.Context(), "site", turn, most); err != nil || place != want {
			t.Errorf("%s stands at %d, %v, want %d", turn, place, err, want)
		}
	}
	leave := func(t *testing.T, r relay.Runs, turn chat.TurnID) {
		t.Helper()
		if err := r.Leave(t.Context(), "site", turn); err != nil {
			t.Error(err)
		}
	}

	t.Run("WhoComesFirstRunsAndTheOthersStandInLine", func(t *testing.T) {
		r := open(t)
		for i, want := range []int{0, 0, 1, 2} {
			enter(t, r, chat.TurnID(fmt.Sprint(i)), 2, want)
		}
		enter(t, r, "0", 2, 0)
		enter(t, r, "3", 2, 2)
		leave(t, r, "1")
		enter(t, r, "3", 2, 1)
		enter(t, r, "2", 2, 0)
		leave(t, r, "0")
		enter(t, r, "3", 2, 0)
	})

	t.Run("WhoLeavesTheLineIsWaitedForNoMore", func(t *testing.T) {
		r := open(t)
		for i, want := range []int{0, 1, 2} {
			enter(t, r, chat.TurnID(fmt.Sprint(i)), 1, want)
		}
		leave(t, r, "1")
		enter(t, r, "2", 1, 1)
		leave(t, r, "0")
		enter(t, r, "2", 1, 0)
	})

	t.Run("SitesAreApart", func(t *testing.T) {
		r := open(t)
		enter(t, r, "0", 1, 0)
		if place, err := r.Enter(t.Context(), "another", "1", 1); err != nil || place != 0 {
			t.Errorf("at another site it stands at %d, %v", place, err)
		}
	})

	t.Run("WhoIsNotKeptIsBelievedNoMore", func(t *testing.T) {
		r := open(t)
		enter(t, r, "dead", 2, 0)
		enter(t, r, "kept", 2, 0)
		enter(t, r, "waits", 2, 1)
		for till := time.Now().Add(relay.RunLife + 500*time.Millisecond); time.Now().Before(till); {
			if err := r.Keep(t.Context(), "site", []chat.TurnID{"kept", "nobody"}); err != nil {
				t.Fatal(err)
			}
			<-time.NewTimer(relay.RunLife / 4).C // its own clock cannot be turned
		}
		enter(t, r, "waits", 2, 0)
		enter(t, r, "late", 2, 1)
	})

	t.Run("ManyAtOnceNeverRunMoreThanMay", func(t *testing.T) {
		r := open(t)
		var running, most atomic.Int32
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				turn := chat.TurnID(fmt.Sprint(i))
				for {
					place, err := r.Enter(t.Context(), "site", turn, 3)
					if err != nil {
						t.Error(err)
						return
					}
					if place == 0 {
						break
					}
				}
				if now := running.Add(1); now > most.Load() {
					most.Store(now)
				}
				running.Add(-1)
				if err := r.Leave(t.Context(), "site", turn); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() > 3 {
			t.Errorf("%d ran at once", most.Load())
		}
	})
}
