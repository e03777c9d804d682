package web

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

// said is what a directory of one site and one session says.
type said struct {
	site     chat.Site
	noSite   error
	noHolder error
}

type directory struct {
	gate.Store

	says atomic.Pointer[said]
}

func (d *directory) SiteByID(context.Context, chat.SiteID) (chat.Site, error) {
	now := d.says.Load()
	return now.site, now.noSite
}

// watched returns a stream that is open while its server watches, and goes on
// as long as all stands; and then after what changes.
func watched(t *testing.T, then said, later time.Duration) *stream {
	t.Helper()
	d := &directory{}
	d.says.Store(&said{})
	h := &Handler{server: &server{Gate: gate.New(gate.Options{Store: d}), streams: newStreams()}}
	s := ofSession(t)
	s.site, s.looked = "site", time.Now()
	s.holds = func(context.Context) error { return d.says.Load().noHolder }
	if !h.server.streams.add(s) {
		t.Fatal("refused")
	}
	go func() { _ = h.Run(t.Context()) }()
	time.Sleep(10 * time.Minute)
	synctest.Wait()
	if s.ctx.Err() != nil {
		t.Fatal("it has ended while all stood")
	}
	d.says.Store(&then)
	time.Sleep(later)
	synctest.Wait()
	return s
}

func TestAStreamEndsWithinSecondsOfItsSite(t *testing.T) {
	for name, then := range map[string]said{
		"switched off": {site: chat.Site{Disabled: true}},
		"removed":      {noSite: chat.Missing()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if s := watched(t, then, 4*time.Second); s.ctx.Err() == nil {
					t.Error("it goes on")
				}
			})
		})
	}
}

func TestAStreamEndsWithinAMinuteOfItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := said{noHolder: chat.E(chat.Unauthorized, "session_required", "")}
		if s := watched(t, ended, lookEvery+watchEvery); s.ctx.Err() == nil {
			t.Error("it goes on")
		}
	})
}

func TestAStreamGoesOnWhileNothingCanBeLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("the store is away")
		if s := watched(t, said{noSite: away, noHolder: away}, 10*time.Minute); s.ctx.Err() != nil {
			t.Error("it has ended")
		}
	})
}
