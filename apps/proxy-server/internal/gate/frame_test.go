package gate_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

func TestTheFrameIsHeldByThePageThatAskedOrByNoStranger(t *testing.T) {
	h := newHouse(t)
	for referer, want := range map[string]chat.Origins{
		"https://shop.example/":            {"https://shop.example"},
		"https://shop.example":             {"https://shop.example"},
		"https://SHOP.example:443/p?q=1":   {"https://shop.example"},
		"https://www.shop.example/":        {"https://www.shop.example"},
		"":                                 h.site.Origins,
		"https://evil.example/":            h.site.Origins,
		"https://a.b.shop.example/":        h.site.Origins,
		"https://shop.example.evil/":       h.site.Origins,
		"https://me@shop.example/":         h.site.Origins,
		"https://shop.example; *; x/":      h.site.Origins,
		"about:blank":                      h.site.Origins,
		"https://shop.example\r\nX-Evil:1": h.site.Origins,
	} {
		f, err := h.Frame(t.Context(), gate.FrameRequest{SiteKey: h.site.Key, Referer: referer, Dest: "iframe", Address: address})
		if diff := cmp.Diff(want, f.Ancestors); err != nil || diff != "" || f.Ticket == "" {
			t.Errorf("referer %q: %v, ticket %q (-want +got)\n%s", referer, err, f.Ticket, diff)
		}
	}
}

func TestASiteWithoutOriginsIsFramedByNobody(t *testing.T) {
	h := newHouse(t)
	h.addSite(t, "pk_bare")
	f, err := h.Frame(t.Context(), gate.FrameRequest{SiteKey: "pk_bare", Referer: "https://shop.example/", Address: address})
	if err != nil || len(f.Ancestors) != 0 {
		t.Errorf("framed by %v, %v", f.Ancestors, err)
	}
}

func TestATopLevelDocumentGetsNoTicket(t *testing.T) {
	h := newHouse(t)
	f, err := h.Frame(t.Context(), gate.FrameRequest{SiteKey: h.site.Key, Dest: "document", Address: address})
	if err != nil || f.Ticket != "" {
		t.Errorf("ticket %q, %v", f.Ticket, err)
	}
}

func TestThereIsNoFrameForWhatIsNoSite(t *testing.T) {
	h := newHouse(t)
	for _, key := range []string{"", "pk_", "pk_nobody", "shop", "pk_shop ", "pk_shop/..", "pk_shop\n", strings.Repeat("pk_a", 1000)} {
		_, err := h.Frame(t.Context(), gate.FrameRequest{SiteKey: key, Address: address})
		wants(t, key, err, chat.NotFound, "site_unknown")
	}
}

func TestATicketIsGoodForTenMinutesAndManyTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		e := gate.Entry{SiteKey: h.site.Key, Ticket: h.ticket(t), Caller: inFrame()}
		for _, wait := range []time.Duration{0, time.Minute, 9*time.Minute - 2*time.Second} {
			time.Sleep(wait)
			h.enter(t, e)
		}
		time.Sleep(2 * time.Second)
		_, err := h.Enter(t.Context(), e)
		wants(t, "after ten minutes", err, chat.Forbidden, "ticket_expired")
	})
}

func TestATicketIsGoodForItsSiteAndPageOnly(t *testing.T) {
	h := newHouse(t)
	other := h.addSite(t, "pk_other", shop)
	word := h.ticket(t)
	_, err := h.Enter(t.Context(), gate.Entry{SiteKey: other.Key, Ticket: word, Caller: inFrame()})
	wants(t, "at another site", err, chat.Forbidden, "origin_forbidden")
	for name, forged := range map[string]string{
		"own words": "cGtfc2hvcA", "longer": word + "A", "shorter": word[:len(word)-2], "nonsense": "%%%",
	} {
		_, err := h.Enter(t.Context(), gate.Entry{SiteKey: h.site.Key, Ticket: forged, Caller: inFrame()})
		wants(t, name, err, chat.Forbidden, "ticket_invalid")
	}
}

func TestATicketEndsWhenItsPageIsNoLongerListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		word := h.ticket(t)
		site := h.site
		site.Origins, site.UpdatedAt = chat.Origins{"https://new.example"}, site.UpdatedAt.Add(time.Second)
		if err := h.store.SaveSite(t.Context(), site, h.site.UpdatedAt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		_, err := h.Enter(t.Context(), gate.Entry{SiteKey: site.Key, Ticket: word, Caller: inFrame()})
		wants(t, "after its page was taken off the list", err, chat.Forbidden, "origin_forbidden")
	})
}

// listed is written apart from the code that it judges.
var listed = regexp.MustCompile(`(?i)^https://([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)?shop\.example(:443)?$`)

// Every origin that differs from the shop's by one byte is either another way
// to write one that is listed, or refused.
func TestOriginsThatDifferByOneByteAreRefused(t *testing.T) {
	h := newHouse(t)
	let := 0
	try := func(origin string) {
		allowed, err := h.Preflight(t.Context(), origin)
		if err != nil {
			t.Fatal(err)
		}
		if allowed {
			let++
		}
		if allowed && !listed.MatchString(origin) {
			t.Errorf("%q is let in", origin)
		}
	}
	for _, origin := range []string{shop, shop + ":443", "https://www.shop.example"} {
		for i := range len(origin) + 1 {
			for b := range 256 {
				try(origin[:i] + string([]byte{byte(b)}) + origin[i:])
				if i < len(origin) {
					try(origin[:i] + string([]byte{byte(b)}) + origin[i+1:])
				}
			}
			try(origin[:i])
			try(origin[i:])
		}
	}
	for _, origin := range []string{
		"null", "", "*", "https://shop.example.evil", "https://evilshop.example", "http://shop.example",
		"https://shop.example:8443", "https://shop.example.", "https://a.b.shop.example", "https://shop.example/",
		"https://ѕhop.example", "https://shop.example@evil.example", "file://", "https://[::1]", "https://.shop.example",
	} {
		if allowed, err := h.Preflight(t.Context(), origin); err != nil || allowed {
			t.Errorf("%q is let in, %v", origin, err)
		}
	}
	if let == 0 {
		t.Error("nobody is let in")
	}
}

func FuzzAWordThatIsNoTicketLetsNobodyIn(f *testing.F) {
	for _, word := range []string{"", "A", "AQ", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "____", "a\nb\nc"} {
		f.Add(word)
	}
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, word string) {
		if word == "" {
			return
		}
		_, err := h.Enter(t.Context(), gate.Entry{SiteKey: h.site.Key, Ticket: word, Caller: inFrame()})
		if chat.KindOf(err) != chat.Forbidden {
			t.Errorf("%q: %v", word, err)
		}
	})
}
