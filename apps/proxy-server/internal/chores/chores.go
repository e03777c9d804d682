// Package chores does what is due now and then: each chore by one replica at
// a time, on whichever happens to ask first. What a chore does is known only
// to the room that it comes from.
package chores

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Chore is something to be done every so often. It may be cut short at any
// point, and doing it once too often must do no harm.
type Chore struct {
	Name  string
	Every time.Duration
	Do    func(ctx context.Context, now time.Time) error
}

// Lease says whose turn it is.
type Lease interface {
	// Due reports whether the chore should be done now, by the caller: true
	// to one of all who ask within every, by the store's own clock.
	Due(ctx context.Context, chore string, every time.Duration) (bool, error)
}

// often is how many times within its interval a replica asks whether a chore
// is due, so that one whose replica died is late by a fraction only.
const often = 10

// Run does the chores until ctx ends, and returns once the last has ended. A
// chore that fails or panics is logged and done again when it is next due.
func Run(ctx context.Context, lease Lease, chores ...Chore) error {
	var all sync.WaitGroup
	for _, chore := range chores {
		all.Go(func() { keep(ctx, lease, chore) })
	}
	all.Wait()
	return nil
}

// keep asks at once and then again and again.
func keep(ctx context.Context, lease Lease, c Chore) {
	ticks := time.NewTicker(max(c.Every/often, time.Millisecond))
	defer ticks.Stop()
	for {
		due, err := lease.Due(ctx, c.Name, c.Every)
		if err == nil && due {
			err = do(ctx, c)
		}
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "chore failed", "chore", c.Name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

func do(ctx context.Context, c Chore) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return c.Do(ctx, time.Now())
}
