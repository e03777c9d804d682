package postgres_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"securechat/internal/chat"
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
