package gate_test

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
	"securechat/internal/keyring"
	"securechat/internal/limit/memory"
	"securechat/internal/store/sqlite"
	"securechat/internal/store/sqlstore"
)

const (
	ours = "https://chat.example"
	shop = "https://shop.example"
)

// house is a gate on the real store, keyring and limiter.
type house struct {
	*gate.Gate
	store *sqlstore.Store
	site  chat.Site
}

func newHouse(t *testing.T, changes ...func(*gate.Options)) house {
	t.Helper()
	engine, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "chat.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	if err := sqlstore.Migrate(t.Context(), engine); err != nil {
		t.Fatal(err)
	}
	file, err := keyring.NewKeyFile()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.Open(t.Context(), file, sqlstore.NewKeys(engine))
	if err != nil {
		t.Fatal(err)
	}
	store := sqlstore.New(engine, keys)
	o := gate.Options{Store: store, Limiter: memory.New(1000), Tickets: keys, Digest: keys.Digest, Own: []chat.Origin{ours}}
	for _, change := range changes {
		change(&o)
	}
	h := house{Gate: gate.New(o), store: store}
	h.site = h.addSite(t, "pk_shop", shop, "https://*.shop.example")
	return h
}

func (h house) addSite(t *testing.T, key string, origins ...chat.OriginPattern) chat.Site {
	t.Helper()
	now := time.Now()
	site := chat.Site{
		ID: chat.SiteID(chat.NewID()), Key: key, Name: key, Origins: origins,
		Agent: chat.AgentSettings{Kind: chat.AgentDemo}.WithDefaults(), CreatedAt: now, UpdatedAt: now,
	}
	if err := h.store.AddSite(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	return site
}

var address = netip.MustParseAddr("192.0.2.7")

func from(origin string) gate.Caller {
	return gate.Caller{Origin: origin, FetchSite: "same-origin", Address: address}
}

func (h house) ticket(t *testing.T) string {
	t.Helper()
	f, err := h.Frame(t.Context(), gate.FrameRequest{SiteKey: h.site.Key, Referer: shop + "/", Dest: "iframe", Caller: gate.Caller{Address: address}})
	if err != nil {
		t.Fatal(err)
	}
	return f.Ticket
}

func TestFrameVisitorEntersAndIsKnownAgain(t *testing.T) {
	h := newHouse(t)
	in, err := h.Enter(t.Context(), gate.Entry{SiteKey: h.site.Key, Ticket: h.ticket(t), Caller: from(ours)})
	if err != nil {
		t.Fatal(err)
	}
	pass, err := h.Check(t.Context(), gate.Request{
		Caller:      from(ours),
		Credentials: gate.Credentials{Cookies: []gate.Cookie{{in.CookieName, in.Token.Reveal()}}},
	}, gate.Sending)
	if err != nil {
		t.Fatal(err)
	}
	if pass.Session.ID != in.Session.ID || pass.Visitor.ID != in.Visitor.ID || pass.Site.Key != h.site.Key {
		t.Fatalf("another session: %+v, want %+v", pass.Session, in.Session)
	}
}
