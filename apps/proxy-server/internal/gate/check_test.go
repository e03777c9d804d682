package gate_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

func TestASessionIsUsedOnlyFromWhereItLives(t *testing.T) {
	h := newHouse(t)
	frame, headless := h.byFrame(t, gate.Credentials{}), h.byPage(t, gate.Credentials{})
	const forbidden, required = "origin_forbidden", "session_required"
	for _, c := range []struct {
		name              string
		shown             gate.Credentials
		origin, fetchSite string
		cost              gate.Cost
		code              string
	}{
		{"the frame's cookie", cookie(frame), ours, "same-origin", gate.Sending, ""},
		{"the frame's cookie, read", cookie(frame), "", "same-origin", gate.Reading, ""},
		{"the frame's cookie, read by an old browser", cookie(frame), "", "", gate.Reading, ""},
		{"the frame's cookie, from nowhere", cookie(frame), "", "", gate.Sending, forbidden},
		{"the frame's cookie, from the shop", cookie(frame), shop, "cross-site", gate.Sending, forbidden},
		{"the frame's cookie, from elsewhere", cookie(frame), "https://evil.example", "cross-site", gate.Sending, forbidden},
		{"the frame's cookie, from an image elsewhere", cookie(frame), "", "cross-site", gate.Reading, forbidden},
		{"the frame's cookie, from a sibling", cookie(frame), "", "same-site", gate.Reading, forbidden},
		{"the frame's cookie, from a sandbox", cookie(frame), "null", "cross-site", gate.Sending, forbidden},
		{"the frame's cookie, typed into the address", cookie(frame), "", "none", gate.Reading, forbidden},
		{"the frame's secret as bearer", bearer(frame), ours, "same-origin", gate.Sending, ""},
		{"the frame's secret in the shop's hands", bearer(frame), shop, "cross-site", gate.Sending, forbidden},

		{"the page's secret", bearer(headless), shop, "cross-site", gate.Sending, ""},
		{"the page's secret on another page of the site", bearer(headless), "https://www.shop.example", "cross-site", gate.Sending, ""},
		{"the page's secret from nowhere", bearer(headless), "", "", gate.Reading, forbidden},
		{"the page's secret from our own page", bearer(headless), ours, "same-origin", gate.Sending, forbidden},
		{"the page's secret from elsewhere", bearer(headless), "https://evil.example", "cross-site", gate.Sending, forbidden},
		{"the page's secret as a cookie", cookie(headless), shop, "cross-site", gate.Sending, required},

		{"nothing", gate.Credentials{}, ours, "same-origin", gate.Reading, required},
	} {
		_, err := h.Check(t.Context(), gate.Request{
			Origin: c.origin, FetchSite: c.fetchSite, Address: address,
			Credentials: c.shown,
		}, c.cost)
		kind := chat.Forbidden
		if c.code == required {
			kind = chat.Unauthorized
		}
		wants(t, c.name, err, kind, c.code)
	}
}

func TestACookieThatCannotBeToldFromAnotherIsIgnored(t *testing.T) {
	h := newHouse(t)
	mine := h.byFrame(t, gate.Credentials{})
	name, secret := mine.CookieName, mine.Token.Reveal()
	twice := gate.Credentials{Cookies: []gate.Cookie{{name, "planted"}, {name, secret}}}
	wants(t, "a cookie sent twice", h.check(t, inFrame(), twice), chat.Unauthorized, "session_required")

	other := h.addSite(t, "pk_other", shop)
	if gate.CookieName(other) == name {
		t.Fatal("two sites share a cookie")
	}
	both := gate.Credentials{Cookies: []gate.Cookie{{gate.CookieName(other), "x"}, {name, secret}}}
	wants(t, "two sites' cookies", h.check(t, inFrame(), both), chat.Unauthorized, "session_required")
	for key, code := range map[string]string{h.site.Key: "", other.Key: "session_required"} {
		_, err := h.Check(t.Context(), gate.Request{SiteKey: key, Caller: inFrame(), Credentials: both}, gate.Sending)
		wants(t, "two sites' cookies for "+key, err, chat.Unauthorized, code)
	}
}

func TestASiteThatIsSwitchedOffIsSilentWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		in := h.byFrame(t, gate.Credentials{})
		off := h.site
		off.Disabled, off.UpdatedAt = true, off.UpdatedAt.Add(time.Second)
		if err := h.store.SaveSite(t.Context(), off, h.site.UpdatedAt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		wants(t, "a request", h.check(t, inFrame(), cookie(in)), chat.NotFound, "site_unknown")
		wants(t, "a stream", h.Holds(t.Context(), in.Pass), chat.NotFound, "site_unknown")
		_, err := h.Frame(t.Context(), gate.FrameRequest{SiteKey: h.site.Key, Address: address})
		wants(t, "the frame", err, chat.NotFound, "site_unknown")
		if allowed, err := h.Preflight(t.Context(), shop); err != nil || allowed {
			t.Errorf("its pages may still try: %v", err)
		}
	})
}

func TestASiteThatIsRemovedTakesItsSessionsWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		in := h.byFrame(t, gate.Credentials{})
		if err := h.store.RemoveSite(t.Context(), h.site.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		wants(t, "a request", h.check(t, inFrame(), cookie(in)), chat.Unauthorized, "session_required")
		wants(t, "a stream", h.Holds(t.Context(), in.Pass), chat.NotFound, "site_unknown")
	})
}

func TestTheDemonstrationsSiteIsDeadWithoutIt(t *testing.T) {
	for _, demonstrating := range []bool{true, false} {
		h := newHouse(t, func(o *gate.Options) { o.Demo = demonstrating })
		demo := h.site
		demo.ID, demo.Key, demo.Demo = chat.SiteID(chat.NewID()), "pk_demo", true
		if err := h.store.AddSite(t.Context(), demo); err != nil {
			t.Fatal(err)
		}
		code := "site_unknown"
		if demonstrating {
			code = ""
		}
		_, err := h.Enter(t.Context(), gate.Entry{SiteKey: "pk_demo", Caller: onPage()})
		wants(t, "pk_demo", err, chat.NotFound, code)
	}
}

func TestAVisitIsNotedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		in := h.byFrame(t, gate.Credentials{})
		began := in.Session.SeenAt
		time.Sleep(30 * time.Second)
		seen := func() time.Duration {
			t.Helper()
			pass, err := h.Check(t.Context(), gate.Request{Caller: inFrame(), Credentials: cookie(in)}, gate.Reading)
			if err != nil {
				t.Fatal(err)
			}
			return pass.Session.SeenAt.Sub(began).Round(time.Second)
		}
		if got := seen(); got != 0 {
			t.Errorf("after half a minute it was seen at %v", got)
		}
		time.Sleep(31 * time.Second)
		if got := seen(); got != 61*time.Second {
			t.Errorf("after a minute it was seen at %v", got)
		}
	})
}

func TestASessionThatAsksTooOftenIsToldWhenToComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(o *gate.Options) {
			o.Limits = gate.Limits{gate.Sending: {Session: gate.Limit{Burst: 2, Per: time.Minute}}}
		})
		in := h.byFrame(t, gate.Credentials{})
		request := gate.Request{Caller: inFrame(), Credentials: cookie(in)}
		pass, err := h.Check(t.Context(), request, gate.Sending)
		if err != nil {
			t.Fatal(err)
		}
		rate, policy := pass.Verdict.Fields()
		if diff := cmp.Diff([]string{`"session";r=1;t=30`, `"session";q=2;w=60`}, []string{rate, policy}); diff != "" {
			t.Errorf("headers (-want +got)\n%s", diff)
		}
		if _, err := h.Check(t.Context(), request, gate.Sending); err != nil {
			t.Fatal(err)
		}
		_, err = h.Check(t.Context(), request, gate.Sending)
		told, _ := errors.AsType[*chat.Error](err)
		exceeded, ok := errors.AsType[gate.Exceeded](err)
		if !ok || told.RetryAfter != 30*time.Second || exceeded.Name != "session" {
			t.Fatalf("got %v, want to come again in 30s", err)
		}
		if _, err := h.Check(t.Context(), request, gate.Reading); err != nil {
			t.Errorf("reading is not sending: %v", err)
		}
		time.Sleep(told.RetryAfter)
		if _, err := h.Check(t.Context(), request, gate.Sending); err != nil {
			t.Errorf("at the time told: %v", err)
		}
	})
}

func TestWhatIsOverIsSweptAndVisitorsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		in := h.byFrame(t, gate.Credentials{})
		for range 700 {
			left := h.byFrame(t, gate.Credentials{})
			if err := h.Leave(t.Context(), left.Pass); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Sweep(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if n, err := h.store.Forget(t.Context(), time.Now(), 1000); err != nil || n != 0 {
			t.Errorf("%d are left, %v", n, err)
		}
		if err := h.check(t, inFrame(), cookie(in)); err != nil {
			t.Errorf("who is inside: %v", err)
		}
	})
}

func TestLimitsAreReadAsTheyAreWritten(t *testing.T) {
	limits, err := gate.ParseLimits("send.session=20/1m, enter.address=off")
	want := gate.DefaultLimits()
	send, enter := want[gate.Sending], want[gate.Entering]
	send.Session, enter.Address = gate.Limit{Burst: 20, Per: time.Minute}, gate.Limit{}
	want[gate.Sending], want[gate.Entering] = send, enter
	if diff := cmp.Diff(want, limits); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if off, err := gate.ParseLimits("off"); err != nil || off != nil {
		t.Errorf("off: %v, %v", off, err)
	}
	for _, wrong := range []string{"on", "send=20/1m", "send.planet=20/1m", "fly.session=20/1m", "send.session=20", "send.session=0/1m", "send.session=20/0s", "send.session=-1/1m", "send.session"} {
		if _, err := gate.ParseLimits(wrong); err == nil || !strings.Contains(err.Error(), "as in send.session=20/1m") {
			t.Errorf("%q is taken", wrong)
		}
	}
}
