package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// many holds a stream open for each of p.streams visitors, first idle and
// then with an answer coming to every one of them at once.
func (p plan) many(ctx context.Context, out io.Writer, s subject) error {
	visitors, err := enterAll(ctx, s.address, s.siteKey, p.streams)
	if err != nil {
		return err
	}
	bare, err := s.process.memory()
	if err != nil {
		return err
	}
	streams := make([]io.ReadCloser, len(visitors))
	if err := each(len(visitors), func(i int) (err error) {
		streams[i], err = visitors[i].follow(ctx)
		return err
	}); err != nil {
		return err
	}
	defer func() {
		for _, stream := range streams {
			stream.Close()
		}
	}()
	idle, err := settled(ctx, s.process)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, %d idle streams: %s in all, %.1f KiB each\n", s.name, p.streams, mebibytes(idle), kibibytes(idle-bare, p.streams))

	const tokens, gap = 30, time.Second
	heard := make(chan error, len(streams))
	for _, stream := range streams {
		go func() {
			_, err := hear(stream, time.Now(), tokens)
			heard <- err
		}()
	}
	if err := each(len(visitors), func(i int) error {
		accepted, err := visitors[i].send(ctx, "application/json", tokens, gap)
		if err != nil {
			return err
		}
		return accepted.Body.Close()
	}); err != nil {
		return err
	}
	peak, wrong := int64(0), 0
	var first error
	sampled := time.NewTicker(500 * time.Millisecond)
	defer sampled.Stop()
	for left := len(streams); left > 0; {
		select {
		case err := <-heard:
			left--
			if err != nil {
				wrong++
				first = err
			}
		case <-sampled.C:
			now, err := s.process.memory()
			if err != nil {
				return err
			}
			peak = max(peak, now)
		}
	}
	fmt.Fprintf(out, "%s, %d answers streaming at once: %s at the peak, %.1f KiB each; %d of %d answers wrong\n",
		s.name, p.streams, mebibytes(peak), kibibytes(peak-bare, p.streams), wrong, p.streams)
	if first != nil {
		fmt.Fprintf(out, "  one failure: %v\n", first)
	}
	return nil
}

// each does something for 0 … n-1 by a few hands and returns the first error.
func each(n int, do func(i int) error) error {
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	const hands = 32
	for hand := range hands {
		wg.Go(func() {
			for i := hand; i < n; i += hands {
				if err := do(i); err != nil {
					once.Do(func() { first = err })
					return
				}
			}
		})
	}
	wg.Wait()
	return first
}

// settled is the size of a process once it has had time to collect garbage.
func settled(ctx context.Context, p *process) (int64, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(5 * time.Second):
		return p.memory()
	}
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

func kibibytes(n int64, among int) float64 { return float64(n) / 1024 / float64(among) }
