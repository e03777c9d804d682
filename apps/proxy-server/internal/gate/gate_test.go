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
	data  string // the folder of the database
}

func newHouse(tb testing.TB, changes ...func(*gate.Options)) house {
	tb.Helper()
	data := tb.TempDir()
	engine, err := sqlite.Open(tb.Context(), filepath.Join(data, "chat.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { engine.Close() })
	if err := sqlstore.Migrate(tb.Context(), engine); err != nil {
		tb.Fatal(err)
	}
	file, err := keyring.NewKeyFile()
	if err != nil {
		tb.Fatal(err)
	}
	keys, err := keyring.Open(tb.Context(), file, sqlstore.NewKeys(engine))
	if err != nil {
		tb.Fatal(err)
	}
	store := sqlstore.New(engine, keys)
	o := gate.Options{Store: store, Limiter: memory.New(1000), Tickets: keys, Digest: keys.Digest, Own: []chat.Origin{ours}}
	for _, change := range changes {
		change(&o)
	}
	h := house{Gate: gate.New(o), store: store, data: data}
	h.site = h.addSite(tb, "pk_shop", shop, "https://*.shop.example")
	return h
}

func (h house) addSite(tb testing.TB, key string, origins ...chat.OriginPattern) chat.Site {
	tb.Helper()
	now := time.Now()
	site := chat.Site{
		ID: chat.SiteID(chat.NewID()), Key: key, Name: key, Origins: origins,
		Agent: chat.AgentSettings{Kind: chat.AgentDemo}.WithDefaults(), CreatedAt: now, UpdatedAt: now,
	}
	if err := h.store.AddSite(tb.Context(), site); err != nil {
		tb.Fatal(err)
	}
	return site
}

var address = netip.MustParseAddr("192.0.2.7")

// inFrame is a request by the frame, onPage one by a page of the shop itself.
func inFrame() gate.Caller {
	return gate.Caller{Origin: ours, FetchSite: "same-origin", Address: address}
}

func onPage() gate.Caller {
	return gate.Caller{Origin: shop, FetchSite: "cross-site", Address: address}
}

func (h house) ticket(t *testing.T) string {
	t.Helper()
	f, err := h.Frame(t.Context(), gate.FrameRequest{SiteKey: h.site.Key, Referer: shop + "/", Dest: "iframe", Address: address})
	if err != nil {
		t.Fatal(err)
	}
	return f.Ticket
}

// enter fails the test where the visitor is not let in.
func (h house) enter(t *testing.T, e gate.Entry) gate.Entered {
	t.Helper()
	in, err := h.Enter(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// byFrame opens a session as the frame of our own pages does.
func (h house) byFrame(t *testing.T, shown gate.Credentials) gate.Entered {
	t.Helper()
	return h.enter(t, gate.Entry{SiteKey: h.site.Key, Ticket: h.ticket(t), Caller: inFrame(), Credentials: shown})
}

// byPage opens a session as a page of the shop does that has no frame.
func (h house) byPage(t *testing.T, shown gate.Credentials) gate.Entered {
	t.Helper()
	return h.enter(t, gate.Entry{SiteKey: h.site.Key, Caller: onPage(), Credentials: shown})
}

func bearer(in gate.Entered) gate.Credentials { return gate.Credentials{Bearer: in.Token.Reveal()} }

func cookie(in gate.Entered) gate.Credentials {
	return gate.Credentials{Cookies: []gate.Cookie{{in.CookieName, in.Token.Reveal()}}}
}

// BenchmarkCheck lets one visitor in again and again.
func BenchmarkCheck(b *testing.B) {
	h := newHouse(b)
	in, err := h.Enter(b.Context(), gate.Entry{SiteKey: h.site.Key, Caller: onPage()})
	if err != nil {
		b.Fatal(err)
	}
	request := gate.Request{Caller: onPage(), Credentials: bearer(in)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Check(b.Context(), request, gate.Sending); err != nil {
			b.Fatal(err)
		}
	}
}

// wants checks the kind and code of an error; "" stands for none.
func wants(t *testing.T, what string, err error, kind chat.Kind, code string) {
	t.Helper()
	if code == "" && err == nil {
		return
	}
	if chat.KindOf(err) != kind || chat.CodeOf(err) != code {
		t.Errorf("%s: got %v (%s), want %q", what, err, chat.CodeOf(err), code)
	}
}

func (h house) check(t *testing.T, c gate.Caller, shown gate.Credentials) error {
	t.Helper()
	_, err := h.Check(t.Context(), gate.Request{Caller: c, Credentials: shown}, gate.Sending)
	return err
}
