package fallback_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
	"securechat/internal/relay/relaytest"
	"securechat/internal/stream/fallback"
	"securechat/internal/stream/memory"
)

var errAway = chat.E(chat.Unavailable, "log_unavailable", "away")

// fickle is a shared log that can be away. Its readers then fail once they are
// woken, as those of a broken line do.
type fickle struct {
	relay.Log

	mu      sync.Mutex
	away    bool
	readers []*fickleReader
}

type fickleReader struct {
	relay.Reader

	log  *fickle
	wake func()
}

func (r *fickleReader) Next() ([]chat.Event, error) {
	if r.log.isAway() {
		return nil, errAway
	}
	return r.Reader.Next()
}

func (f *fickle) isAway() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.away
}

func (f *fickle) be(away bool) {
	f.mu.Lock()
	f.away = away
	readers := f.readers
	f.mu.Unlock()
	if away {
		for _, r := range readers {
			r.wake()
		}
	}
}

func (f *fickle) probe(context.Context) error {
	if f.isAway() {
		return errors.New("away")
	}
	return nil
}

func (f *fickle) Append(ctx context.Context, c chat.ConversationID, e chat.Event) (chat.Cursor, error) {
	if f.isAway() {
		return "", errAway
	}
	return f.Log.Append(ctx, c, e)
}

func (f *fickle) End(ctx context.Context, c chat.ConversationID) (chat.Cursor, error) {
	if f.isAway() {
		return "", errAway
	}
	return f.Log.End(ctx, c)
}

func (f *fickle) Told(ctx context.Context, c chat.ConversationID, t chat.TurnID) ([]chat.Event, error) {
	if f.isAway() {
		return nil, errAway
	}
	return f.Log.Told(ctx, c, t)
}

func (f *fickle) Follow(ctx context.Context, c chat.ConversationID, after chat.Cursor, wake func()) (relay.Reader, error) {
	if f.isAway() {
		return nil, errAway
	}
	inner, err := f.Log.Follow(ctx, c, after, wake)
	if err != nil {
		return nil, err
	}
	r := &fickleReader{Reader: inner, log: f, wake: wake}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readers = append(f.readers, r)
	return r, nil
}

// house is a log with its Run at work, and what the store would say.
type house struct {
	*fallback.Log

	t      *testing.T
	shared *fickle
	mu     sync.Mutex
	pulse  string
}

func newHouse(t *testing.T, shared *fickle) *house {
	t.Helper()
	h := &house{t: t, shared: shared}
	h.Log = fallback.New(fallback.Options{
		Shared: shared, Own: func() relay.Log { return memory.New() }, Probe: shared.probe,
		Pulse: func(context.Context, chat.ConversationID) (string, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.pulse, nil
		},
		Logger: slog.New(slog.DiscardHandler),
	})
	ctx, quit := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = h.Run(ctx) })
	t.Cleanup(func() {
		quit()
		running.Wait()
	})
	return h
}

func (h *house) store(pulse string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pulse = pulse
}

func (h *house) say(seq int, text string) {
	h.t.Helper()
	if _, err := h.Append(h.t.Context(), "c", chat.Event{Kind: chat.TextDelta, TurnID: "t", Seq: seq, Text: text}); err != nil {
		h.t.Fatal(err)
	}
}

// ear hears a conversation; wants looks at what it has heard once all is still.
type ear struct {
	t     *testing.T
	mu    sync.Mutex
	heard []string
}

func (h *house) listen(after chat.Cursor) *ear {
	h.t.Helper()
	e := &ear{t: h.t}
	ctx, quit := context.WithCancel(context.Background())
	var listening sync.WaitGroup
	listening.Go(func() {
		for event, err := range relay.Hear(ctx, func(wake func()) (relay.Reader, error) { return h.Follow(ctx, "c", after, wake) }) {
			e.mu.Lock()
			if err != nil {
				e.heard = append(e.heard, err.Error())
			} else {
				e.heard = append(e.heard, string(event.Kind)+" "+event.Text)
			}
			e.mu.Unlock()
		}
	})
	h.t.Cleanup(func() {
		quit()
		listening.Wait()
	})
	synctest.Wait()
	return e
}

func (e *ear) wants(heard ...string) {
	e.t.Helper()
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if got, want := strings.Join(e.heard, ", "), strings.Join(heard, ", "); got != want {
		e.t.Errorf("heard %s, want %s", got, want)
	}
	e.heard = nil
}

func TestLog(t *testing.T) {
	for _, away := range []bool{false, true} {
		relaytest.TestLog(t, func(t *testing.T) relay.Log { return newHouse(t, &fickle{Log: memory.New(), away: away}) })
	}
}

func TestWhoFollowsIsSentToTheStoreAtEachChangeAndHearsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &fickle{Log: memory.New()}
		h := newHouse(t, shared)
		ear := h.listen("")
		h.say(1, "one")
		ear.wants("text-delta one")
		shared.be(true)
		ear.wants("log-reset ")
		h.say(2, "two")
		ear.wants("text-delta two")
		time.Sleep(1500 * time.Millisecond)
		ear.wants("log-reset ") // nobody knows what happened elsewhere before the first look
		shared.be(false)
		h.say(3, "three")
		ear.wants("text-delta three")
		time.Sleep(4 * time.Second)
		ear.wants("log-reset ")
		h.say(4, "four")
		ear.wants("text-delta four")
	})
}

func TestWhatWasToldApartIsMadeGoodForThoseWhoStayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := memory.New()
		line := &fickle{Log: shared}
		cut, whole := newHouse(t, line), newHouse(t, &fickle{Log: shared})
		ear := whole.listen("")
		cut.say(1, "one")
		line.be(true)
		cut.say(2, "two")
		ear.wants("text-delta one")
		line.be(false)
		time.Sleep(5 * time.Second)
		ear.wants("log-reset ")
		cut.say(3, "three")
		ear.wants("text-delta three")
	})
}

func TestALogThatFlapsIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &fickle{Log: memory.New()}
		h := newHouse(t, shared)
		ear := h.listen("")
		shared.be(true)
		ear.wants("log-reset ")
		time.Sleep(1500 * time.Millisecond)
		ear.wants("log-reset ")
		for range 20 {
			shared.be(false)
			time.Sleep(2 * time.Second)
			shared.be(true)
			time.Sleep(time.Second)
		}
		ear.wants()
	})
}

func TestATurnThatGoesOnElsewhereIsFetchedWhenTheStoreKnowsMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &fickle{Log: memory.New(), away: true}
		h := newHouse(t, shared)
		h.store("1")
		ear := h.listen("")
		time.Sleep(10 * time.Second)
		ear.wants("log-reset ")
		h.store("2")
		time.Sleep(10 * time.Second)
		ear.wants("log-reset ")
		h.say(1, "told here")
		h.store("3")
		time.Sleep(10 * time.Second)
		ear.wants("text-delta told here")
	})
}

func TestACursorOfTheOtherLogGetsAReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &fickle{Log: memory.New()}
		h := newHouse(t, shared)
		h.say(1, "one")
		cursor, err := h.End(t.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		shared.be(true)
		h.listen(cursor).wants("log-reset ")
	})
}
