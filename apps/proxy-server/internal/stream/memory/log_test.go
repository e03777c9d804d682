package memory_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
	"securechat/internal/relay/relaytest"
	"securechat/internal/stream/memory"
)

func TestLog(t *testing.T) {
	relaytest.TestLog(t, func(*testing.T) relay.Log { return memory.New() })
}

func say(t testing.TB, l *memory.Log, c chat.ConversationID, e chat.Event) chat.Cursor {
	t.Helper()
	cursor, err := l.Append(t.Context(), c, e)
	if err != nil {
		t.Fatal(err)
	}
	return cursor
}

func follow(ctx context.Context, l *memory.Log, c chat.ConversationID, after chat.Cursor) iter.Seq2[chat.Event, error] {
	return relay.Hear(ctx, func(wake func()) (relay.Reader, error) { return l.Follow(ctx, c, after, wake) })
}

// first is the first thing a follower hears, or else nothing once all is
// still.
func first(t testing.TB, l *memory.Log, c chat.ConversationID, after chat.Cursor) chat.Event {
	t.Helper()
	ctx, quit := context.WithTimeout(t.Context(), time.Second)
	defer quit()
	for e, err := range follow(ctx, l, c, after) {
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	return chat.Event{}
}

func TestACursorIsGoodForTenMinutesAndStaleAfterAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.New()
		cursor := say(t, l, "c", chat.Event{Kind: chat.MessageAdded})
		say(t, l, "c", chat.Event{Kind: chat.TextDelta, TurnID: "t", Seq: 1})
		say(t, l, "c", chat.Event{Kind: chat.TurnEnded, TurnID: "t", Seq: 2})
		time.Sleep(10 * time.Minute)
		say(t, l, "another", chat.Event{Kind: chat.MessageAdded})
		if e := first(t, l, "c", cursor); e.Kind != chat.TextDelta {
			t.Errorf("after ten minutes: %+v", e)
		}
		time.Sleep(time.Hour)
		say(t, l, "another", chat.Event{Kind: chat.MessageAdded})
		if e := first(t, l, "c", cursor); e.Kind != chat.LogReset {
			t.Errorf("after an hour: %+v", e)
		}
	})
}

func TestAnOpenTurnIsKeptHoweverLongItTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.New()
		cursor := say(t, l, "c", chat.Event{Kind: chat.MessageAdded})
		say(t, l, "c", chat.Event{Kind: chat.TurnStarted, TurnID: "t", Seq: 1})
		for range 20 {
			time.Sleep(time.Hour)
			say(t, l, "another", chat.Event{Kind: chat.MessageAdded})
		}
		if e := first(t, l, "c", cursor); e.Kind != chat.TurnStarted {
			t.Errorf("after twenty hours: %+v", e)
		}
	})
}

func TestAFollowerWhoHearsNothingForADayStillHears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.New()
		heard := make(chan chat.Event, 1)
		go func() {
			for e := range follow(t.Context(), l, "c", "") {
				heard <- e
				return
			}
		}()
		for range 24 {
			time.Sleep(time.Hour)
			say(t, l, "another", chat.Event{Kind: chat.MessageAdded})
		}
		say(t, l, "c", chat.Event{Kind: chat.TextDelta, TurnID: "t", Seq: 1})
		if e := <-heard; e.Kind != chat.TextDelta {
			t.Errorf("heard %+v", e)
		}
	})
}

func TestMemoryStaysFlatOverDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.New()
		day := func() {
			for i := range 2000 {
				c := chat.ConversationID(chat.NewID())
				for seq := range 20 {
					say(t, l, c, chat.Event{Kind: chat.TextDelta, TurnID: "t", Seq: seq + 1, Text: fmt.Sprint("word", i)})
				}
				say(t, l, c, chat.Event{Kind: chat.TurnEnded, TurnID: "t", Seq: 21})
				time.Sleep(24 * time.Hour / 2000)
			}
		}
		day()
		before := heap()
		for range 5 {
			day()
		}
		if grown := heap() - before; grown > 1<<20 {
			t.Errorf("grew by %d bytes in five days", grown)
		}
		runtime.KeepAlive(l)
	})
}

func TestAnIdleFollowerCostsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.New()
		const followers = 5000
		before := heap()
		ctx, quit := context.WithCancel(t.Context())
		defer quit()
		for i := range followers {
			go func() {
				for range follow(ctx, l, chat.ConversationID(fmt.Sprint(i)), "") {
				}
			}()
		}
		synctest.Wait()
		if each := (heap() - before) / followers; each > 2048 {
			t.Errorf("each holds %d bytes", each)
		}
	})
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkAppendWithOneFollower(b *testing.B) {
	l := memory.New()
	heard := make(chan struct{})
	start, err := l.End(b.Context(), "c")
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		defer close(heard)
		for e, err := range follow(b.Context(), l, "c", start) {
			if err != nil || e.Kind == chat.TurnEnded {
				return
			}
		}
	}()
	for b.Loop() {
		say(b, l, "c", chat.Event{Kind: chat.MessageAdded})
	}
	say(b, l, "c", chat.Event{Kind: chat.TurnEnded, TurnID: "t", Seq: 1})
	<-heard
}
