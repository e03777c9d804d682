package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// result is one row of the report.
type result struct {
	samples []sample
	failed  int
	first   error // of the failures
}

// arrivals asks rate questions a second for length, each when it is due and
// whether or not the ones before have been answered, so that a slow server
// cannot slow its own test down.
func arrivals(ctx context.Context, askers []asker, rate int, length time.Duration) result {
	const tokens, gap = 20, 10 * time.Millisecond
	var (
		mu  sync.Mutex
		all result
		wg  sync.WaitGroup
	)
	begun := time.Now()
	total := int(float64(rate) * length.Seconds())
	for i := range total {
		due := begun.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		who := askers[i%len(askers)]
		wg.Go(func() {
			took, err := who.ask(ctx, due, tokens, gap)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				all.failed++
				if all.first == nil {
					all.first = err
				}
				return
			}
			all.samples = append(all.samples, took)
		})
	}
	wg.Wait()
	return all
}

// percentile of one figure, in milliseconds.
func (r result) percentile(p float64, figure func(sample) time.Duration) float64 {
	if len(r.samples) == 0 {
		return 0
	}
	values := make([]time.Duration, len(r.samples))
	for i, s := range r.samples {
		values[i] = figure(s)
	}
	slices.Sort(values)
	at := min(int(p*float64(len(values))), len(values)-1)
	return float64(values[at].Microseconds()) / 1000
}

func firstEvent(s sample) time.Duration { return s.event }
func firstToken(s sample) time.Duration { return s.token }

// enterAll makes so many sessions, a few at a time.
func enterAll(ctx context.Context, address, siteKey string, many int) ([]*visitor, error) {
	visitors := make([]*visitor, many)
	errs := make(chan error, many)
	var wg sync.WaitGroup
	const hands = 16
	for hand := range hands {
		wg.Go(func() {
			for i := hand; i < many; i += hands {
				v, err := enter(ctx, address, siteKey)
				if err != nil {
					errs <- fmt.Errorf("enter: %w", err)
					return
				}
				visitors[i] = v
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return nil, err
	default:
		return visitors, nil
	}
}
