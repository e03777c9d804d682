package postgres_test

import (
	"net/url"
	"testing"
	"time"

	"securechat/internal/chat"
	"securechat/internal/faulttest"
	"securechat/internal/store/postgres"
	"securechat/internal/store/sqlstore"
	"securechat/internal/store/sqlstore/sqlstoretest"
)

// viaLine returns a store that reaches its server by a line.
func viaLine(t *testing.T) (*sqlstore.Store, *faulttest.Line) {
	t.Helper()
	u, err := url.Parse(inSchema(t, serverAddress(t)))
	if err != nil {
		t.Fatal(err)
	}
	line := faulttest.NewLine(t, u.Host)
	u.Host = line.Address()
	e := sqlstoretest.Migrated(t, func(t testing.TB) func() sqlstore.Engine {
		return func() sqlstore.Engine {
			e, err := postgres.Open(t.Context(), u.String())
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
	})
	return sqlstoretest.With(t, e, nil), line
}

func TestALineCutBetweenTwoActsIsNotNoticed(t *testing.T) {
	s, line := viaLine(t)
	for range 20 {
		if err := s.Renew(t.Context(), "me", 0); err != nil {
			t.Fatal(err)
		}
		line.Cut()
		if _, err := s.Sites(t.Context()); err != nil {
			t.Fatal(err)
		}
		line.Cut()
	}
}

func TestWhateverIsWrongWithTheLineTheStoreIsUnavailableAndComesBack(t *testing.T) {
	for _, fault := range []faulttest.Fault{faulttest.Down, faulttest.Garbage} {
		t.Run(fault.String(), func(t *testing.T) {
			s, line := viaLine(t)
			for range 5 {
				if err := s.Renew(t.Context(), "me", 0); err != nil {
					t.Fatal(err)
				}
				line.Be(fault)
				if _, err := s.Sites(t.Context()); chat.KindOf(err) != chat.Unavailable {
					t.Errorf("a look: %v", err)
				}
				if err := s.Renew(t.Context(), "me", 0); chat.KindOf(err) != chat.Unavailable {
					t.Errorf("an act: %v", err)
				}
				line.Be(faulttest.None)
				for deadline := time.Now().Add(5 * time.Second); s.Renew(t.Context(), "me", 0) != nil; {
					if time.Now().After(deadline) {
						t.Fatal("it does not come back")
					}
				}
			}
		})
	}
}
