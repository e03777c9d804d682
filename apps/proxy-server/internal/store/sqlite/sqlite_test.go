package sqlite_test

import (
	"path/filepath"
	"testing"

	"securechat/internal/store/sqlite"
	"securechat/internal/store/sqlstore"
	"securechat/internal/store/sqlstore/sqlstoretest"
)

// open makes files whose names need care wherever a name becomes an address.
func open(t testing.TB) func() sqlstore.Engine {
	path := filepath.Join(t.TempDir(), "a b?c%20#d.db")
	return func() sqlstore.Engine {
		e, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

func TestStore(t *testing.T) { sqlstoretest.Test(t, open) }

func BenchmarkExchange(b *testing.B) { sqlstoretest.Benchmark(b, open) }
