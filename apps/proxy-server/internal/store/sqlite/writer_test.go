package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"securechat/internal/chat"
	"securechat/internal/store/sqlstore"
	"securechat/internal/store/sqlstore/sqlstoretest"
)

// lease is an act's only statement: it stores a name, and calls then while
// the writer is in the midst of it.
func lease(name string, then func()) sqlstore.Statement {
	return sqlstore.Statement{
		Text: `INSERT INTO owners (owner, until) VALUES ($1, 1) RETURNING owner`, Args: []any{name},
		Scan: func(sqlstore.Row) error { then(); return nil },
	}
}

// TestWhoGivesUpInTheMidstOfACommitDoesNotTakeTheOthersAlong gathers acts
// behind one that holds the writer, so that they share the next commit, and
// has the first of them given up while the writer is at it.
func TestWhoGivesUpInTheMidstOfACommitDoesNotTakeTheOthersAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sqlstoretest.Migrated(t, open)
		release := make(chan struct{})
		var all sync.WaitGroup
		hand := func(ctx context.Context, statement sqlstore.Statement, want error) {
			all.Go(func() {
				if err := e.Act(ctx, statement); !errors.Is(err, want) {
					t.Errorf("Act = %v, want %v", err, want)
				}
			})
			synctest.Wait()
		}
		hand(t.Context(), lease("holds the writer", func() { <-release }), nil)
		ctx, giveUp := context.WithCancel(t.Context())
		gaveUp := make(chan struct{})
		hand(ctx, lease("gives up", func() { giveUp(); <-gaveUp }), context.Canceled)
		for i := range 10 {
			hand(t.Context(), lease(fmt.Sprint(i), func() {}), nil)
		}
		close(release)
		synctest.Wait() // until whoever gave up has been told
		close(gaveUp)
		all.Wait()
	})
}

func TestMoreActsThanMayWaitAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sqlstoretest.Migrated(t, open)
		s := sqlstoretest.With(t, e, nil)
		release := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			if err := e.Act(t.Context(), lease("holds the writer", func() { <-release })); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		var mu sync.Mutex
		refused := 0
		for i := range 1100 {
			all.Go(func() {
				if err := s.Renew(t.Context(), fmt.Sprint(i), 0); err != nil {
					mu.Lock()
					defer mu.Unlock()
					if refused++; chat.KindOf(err) != chat.Unavailable {
						t.Errorf("Renew = %v, want Unavailable", err)
					}
				}
			})
		}
		synctest.Wait()
		close(release)
		all.Wait()
		if refused != 1100-1024 {
			t.Errorf("%d refused, want what is over 1024", refused)
		}
	})
}
