// Package chorestest holds what every adapter of the chores' port must keep.
package chorestest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"securechat/internal/chores"
)

// TestLease holds a lease to [chores.Lease]. open returns one that nobody has
// asked yet.
func TestLease(t *testing.T, open func(t *testing.T) chores.Lease) {
	due := func(t *testing.T, l chores.Lease, chore string, every time.Duration) bool {
		t.Helper()
		is, err := l.Due(t.Context(), chore, every)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}

	t.Run("AChoreIsDueToOneOfManyWhoAskAtOnce", func(t *testing.T) {
		l := open(t)
		var told atomic.Int32
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				if due(t, l, "sweep", time.Hour) {
					told.Add(1)
				}
			})
		}
		all.Wait()
		if told.Load() != 1 {
			t.Errorf("%d were told to do it, want 1", told.Load())
		}
	})

	t.Run("ChoresDoNotWaitForEachOther", func(t *testing.T) {
		l := open(t)
		if !due(t, l, "sweep", time.Hour) || !due(t, l, "rotate", time.Hour) {
			t.Error("a chore that nobody has done is not due")
		}
	})

	t.Run("AChoreIsDueAgainWhenItsTimeHasPassed", func(t *testing.T) {
		l := open(t)
		if !due(t, l, "sweep", time.Microsecond) {
			t.Fatal("a chore that nobody has done is not due")
		}
		for range 1000 { // a store's clock may be coarse, but it goes
			if due(t, l, "sweep", time.Microsecond) {
				return
			}
		}
		t.Error("the chore is never due again")
	})
}
