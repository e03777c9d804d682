package gate_test

import (
	"bytes"
	"crypto/sha256"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

func TestWhoMayEnter(t *testing.T) {
	h := newHouse(t)
	ticket := h.ticket(t)
	const refused = "origin_forbidden"
	for _, c := range []struct{ name, ticket, origin, fetchSite, code string }{
		{"the frame", ticket, ours, "same-origin", ""},
		{"the frame in a browser that says little", ticket, ours, "", ""},
		{"a program with a ticket", ticket, "", "", ""},
		{"the shop's page", "", shop, "cross-site", ""},
		{"a page below the shop's domain", "", "https://www.shop.example", "cross-site", ""},

		{"our own page without a ticket", "", ours, "same-origin", refused},
		{"nothing at all", "", "", "", refused},
		{"a sandboxed page", "", "null", "cross-site", refused},
		{"a sandboxed page with a ticket", ticket, "null", "cross-site", refused},
		{"another site's page", "", "https://evil.example", "cross-site", refused},
		{"another site's page with a ticket", ticket, "https://evil.example", "cross-site", refused},
		{"the shop's page with a ticket", ticket, shop, "cross-site", refused},
		{"a sibling of ours with a ticket", ticket, ours, "same-site", refused},
		{"a sibling of ours", "", "https://blog.chat.example", "same-site", refused},
		{"two labels below the shop's domain", "", "https://a.b.shop.example", "cross-site", refused},
		{"the shop without TLS", "", "http://shop.example", "cross-site", refused},
	} {
		_, err := h.Enter(t.Context(), gate.Entry{
			SiteKey: h.site.Key, Ticket: c.ticket,
			Origin: c.origin, FetchSite: c.fetchSite, Address: address,
		})
		wants(t, c.name, err, chat.Forbidden, c.code)
	}
}

func TestAVisitorIsKnownAgain(t *testing.T) {
	h := newHouse(t)
	for name, way := range map[string]struct {
		enter func(*testing.T, gate.Credentials) gate.Entered
		shown func(gate.Entered) gate.Credentials
		from  gate.Caller
		token bool
	}{
		"frame with a cookie": {h.byFrame, cookie, inFrame(), false},
		"frame as a bearer":   {h.byFrame, bearer, inFrame(), true},
		"page as a bearer":    {h.byPage, bearer, onPage(), true},
	} {
		t.Run(name, func(t *testing.T) {
			first := way.enter(t, gate.Credentials{})
			if !first.Minted || first.Token == "" || first.Visitor.Returning {
				t.Fatalf("a first visit: %+v", first)
			}
			again := way.enter(t, way.shown(first))
			if again.Session.ID != first.Session.ID || again.Visitor.ID != first.Visitor.ID || again.Minted {
				t.Errorf("not the same visit: %+v", again)
			}
			if (again.Token == first.Token) != way.token {
				t.Errorf("token %q", again.Token.Reveal())
			}
			if err := h.check(t, way.from, way.shown(first)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestACredentialNotMadeHereIsNeverAdopted(t *testing.T) {
	h := newHouse(t)
	for name, secret := range map[string]string{
		"well formed": "scf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"an id":       "018f6f4e-7c1a-7b3e-9a59-0f2d6c1b7e11",
		"SQL":         "' OR 1=1 --",
		"NUL":         "scf_\x00",
	} {
		for _, shown := range []gate.Credentials{{Bearer: secret}, {Cookies: []gate.Cookie{{gate.CookieName(h.site), secret}}}} {
			if in := h.byFrame(t, shown); !in.Minted || in.Token.Reveal() == secret || in.Visitor.Returning {
				t.Errorf("%s is adopted: %+v", name, in)
			}
			wants(t, name, h.check(t, inFrame(), shown), chat.Unauthorized, "session_required")
		}
	}
}

func TestACredentialIsOfNoUseAtAnotherSite(t *testing.T) {
	h := newHouse(t)
	other := h.addSite(t, "pk_other", shop)
	mine := h.byPage(t, gate.Credentials{})
	there := h.enter(t, gate.Entry{SiteKey: other.Key, Caller: onPage(), Credentials: bearer(mine)})
	if there.Visitor.ID == mine.Visitor.ID || there.Session.SiteID != other.ID || !there.Minted {
		t.Errorf("the visitor is carried over: %+v", there)
	}
	_, err := h.Check(t.Context(), gate.Request{SiteKey: other.Key, Caller: onPage(), Credentials: bearer(mine)}, gate.Reading)
	wants(t, "at the other site", err, chat.Unauthorized, "session_required")
	if err := h.check(t, onPage(), bearer(mine)); err != nil {
		t.Errorf("at its own site: %v", err)
	}
}

func TestASecretStaysWithTheFrameOrThePageThatGotIt(t *testing.T) {
	h := newHouse(t)
	frame, headless := h.byFrame(t, gate.Credentials{}), h.byPage(t, gate.Credentials{})
	if in := h.byPage(t, bearer(frame)); in.Visitor.ID == frame.Visitor.ID {
		t.Error("the shop's page goes on with the frame's session")
	}
	if in := h.byFrame(t, bearer(headless)); in.Visitor.ID == headless.Visitor.ID {
		t.Error("the frame goes on with the page's session")
	}
}

func TestOurOwnPageNeedsATicketEvenWhereTheSiteListsIt(t *testing.T) {
	h := newHouse(t)
	h.addSite(t, "pk_demo", ours)
	_, err := h.Enter(t.Context(), gate.Entry{SiteKey: "pk_demo", Caller: inFrame()})
	wants(t, "without a ticket", err, chat.Forbidden, "origin_forbidden")
}

func TestAVisitEndsAfterHalfAnHourAndIsExchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		first := h.byFrame(t, gate.Credentials{})
		time.Sleep(chat.SessionIdle - time.Second)
		if err := h.check(t, inFrame(), cookie(first)); err != nil {
			t.Fatalf("within half an hour: %v", err)
		}
		time.Sleep(chat.SessionIdle - time.Second)
		if err := h.check(t, inFrame(), cookie(first)); err != nil {
			t.Fatalf("half an hour after it was seen last: %v", err)
		}
		time.Sleep(chat.SessionIdle)
		wants(t, "after half an hour", h.check(t, inFrame(), cookie(first)), chat.Unauthorized, "session_expired")
		second := h.byFrame(t, cookie(first))
		if second.Session.ID == first.Session.ID || second.Visitor.ID != first.Visitor.ID || !second.Visitor.Returning || !second.Minted {
			t.Errorf("exchanged for %+v", second)
		}
		if second.Session.ConversationID != first.Session.ConversationID {
			t.Error("the conversation is lost")
		}
		if err := h.check(t, inFrame(), cookie(second)); err != nil {
			t.Error(err)
		}
		time.Sleep(364 * 24 * time.Hour)
		if third := h.byFrame(t, cookie(second)); third.Visitor.ID != first.Visitor.ID {
			t.Error("the visitor is forgotten within a year")
		}
		time.Sleep(2 * 24 * time.Hour)
		if stale := h.byFrame(t, cookie(second)); stale.Visitor.ID == first.Visitor.ID {
			t.Error("a credential lives for more than a year")
		}
	})
}

func TestNoVisitLastsLongerThanADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		in := h.byFrame(t, gate.Credentials{})
		for range 24*6 - 1 {
			time.Sleep(10 * time.Minute)
			if err := h.check(t, inFrame(), cookie(in)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Minute)
		wants(t, "after a day", h.check(t, inFrame(), cookie(in)), chat.Unauthorized, "session_expired")
	})
}

func TestAnOldSecretIsReplacedAndWorksAMinuteMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		first := h.byFrame(t, gate.Credentials{})
		for range 3 {
			time.Sleep(20 * time.Minute)
			if err := h.check(t, inFrame(), cookie(first)); err != nil {
				t.Fatal(err)
			}
		}
		second := h.byFrame(t, cookie(first))
		if second.Session.ID != first.Session.ID || !second.Minted || second.Token == first.Token {
			t.Fatalf("after an hour: %+v", second)
		}
		time.Sleep(10 * time.Minute)
		if err := h.check(t, inFrame(), cookie(first)); err != nil {
			t.Errorf("the old secret before its successor was used: %v", err)
		}
		if err := h.check(t, inFrame(), cookie(second)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(chat.CredentialGrace - time.Second)
		if err := h.check(t, inFrame(), cookie(first)); err != nil {
			t.Errorf("the old secret within a minute: %v", err)
		}
		time.Sleep(time.Second)
		wants(t, "the old secret after a minute", h.check(t, inFrame(), cookie(first)), chat.Unauthorized, "session_required")
	})
}

func TestWhoLogsOutIsAStrangerAfterwards(t *testing.T) {
	h := newHouse(t)
	in := h.byFrame(t, gate.Credentials{})
	pass, err := h.Check(t.Context(), gate.Request{Caller: inFrame(), Credentials: cookie(in)}, gate.Acting)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Holds(t.Context(), pass); err != nil {
		t.Errorf("before: %v", err)
	}
	if err := h.Leave(t.Context(), pass); err != nil {
		t.Fatal(err)
	}
	wants(t, "a stream", h.Holds(t.Context(), pass), chat.Unauthorized, "session_required")
	wants(t, "a request", h.check(t, inFrame(), cookie(in)), chat.Unauthorized, "session_required")
	if next := h.byFrame(t, cookie(in)); next.Visitor.ID == in.Visitor.ID || next.Visitor.Returning {
		t.Errorf("known again: %+v", next.Visitor)
	}
}

func TestANewConversationIsTheOneThatIsOpen(t *testing.T) {
	h := newHouse(t)
	in := h.byFrame(t, gate.Credentials{})
	session, err := h.NewConversation(t.Context(), in.Pass)
	if err != nil || session.ConversationID == in.Session.ConversationID {
		t.Fatalf("%+v, %v", session, err)
	}
	pass, err := h.Check(t.Context(), gate.Request{Caller: inFrame(), Credentials: cookie(in)}, gate.Reading)
	if err != nil || pass.Session.ConversationID != session.ConversationID {
		t.Errorf("open is %s, %v, want %s", pass.Session.ConversationID, err, session.ConversationID)
	}
}

func TestAFingerprintIsAHintAndNothingMore(t *testing.T) {
	h := newHouse(t)
	enter := func(key string) gate.Entered {
		return h.enter(t, gate.Entry{SiteKey: key, Caller: onPage(), Fingerprint: "canvas 1", UserAgent: "same", Locale: "de"})
	}
	if in := enter(h.site.Key); in.Session.Fingerprint != nil {
		t.Error("a fingerprint is kept where the site does not let it")
	}
	other := h.addSite(t, "pk_other", shop)
	other.Policy.Fingerprint = true
	was := other.UpdatedAt
	other.UpdatedAt = was.Add(time.Second)
	if err := h.store.SaveSite(t.Context(), other, was); err != nil {
		t.Fatal(err)
	}
	one, two := enter(other.Key), enter(other.Key)
	if len(one.Session.Fingerprint) != 32 || string(one.Session.Fingerprint) != string(two.Session.Fingerprint) {
		t.Errorf("fingerprints %x and %x, want one digest", one.Session.Fingerprint, two.Session.Fingerprint)
	}
	if one.Visitor.ID == two.Visitor.ID || one.Session.ConversationID == two.Session.ConversationID || two.Visitor.Returning {
		t.Error("a fingerprint opens a stranger's history")
	}
}

func TestHeadersAreKeptShortAndClean(t *testing.T) {
	h := newHouse(t)
	long := make([]byte, 5000)
	for i := range long {
		long[i] = 'a'
	}
	in := h.enter(t, gate.Entry{
		SiteKey: h.site.Key, Caller: onPage(),
		UserAgent: "Mozilla\x00\r\n\xff" + string(long), Locale: string(long),
	})
	if len(in.Session.UserAgent) > 512 || in.Session.UserAgent[:8] != "Mozillaa" || len(in.Session.Locale) != 35 {
		t.Errorf("%q, %q", in.Session.UserAgent, in.Session.Locale)
	}
}

func TestTheSecretItselfIsNotStored(t *testing.T) {
	h := newHouse(t)
	in := h.byFrame(t, gate.Credentials{})
	secret := in.Token.Reveal()
	sum := sha256.Sum256([]byte(secret))
	hashed := false
	err := fs.WalkDir(os.DirFS(h.data), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(h.data, path))
		if bytes.Contains(content, []byte(secret)) {
			t.Errorf("the secret stands in %s", path)
		}
		hashed = hashed || bytes.Contains(content, sum[:])
		return err
	})
	if err != nil || !hashed {
		t.Errorf("its hash is found: %v, %v", hashed, err)
	}
}

func TestTooManySessionsFromOneHouseholdAreRefused(t *testing.T) {
	h := newHouse(t, func(o *gate.Options) { o.Limits = gate.DefaultLimits() })
	enter := func(from string) error {
		_, err := h.Enter(t.Context(), gate.Entry{
			SiteKey: h.site.Key,
			Origin:  shop, Address: netip.MustParseAddr(from),
		})
		return err
	}
	for range 60 {
		if err := enter("198.51.100.1"); err != nil {
			t.Fatal(err)
		}
	}
	err := enter("::ffff:198.51.100.1")
	wants(t, "the 61st", err, chat.Limited, "rate_limited")
	if err := enter("198.51.100.2"); err != nil {
		t.Errorf("a neighbour: %v", err)
	}
	through := 0
	for i := range 100 {
		if enter(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(i)}).String()) == nil {
			through++
		}
	}
	if through != 60 {
		t.Errorf("%d of one network of 64 bits are let in, want 60", through)
	}
}

func TestWhoComesBackTakesNoRoomFromNewVisitors(t *testing.T) {
	h := newHouse(t, func(o *gate.Options) { o.Limits = gate.DefaultLimits() })
	first := h.byPage(t, gate.Credentials{})
	for range 90 { // pages looked at with the chat open
		h.byPage(t, bearer(first))
	}
	if again := h.byPage(t, gate.Credentials{}); again.Visitor.ID == first.Visitor.ID {
		t.Error("a new visitor is taken for the first")
	}
	var err error
	for range 40 {
		_, err = h.Enter(t.Context(), gate.Entry{Caller: onPage(), Credentials: bearer(first), SiteKey: h.site.Key})
	}
	wants(t, "a session that comes back without end", err, chat.Limited, "rate_limited")
}
