package postgres_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"securechat/internal/chat"
	"securechat/internal/relay/relaytest"
	"securechat/internal/store/postgres"
	"securechat/internal/store/sqlstore"
	"securechat/internal/store/sqlstore/sqlstoretest"
)

// open makes a schema of its own in the database that TEST_POSTGRES_URL names.
func open(t testing.TB) func() sqlstore.Engine {
	address := inSchema(t, serverAddress(t))
	return func() sqlstore.Engine {
		e, err := postgres.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

func serverAddress(t testing.TB) string {
	t.Helper()
	address := os.Getenv("TEST_POSTGRES_URL")
	switch {
	case address != "":
	case os.Getenv("CI") != "":
		t.Fatal("TEST_POSTGRES_URL is not set, and CI must test PostgreSQL")
	default:
		t.Skip("TEST_POSTGRES_URL is not set: PostgreSQL is not tested")
	}
	return address
}

func inSchema(t testing.TB, address string) string {
	t.Helper()
	schema := "test_" + strings.ReplaceAll(chat.NewID(), "-", "")
	onServer(t, address, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { onServer(t, address, "DROP SCHEMA "+schema+" CASCADE") })
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func onServer(t testing.TB, address, text string) {
	t.Helper()
	ctx := context.Background() // a test's own has ended before its cleanup
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, text); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) { sqlstoretest.Test(t, open) }

// TestAConnectionCutWhileIdleIsNotNoticed ends the engine's connections, as a
// restarted server or an impatient proxy does.
func TestAConnectionCutWhileIdleIsNotNoticed(t *testing.T) {
	s := sqlstoretest.With(t, named(t, "cut_while_idle"), nil)
	for range 5 {
		if err := s.Renew(t.Context(), "me", 0); err != nil {
			t.Fatal(err)
		}
		onServer(t, serverAddress(t), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
			WHERE application_name = 'cut_while_idle'`)
	}
}

// TestWhoeverHasNoTimeLeftFindsTheStoreUnavailable holds a row that all acts
// need, until no connection is left in the pool either.
func TestWhoeverHasNoTimeLeftFindsTheStoreUnavailable(t *testing.T) {
	thread := relaytest.NewThread()
	address := inSchema(t, serverAddress(t))
	e, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := sqlstore.Migrate(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	s := sqlstoretest.Holding(t, e, []relaytest.Thread{thread})
	release := hold(t, address, "UPDATE conversations SET last_seq = last_seq")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			q, turn := thread.Question("?")
			if _, _, _, err := s.Begin(ctx, q, turn); chat.KindOf(err) != chat.Unavailable {
				t.Errorf("Begin = %v, want Unavailable", err)
			}
		})
	}
	all.Wait()
	release()
	q, turn := thread.Question("?")
	if _, got, _, err := s.Begin(t.Context(), q, turn); err != nil || got.State != chat.TurnRunning {
		t.Errorf("Begin = %+v, %v, want one that runs, for none before it was stored", got, err)
	}
}

func TestAServerThatIsNotThereIsUnavailable(t *testing.T) {
	e := named(t, "gone")
	gone, err := postgres.Open(t.Context(), "postgres://nobody:s3cret@127.0.0.1:1/none?sslmode=disable")
	if err == nil || gone != nil || e.Dialect().Kind(err) != chat.Unavailable {
		t.Errorf("Open = %v, want Unavailable", err)
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error tells the password: %v", err)
	}
}

// named opens an engine, with its schema, under an application's name.
func named(t *testing.T, application string) sqlstore.Engine {
	return sqlstoretest.Migrated(t, func(t testing.TB) func() sqlstore.Engine {
		address := inSchema(t, serverAddress(t)) + "&application_name=" + application
		return func() sqlstore.Engine {
			e, err := postgres.Open(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
	})
}

// hold runs a statement and keeps its locks until released.
func hold(t *testing.T, address, text string) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "BEGIN; "+text); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkExchange(b *testing.B) { sqlstoretest.Benchmark(b, open) }

// TestWhatIsDoneAsideWaitsForNoVisitor has every connection for visitors taken.
func TestWhatIsDoneAsideWaitsForNoVisitor(t *testing.T) {
	e, err := postgres.Open(t.Context(), inSchema(t, serverAddress(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var visitors sync.WaitGroup
	var waiting sync.WaitGroup
	over := make(chan struct{})
	for range 16 {
		waiting.Add(1)
		visitors.Go(func() {
			err := e.Look(context.Background(), sqlstore.Statement{Text: "SELECT 1", Scan: func(row sqlstore.Row) error {
				waiting.Done()
				<-over
				return row.Scan(new(int))
			}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	waiting.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	one := sqlstore.Statement{Text: "SELECT 1", Scan: func(row sqlstore.Row) error { return row.Scan(new(int)) }}
	if err := e.Aside().Look(ctx, one); err != nil {
		t.Errorf("aside: %v", err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := e.Look(soon, one); err == nil {
		t.Error("there is a seventeenth connection for visitors")
	}
	close(over)
	visitors.Wait()
}
