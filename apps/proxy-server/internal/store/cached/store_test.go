package cached_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/faulttest"
	"securechat/internal/gate"
	"securechat/internal/gate/gatetest"
	"securechat/internal/store/cached"
	"securechat/internal/store/sqlite"
	"securechat/internal/store/sqlstore"
	"securechat/internal/store/sqlstore/sqlstoretest"
)

// seal binds a value to its place, and hides it from the eye.
type seal struct{}

func (seal) Seal(_ context.Context, _ chat.SiteID, plain, aad []byte) ([]byte, error) {
	return []byte(string(aad) + "|" + hex.EncodeToString(plain)), nil
}

func (seal) Open(_ context.Context, _ chat.SiteID, sealed, aad []byte) ([]byte, error) {
	text, ok := strings.CutPrefix(string(sealed), string(aad)+"|")
	if !ok {
		return nil, errors.New("sealed elsewhere")
	}
	return hex.DecodeString(text)
}

func server(t testing.TB) string {
	t.Helper()
	address := os.Getenv("TEST_REDIS")
	if address == "" {
		t.Skip("TEST_REDIS names no server")
	}
	return address
}

func connect(t testing.TB, address string) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, ConnWriteTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// asked counts what a store is asked.
type asked struct {
	gate.Store

	holders atomic.Int32
}

func (a *asked) Holder(ctx context.Context, hash []byte, now time.Time) (gate.Holder, error) {
	a.holders.Add(1)
	return a.Store.Holder(ctx, hash, now)
}

func database(t *testing.T, sites ...chat.Site) *asked {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cached.db")
	engine := sqlstoretest.Migrated(t, func(t testing.TB) func() sqlstore.Engine {
		return func() sqlstore.Engine {
			e, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
	})
	return &asked{Store: sqlstoretest.With(t, engine, sites)}
}

// before is a store in front of another, by a Redis at the address.
func before(t *testing.T, behind gate.Store, address, prefix string) *cached.Store {
	t.Helper()
	client := connect(t, address)
	return cached.New(cached.Options{
		Store: behind, Client: func() (rueidis.Client, error) { return client, nil }, Sealer: seal{}, Prefix: prefix,
	}).Unsure(20 * time.Millisecond)
}

func prefix(t *testing.T) string {
	t.Helper()
	own := "test:" + chat.NewID() + ":"
	client := connect(t, server(t))
	t.Cleanup(func() {
		for _, key := range keys(t, client, own) {
			client.Do(context.Background(), client.B().Del().Key(key).Build())
		}
	})
	return own
}

func keys(t *testing.T, client rueidis.Client, prefix string) []string {
	t.Helper()
	keys, err := client.Do(context.Background(), client.B().Keys().Pattern(prefix+"*").Build()).AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestStore(t *testing.T) {
	address := server(t)
	gatetest.TestStore(t, func(t *testing.T, sites ...chat.Site) gate.Store {
		return before(t, database(t, sites...), address, prefix(t))
	})
}

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func entered(t *testing.T, s gate.Store, site chat.Site, hash []byte) gate.Opening {
	t.Helper()
	visitor := chat.Visitor{ID: chat.VisitorID(chat.NewID()), SiteID: site.ID, CreatedAt: now}
	o := gate.Opening{
		Visitor: visitor, Hash: hash, Made: now, Until: now.Add(chat.CredentialLife),
		Session: chat.Session{
			ID: chat.SessionID(chat.NewID()), SiteID: site.ID, VisitorID: visitor.ID,
			ConversationID: chat.ConversationID(chat.NewID()), UserAgent: "Mozilla", CreatedAt: now, SeenAt: now,
		},
	}
	if err := s.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o
}

func newSite() chat.Site {
	id := chat.NewID()
	return chat.Site{ID: chat.SiteID(id), Key: "pk_" + id, Name: "Shop", CreatedAt: now, UpdatedAt: now}
}

func hashed(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// ask asks until what was known before a change may be kept again.
func ask(t *testing.T, s gate.Store, hash []byte) gate.Holder {
	t.Helper()
	h, err := s.Holder(t.Context(), hash, now)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestWhatAVisitorDoesNextAsksTheDatabaseNothingOnAnyReplica(t *testing.T) {
	site := newSite()
	behind, own := database(t, site), prefix(t)
	here, there := before(t, behind, server(t), own), before(t, behind, server(t), own)
	o := entered(t, here, site, hashed("a"))
	for behind.holders.Store(0); ; behind.holders.Store(0) { // until it may be kept after the change
		ask(t, here, hashed("a"))
		if behind.holders.Load() == 0 {
			break
		}
	}
	if got := ask(t, there, hashed("a")); got.Session.ID != o.Session.ID || behind.holders.Load() != 0 {
		t.Errorf("elsewhere: %+v, asked %d times", got, behind.holders.Load())
	}
}

func TestASessionThatIsEndedOnOneReplicaIsEndedOnAll(t *testing.T) {
	site := newSite()
	behind, own := database(t, site), prefix(t)
	here, there := before(t, behind, server(t), own), before(t, behind, server(t), own)
	for range 50 {
		hash := hashed(chat.NewID())
		o := entered(t, here, site, hash)
		for range 3 {
			ask(t, here, hash)
			ask(t, there, hash)
		}
		if err := here.End(t.Context(), o.Session, now); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(5 * time.Second); ; { // Redis tells the other process in its own time
			_, err := there.Holder(t.Context(), hash, now)
			if chat.KindOf(err) == chat.NotFound {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("it goes on elsewhere: %v", err)
			}
		}
		if _, err := here.Holder(t.Context(), hash, now); chat.KindOf(err) != chat.NotFound {
			t.Errorf("it goes on here: %v", err)
		}
	}
}

func TestRedisHoldsNeitherHashesNorAnythingReadable(t *testing.T) {
	site := newSite()
	behind, own := database(t, site), prefix(t)
	s := before(t, behind, server(t), own)
	entered(t, s, site, hashed("a"))
	client := connect(t, server(t))
	for deadline := time.Now().Add(5 * time.Second); ; {
		ask(t, s, hashed("a"))
		held := keys(t, client, own+"holder:")
		if len(held) == 0 {
			if time.Now().After(deadline) {
				t.Fatal("nothing is kept")
			}
			continue
		}
		value, err := client.Do(t.Context(), client.B().Get().Key(held[0]).Build()).ToString()
		if err != nil || strings.Contains(value, "Mozilla") || strings.Contains(held[0], hex.EncodeToString(hashed("a"))) {
			t.Errorf("Redis holds %s: %.100q, %v", held[0], value, err)
		}
		return
	}
}

func TestAValueUnderAnothersKeyIsNotBelieved(t *testing.T) {
	site := newSite()
	behind, own := database(t, site), prefix(t)
	s := before(t, behind, server(t), own)
	client := connect(t, server(t))
	mine := entered(t, s, site, hashed("mine"))
	entered(t, s, site, hashed("theirs"))
	var held []string
	for deadline := time.Now().Add(5 * time.Second); len(held) < 2; held = keys(t, client, own+"holder:") {
		ask(t, s, hashed("mine"))
		ask(t, s, hashed("theirs"))
		if time.Now().After(deadline) {
			t.Fatal("nothing is kept")
		}
	}
	for i := range held {
		crossed, err := client.Do(t.Context(), client.B().Get().Key(held[1-i]).Build()).ToString()
		if err == nil {
			err = client.Do(t.Context(), client.B().Set().Key(held[i]).Value(crossed).Build()).Error()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	fresh := before(t, behind, server(t), own)
	if got := ask(t, fresh, hashed("mine")); got.Session.ID != mine.Session.ID {
		t.Errorf("my credential stands for %+v", got)
	}
}

func TestWithoutRedisTheStoreAnswersAndAChangeIsToldLater(t *testing.T) {
	for _, fault := range []faulttest.Fault{faulttest.Down, faulttest.Hanging, faulttest.Garbage} {
		t.Run(fault.String(), func(t *testing.T) {
			site := newSite()
			behind, own := database(t, site), prefix(t)
			line := faulttest.NewLine(t, server(t))
			here, there := before(t, behind, line.Address(), own), before(t, behind, server(t), own)
			ctx, quit := context.WithCancel(t.Context())
			defer quit()
			go func() { _ = here.Run(ctx) }()
			o := entered(t, here, site, hashed("a"))
			for behind.holders.Store(0); ; behind.holders.Store(0) {
				ask(t, there, hashed("a"))
				if behind.holders.Load() == 0 {
					break
				}
			}
			line.Be(fault)
			if got := ask(t, here, hashed("a")); got.Session.ID != o.Session.ID {
				t.Errorf("holder = %+v", got)
			}
			if err := here.End(t.Context(), o.Session, now); err != nil {
				t.Errorf("End = %v", err)
			}
			line.Be(faulttest.None)
			for deadline := time.Now().Add(20 * time.Second); ; {
				_, err := there.Holder(t.Context(), hashed("a"), now)
				if chat.KindOf(err) == chat.NotFound {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("it goes on elsewhere: %v", err)
				}
			}
		})
	}
}
