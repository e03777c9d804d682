// Package sqlstoretest holds an engine to what the store needs of it, and the
// store on that engine to what every room needs of a store.
package sqlstoretest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"securechat/internal/admin"
	"securechat/internal/admin/admintest"
	"securechat/internal/chat"
	"securechat/internal/chores"
	"securechat/internal/chores/chorestest"
	"securechat/internal/gate"
	"securechat/internal/gate/gatetest"
	"securechat/internal/keyring"
	"securechat/internal/keyring/keyringtest"
	"securechat/internal/relay"
	"securechat/internal/relay/relaytest"
	"securechat/internal/store/sqlstore"
)

// Open makes an empty database that goes away with the test. What it returns
// opens it, each time as another process would.
type Open func(t testing.TB) (again func() sqlstore.Engine)

// Migrated returns an engine with the whole schema and nothing in it. The end
// of the test closes it.
func Migrated(t testing.TB, open Open) sqlstore.Engine {
	t.Helper()
	e := open(t)()
	t.Cleanup(func() { e.Close() })
	if err := sqlstore.Migrate(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return e
}

// Test runs everything there is for an engine.
func Test(t *testing.T, open Open) {
	t.Run("GateStore", func(t *testing.T) {
		gatetest.TestStore(t, func(t *testing.T, sites ...chat.Site) gate.Store {
			return With(t, Migrated(t, open), sites)
		})
	})
	t.Run("RelayStore", func(t *testing.T) {
		relaytest.TestStore(t, func(t *testing.T, have ...relaytest.Thread) relay.Store {
			return Holding(t, Migrated(t, open), have)
		})
	})
	t.Run("RelayFleet", func(t *testing.T) {
		relaytest.TestFleet(t, func(t *testing.T, have ...relaytest.Thread) relaytest.FleetStore {
			return Holding(t, Migrated(t, open), have)
		})
	})
	t.Run("AdminStore", func(t *testing.T) {
		admintest.TestStore(t, func(t *testing.T) admin.Store { return With(t, Migrated(t, open), nil) })
	})
	t.Run("KeyringStore", func(t *testing.T) {
		keyringtest.TestStore(t, func(t *testing.T) keyring.Store { return sqlstore.NewKeys(Migrated(t, open)) })
	})
	t.Run("ChoresLease", func(t *testing.T) {
		chorestest.TestLease(t, func(t *testing.T) chores.Lease { return With(t, Migrated(t, open), nil) })
	})
	for name, test := range map[string]func(*testing.T, Open){
		"EveryStatementPrepares":                    everyStatementPrepares,
		"ManyMigrateAtOnceAndAgain":                 manyMigrate,
		"AnActThatMissesARowLeavesNothingBehind":    actUndone,
		"ActsAtOnceFailOneByOne":                    actsFailAlone,
		"WhoGivesUpEndsTheirOwnWaitingOnly":         givingUp,
		"ManyWhoReadAtOnceAllRead":                  manyRead,
		"AClosedEngineIsUnavailable":                closedUnavailable,
		"ARemovedSiteTakesAllThatIsItsAndNoMore":    cascade,
		"WhatPeopleWroteIsStoredSealed":             sealed,
		"AValueMovedToAnotherRowDoesNotOpen":        movedValue,
		"EveryTableOfASiteIsKeyedByIt":              keyedBySite,
		"WhatWasAcknowledgedIsThereAfterAReopening": reopened,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

var errMissed = errors.New("missed")

// The engine's own tests keep their rows in the owners' table: it stands
// alone, and refuses a name that is taken.
func put(name string) sqlstore.Statement {
	return sqlstore.Statement{Text: `INSERT INTO owners (owner, until) VALUES ($1, 1)`, Args: []any{name}}
}

func drop(name string) sqlstore.Statement {
	return sqlstore.Statement{Text: `DELETE FROM owners WHERE owner = $1`, Args: []any{name}, Else: errMissed}
}

func names(t *testing.T, e sqlstore.Engine) (all []string) {
	t.Helper()
	err := e.Look(t.Context(), sqlstore.Statement{
		Text: `SELECT owner FROM owners ORDER BY owner`,
		Scan: func(row sqlstore.Row) error {
			all = append(all, "")
			return row.Scan(&all[len(all)-1])
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func everyStatementPrepares(t *testing.T, open Open) {
	if err := sqlstore.Prepare(t.Context(), Migrated(t, open)); err != nil {
		t.Error(err)
	}
}

func manyMigrate(t *testing.T, open Open) {
	again := open(t)
	var all sync.WaitGroup
	for range 6 {
		e := again()
		t.Cleanup(func() { e.Close() })
		all.Go(func() {
			for range 2 {
				if err := sqlstore.Migrate(t.Context(), e); err != nil {
					t.Errorf("migrate: %v", err)
				}
			}
		})
	}
	all.Wait()
}

func actUndone(t *testing.T, open Open) {
	e := Migrated(t, open)
	if err := e.Act(t.Context(), put("a"), drop("b"), put("c")); !errors.Is(err, errMissed) {
		t.Errorf("Act = %v, want what the second statement ends in", err)
	}
	if err := e.Act(t.Context(), put("a"), put("a")); e.Dialect().Kind(err) != chat.Conflict {
		t.Errorf("Act = %v, want a Conflict", err)
	}
	if got := names(t, e); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func actsFailAlone(t *testing.T, open Open) {
	e := Migrated(t, open)
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			name, err := fmt.Sprint(i), error(nil)
			switch i % 3 {
			case 0:
				err = e.Act(t.Context(), put(name))
			case 1:
				if missed := e.Act(t.Context(), put(name), drop("nobody")); !errors.Is(missed, errMissed) {
					err = fmt.Errorf("missed = %w", missed)
				}
			case 2:
				if taken := e.Act(t.Context(), put(name), put(name)); e.Dialect().Kind(taken) != chat.Conflict {
					err = fmt.Errorf("taken = %w", taken)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := names(t, e); len(got) != 20 {
		t.Errorf("%d are there, want the 20 that did not fail: %v", len(got), got)
	}
}

func givingUp(t *testing.T, open Open) {
	e := Migrated(t, open)
	ctx, giveUp := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if i%2 == 0 {
				if err := e.Act(t.Context(), put(fmt.Sprint(i))); err != nil {
					t.Errorf("who did not give up: %v", err)
				}
				return
			}
			if i == 21 {
				giveUp()
			}
			err := e.Act(ctx, put(fmt.Sprint("given up ", i)))
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("who gave up: %v", err)
			}
		})
	}
	all.Wait()
	giveUp()
	stayed := 0
	for _, name := range names(t, e) {
		if len(name) <= 2 {
			stayed++
		}
	}
	if stayed != 20 {
		t.Errorf("%d of the 20 that stayed are there", stayed)
	}
	if err := e.Act(ctx, put("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("Act after giving up = %v", err)
	}
}

func manyRead(t *testing.T, open Open) {
	e := Migrated(t, open)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			count := func(table string) sqlstore.Statement {
				var rows int
				return sqlstore.Statement{
					Text: fmt.Sprintf(`SELECT COUNT(*) AS c%d FROM %s`, i%20, table),
					Scan: func(row sqlstore.Row) error { return row.Scan(&rows) },
				}
			}
			if err := e.Look(t.Context(), count("sites"), count("turns")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func closedUnavailable(t *testing.T, open Open) {
	e := Migrated(t, open)
	s := sqlstore.New(e, Sealer{})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sites(t.Context()); chat.KindOf(err) != chat.Unavailable {
		t.Errorf("reading = %v, want Unavailable", err)
	}
	if err := s.RemoveSite(t.Context(), chat.SiteID(chat.NewID())); chat.KindOf(err) != chat.Unavailable {
		t.Errorf("writing = %v, want Unavailable", err)
	}
}

func reopened(t *testing.T, open Open) {
	again := open(t)
	first := again()
	if err := sqlstore.Migrate(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := first.Act(t.Context(), put("kept")); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := again()
	t.Cleanup(func() { second.Close() })
	if got := names(t, second); len(got) != 1 || got[0] != "kept" {
		t.Errorf("after reopening: %v", got)
	}
}
