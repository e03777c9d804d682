package chores_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/chores"
)

// shared is what replicas have in common: when each chore is due again.
type shared struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (s *shared) Due(_ context.Context, chore string, every time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.until[chore]) {
		return false, nil
	}
	s.until[chore] = time.Now().Add(every)
	return true, nil
}

// count counts what was done.
type count struct {
	mu sync.Mutex
	n  int
}

func (c *count) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

func (c *count) now() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func TestThreeReplicasDoAChoreOnceEachInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		lease := &shared{until: make(map[string]time.Time)}
		var done count
		chore := chores.Chore{Name: "sweep", Every: time.Hour, Do: func(context.Context, time.Time) error { done.add(); return nil }}
		var replicas sync.WaitGroup
		for range 3 {
			replicas.Go(func() {
				if err := chores.Run(ctx, lease, chore); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(10*time.Hour + time.Minute)
		synctest.Wait()
		if done.now() != 11 {
			t.Errorf("done %d times in ten hours, want at the start and each hour", done.now())
		}
		stop()
		replicas.Wait()
	})
}

func TestAChoreThatFailsOrPanicsIsDoneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var tries count
		chore := chores.Chore{Name: "sweep", Every: time.Hour, Do: func(context.Context, time.Time) error {
			tries.add()
			if tries.now() == 1 {
				panic("first")
			}
			return errors.New("second")
		}}
		go chores.Run(ctx, &shared{until: make(map[string]time.Time)}, chore)
		time.Sleep(2*time.Hour + time.Minute)
		synctest.Wait()
		if tries.now() != 3 {
			t.Errorf("tried %d times, want 3", tries.now())
		}
	})
}

func TestRunReturnsAfterItsLastChoreHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var ended count
		chore := chores.Chore{Name: "slow", Every: time.Hour, Do: func(ctx context.Context, _ time.Time) error {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended.add()
			return nil
		}}
		time.AfterFunc(time.Minute, stop)
		if err := chores.Run(ctx, &shared{until: make(map[string]time.Time)}, chore); err != nil || ended.now() != 1 {
			t.Errorf("Run returned %v with %d chores ended", err, ended.now())
		}
	})
}
