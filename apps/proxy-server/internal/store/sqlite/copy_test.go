package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"securechat/internal/relay/relaytest"
	"securechat/internal/store/sqlite"
	"securechat/internal/store/sqlstore"
	"securechat/internal/store/sqlstore/sqlstoretest"
)

func TestACopyOfAFileInUseHoldsWhatWasThereAndNothingLater(t *testing.T) {
	path, copied := filepath.Join(t.TempDir(), "store.db"), filepath.Join(t.TempDir(), "a b?c.db")
	at := func(path string) func() sqlstore.Engine {
		return func() sqlstore.Engine {
			e, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
	}
	thread := relaytest.NewThread()
	s := sqlstoretest.Holding(t, sqlstoretest.Migrated(t, func(testing.TB) func() sqlstore.Engine { return at(path) }), []relaytest.Thread{thread})
	ask := func(text string) {
		q, turn := thread.Question(text)
		if _, _, _, err := s.Begin(t.Context(), q, turn); err != nil {
			t.Fatal(err)
		}
	}
	ask("before")
	if err := sqlite.Copy(t.Context(), path, copied); err != nil {
		t.Fatal(err)
	}
	ask("after")
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy has mode %v, %v", info.Mode(), err)
	}
	e := at(copied)()
	defer e.Close()
	questions := 0
	err := e.Look(t.Context(), sqlstore.Statement{
		Text: "SELECT count(*) FROM messages", Scan: func(row sqlstore.Row) error { return row.Scan(&questions) },
	})
	if err != nil || questions != 1 {
		t.Errorf("the copy holds %d questions, %v, want the one from before", questions, err)
	}
}

func TestACopyTakesNoFilesPlaceAndLeavesNoneWhereItFails(t *testing.T) {
	folder := t.TempDir()
	missing, taken, into := filepath.Join(folder, "missing.db"), filepath.Join(folder, "taken"), filepath.Join(folder, "copy.db")
	if err := os.WriteFile(taken, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sqlite.Copy(t.Context(), taken, taken); err == nil {
		t.Error("a copy took the place of another file")
	}
	for _, from := range []string{missing, taken} { // which is no database
		if err := sqlite.Copy(t.Context(), from, into); err == nil {
			t.Errorf("%s was copied", from)
		}
		if _, err := os.Stat(into); err == nil {
			t.Errorf("a failed copy of %s is there", from)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("the database that was missing has been made")
	}
}
