package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"securechat/internal/chat"
	"securechat/internal/relay/relaytest"
	"securechat/internal/store/sqlite"
	"securechat/internal/store/sqlstore"
	"securechat/internal/store/sqlstore/sqlstoretest"
)

// pragma is a statement on the writer's own connection.
func pragma(text string, into *int) sqlstore.Statement {
	return sqlstore.Statement{
		Text: "PRAGMA " + text,
		Scan: func(row sqlstore.Row) error { return row.Scan(into) },
	}
}

func TestAFullDiskRefusesWhatIsNewAndKeepsWhatIsThere(t *testing.T) {
	thread := relaytest.NewThread()
	e := sqlstoretest.Migrated(t, open)
	s := sqlstoretest.Holding(t, e, []relaytest.Thread{thread})
	pages := 0
	act := func(statement sqlstore.Statement) {
		t.Helper()
		if err := e.Act(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	act(pragma("page_count", &pages))
	act(pragma(fmt.Sprint("max_page_count(", pages+20, ")"), &pages))
	stored, refused := fill(t, s, thread)
	if stored == 0 || refused == 0 {
		t.Fatalf("%d stored, %d refused, want some of both", stored, refused)
	}
	act(pragma("max_page_count(1000000)", &pages))
	q, turn := thread.Question("and now?")
	if _, _, _, err := s.Begin(t.Context(), q, turn); err != nil && chat.KindOf(err) != chat.Limited {
		t.Errorf("Begin with room again: %v", err)
	}
	c, err := s.Conversation(t.Context(), thread.Site.ID, thread.Session.ConversationID, "", 1000)
	if err != nil || len(c.Messages) < stored {
		t.Errorf("%d messages are there, %v, want the %d that were acknowledged", len(c.Messages), err, stored)
	}
}

// fill tells long questions, many at once, until the store has no room.
func fill(t *testing.T, s *sqlstore.Store, thread relaytest.Thread) (stored, refused int) {
	var mu sync.Mutex
	for range 20 {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				q, turn := thread.Question(strings.Repeat("long ", 3000))
				_, _, _, err := s.Begin(t.Context(), q, turn)
				mu.Lock()
				defer mu.Unlock()
				switch chat.KindOf(err) {
				case chat.Full:
					refused++
				case chat.Limited:
				default:
					if err != nil {
						t.Errorf("Begin: %v", err)
						return
					}
					stored++
				}
			})
		}
		all.Wait()
		if refused > 0 {
			return stored, refused
		}
		c, err := s.Conversation(t.Context(), thread.Site.ID, thread.Session.ConversationID, "", 1)
		if err != nil {
			t.Fatal(err)
		}
		for c.Turn != nil {
			ended := *c.Turn
			ended.State, ended.EndedAt = chat.TurnStopped, ended.CreatedAt
			next, err := s.Finish(t.Context(), ended, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.Turn = nil; next != nil {
				c.Turn = &next.Turn
			}
		}
	}
	return stored, refused
}

func TestTheFileAndWhatLiesBesideItIsTheOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := sqlstore.Migrate(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v", entry.Name(), info.Mode(), err)
		}
	}
}

func TestEveryCommitWaitsForTheDisk(t *testing.T) {
	e := sqlstoretest.Migrated(t, open)
	var mode int
	if err := e.Act(t.Context(), pragma("synchronous", &mode)); err != nil || mode != 2 {
		t.Errorf("synchronous = %d, %v, want 2 (FULL)", mode, err)
	}
}

// planned is an engine that has each prepared text explained.
type planned struct {
	sqlstore.Engine
	plans map[string][]string
}

func (p planned) Prepare(ctx context.Context, text string) error {
	var args []any
	for strings.Contains(text, fmt.Sprint("$", len(args)+1)) {
		args = append(args, nil)
	}
	return p.Look(ctx, sqlstore.Statement{
		Text: "EXPLAIN QUERY PLAN " + text, Args: args,
		Scan: func(row sqlstore.Row) error {
			var id, parent, unused int
			var detail string
			err := row.Scan(&id, &parent, &unused, &detail)
			p.plans[text] = append(p.plans[text], detail)
			return err
		},
	})
}

func TestNoStatementReadsAWholeTableThatGrowsWithVisitors(t *testing.T) {
	p := planned{sqlstoretest.Migrated(t, open), map[string][]string{}}
	if err := sqlstore.Prepare(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if len(p.plans) < 30 {
		t.Fatalf("only %d plans", len(p.plans))
	}
	// The tables and the letters that statements call them by; o and l are
	// results of a few rows.
	grows := regexp.MustCompile(`SCAN (visitors|conversations|sessions|credentials|messages|turns|[vcsmtnwreb])\b`)
	for text, plan := range p.plans {
		for _, step := range plan {
			if grows.MatchString(step) && !strings.Contains(step, "USING INDEX turns_that_run") {
				t.Errorf("%s:\n%s", step, text)
			}
		}
	}
}
