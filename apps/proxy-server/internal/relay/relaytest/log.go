package relaytest

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// TestLog holds a log to [relay.Log]. open returns an empty one.
func TestLog(t *testing.T, open func(t *testing.T) relay.Log) {
	for name, test := range map[string]func(logFixture){
		"WhoFollowsHearsEverythingOnceAndInOrder":      everythingOnce,
		"WhoIsCutAtAnyEventGoesOnExactlyThere":         cutAnywhere,
		"AnEmptyCursorMeansFromNowOn":                  fromNowOn,
		"TheEndIsAPlaceToFollowFrom":                   fromTheEnd,
		"ConversationsAreApart":                        apart,
		"AStaleCursorGetsOneResetAndThenWhatComes":     stale,
		"ACursorFromTheFutureGetsAReset":               future,
		"AnotherConversationsCursorGetsAReset":         foreignCursor,
		"WhatIsNoCursorIsMalformed":                    malformed,
		"CursorsFitInHeadersAndAddresses":              plainCursors,
		"ATurnIsToldFromItsFirstEvent":                 toldWhole,
		"NothingSinceTheStartOfAnOpenTurnIsTrimmed":    openTurnKept,
		"WhoGivesUpIsLetGo":                            givingUp,
		"WhoLooksAwayInTheMiddleOfAnEventIsLetGo":      lookingAway,
		"ManySpeakersAndListenersAgreeOnOneOrder":      oneOrder,
		"WhoIsSlowHearsEverythingOrIsToldThatHeDidNot": slow,
	} {
		t.Run(name, func(t *testing.T) {
			test(logFixture{T: t, log: open(t), at: chat.ConversationID(chat.NewID())})
		})
	}
}

type logFixture struct {
	*testing.T
	log relay.Log
	at  chat.ConversationID
}

// say appends a delta of a turn and returns its cursor.
func (f logFixture) say(turn chat.TurnID, seq int) chat.Cursor {
	f.Helper()
	return f.append(chat.Event{Kind: chat.TextDelta, TurnID: turn, Seq: seq, Text: fmt.Sprint(seq, " ")})
}

func (f logFixture) append(e chat.Event) chat.Cursor {
	f.Helper()
	cursor, err := f.log.Append(f.Context(), f.at, e)
	if err != nil {
		f.Fatalf("Append: %v", err)
	}
	return cursor
}

// hear follows until it has heard the given number of events.
func (f logFixture) hear(after chat.Cursor, number int) []chat.Event {
	f.Helper()
	var heard []chat.Event
	if number == 0 {
		return heard
	}
	for e, err := range f.follow(f.Context(), after) {
		if err != nil {
			f.Fatalf("Follow: %v", err)
		}
		if heard = append(heard, e); len(heard) == number {
			break
		}
	}
	return heard
}

// follow yields what a reader reads after the cursor.
func (f logFixture) follow(ctx context.Context, after chat.Cursor) iter.Seq2[chat.Event, error] {
	return relay.Hear(ctx, func(wake func()) (relay.Reader, error) { return f.log.Follow(ctx, f.at, after, wake) })
}

func (f logFixture) end() chat.Cursor {
	f.Helper()
	end, err := f.log.End(f.Context(), f.at)
	if err != nil {
		f.Fatalf("End: %v", err)
	}
	return end
}

func seqs(events []chat.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s %d, ", e.Kind, e.Seq)
	}
	return b.String()
}

func everythingOnce(f logFixture) {
	start := f.end()
	turn := chat.TurnID(chat.NewID())
	const events = 300
	var speaking sync.WaitGroup
	speaking.Go(func() {
		for seq := range events {
			f.say(turn, seq+1)
		}
	})
	for i, e := range f.hear(start, events) {
		if e.Seq != i+1 || e.TurnID != turn || e.Cursor == "" || e.Text != fmt.Sprint(i+1, " ") {
			f.Fatalf("event %d is %+v", i+1, e)
		}
	}
	speaking.Wait()
}

func cutAnywhere(f logFixture) {
	start := f.end()
	turn := chat.TurnID(chat.NewID())
	const events = 40
	for seq := range events {
		f.say(turn, seq+1)
	}
	whole := f.hear(start, events)
	for cut := range events {
		rest := f.hear(whole[cut].Cursor, events-cut-1)
		if got, want := seqs(rest), seqs(whole[cut+1:]); got != want {
			f.Errorf("after event %d: %s, want %s", cut+1, got, want)
		}
	}
}

func fromNowOn(f logFixture) {
	f.say("old", 1)
	heard := make(chan chat.Event)
	ctx, quit := context.WithCancel(f.Context())
	defer quit()
	go func() {
		defer close(heard)
		for e := range f.follow(ctx, "") {
			heard <- e
		}
	}()
	// Nobody can tell from outside when the follower has begun: speak until
	// it hears.
	for seq := 2; ; seq++ {
		f.say("new", seq)
		select {
		case e := <-heard:
			if e.TurnID != "new" {
				f.Errorf("heard %+v", e)
			}
			quit()
			for range heard {
			}
			return
		default:
		}
	}
}

func fromTheEnd(f logFixture) {
	f.say("old", 1)
	end := f.end()
	if again := f.end(); again != end {
		f.Errorf("the end went from %s to %s by itself", end, again)
	}
	last := f.say("new", 1)
	heard := f.hear(end, 1)
	if heard[0].TurnID != "new" || heard[0].Cursor != last || f.end() != last {
		f.Errorf("heard %+v, last %s, end %s", heard, last, f.end())
	}
}

func apart(f logFixture) {
	other := f
	other.at = chat.ConversationID(chat.NewID())
	start, otherStart := f.end(), other.end()
	f.say("mine", 1)
	other.say("theirs", 1)
	f.say("mine", 2)
	other.say("theirs", 2)
	for _, e := range f.hear(start, 2) {
		if e.TurnID != "mine" {
			f.Errorf("heard %+v", e)
		}
	}
	for _, e := range other.hear(otherStart, 2) {
		if e.TurnID != "theirs" {
			f.Errorf("heard %+v", e)
		}
	}
}

// reset follows from a cursor that cannot be honoured, and holds the log to
// one reset whose own cursor is good.
func (f logFixture) reset(after chat.Cursor) {
	f.Helper()
	end := f.end()
	if first := f.hear(after, 1)[0]; first.Kind != chat.LogReset || first.Cursor != end || first.Seq != 0 {
		f.Fatalf("heard %+v first, want a log-reset at the end %s", first, end)
	}
	f.say("after", 1)
	if heard := f.hear(end, 1); heard[0].TurnID != "after" {
		f.Errorf("from the reset's cursor on: %+v", heard)
	}
}

func stale(f logFixture) {
	f.say("turn", 1)
	other := f
	other.at = chat.ConversationID(chat.NewID())
	f.reset(other.end())
	heard := make(chan chat.Event, 8)
	old := other.end()
	var all sync.WaitGroup
	all.Go(func() {
		for e, err := range f.follow(f.Context(), old) {
			if err != nil {
				f.Errorf("Follow: %v", err)
			}
			if heard <- e; len(heard) == 3 {
				return
			}
			if e.Kind == chat.LogReset {
				f.say("live", 1)
				f.say("live", 2)
			}
		}
	})
	all.Wait()
	close(heard)
	var kinds []chat.Event
	for e := range heard {
		kinds = append(kinds, e)
	}
	if got, want := seqs(kinds), "log-reset 0, text-delta 1, text-delta 2, "; got != want {
		f.Errorf("heard %s, want %s", got, want)
	}
}

func future(f logFixture) {
	longer := f
	longer.say("turn", 1)
	last := string(longer.say("turn", 2))
	for at := len(last) - 1; at >= 0; at-- {
		if last[at] != '2' {
			continue
		}
		f.reset(chat.Cursor(last[:at] + "9" + last[at+1:]))
		return
	}
	f.Skip("these cursors do not show their offset")
}

func foreignCursor(f logFixture) {
	other := f
	other.at = chat.ConversationID(chat.NewID())
	cursor := other.say("theirs", 1)
	f.say("mine", 1)
	f.reset(cursor)
}

func malformed(f logFixture) {
	good := f.say("turn", 1)
	for _, text := range []chat.Cursor{
		" ", "0", "-1", "nonsense", "\x00", "💥", good + " ", " " + good, good + good, good + "\n", good[:len(good)-1] + "-1",
		good[:len(good)/4], chat.Cursor(strings.Repeat("9", 4000)), chat.Cursor(strings.ToUpper(string(good)) + "X"),
	} {
		heard := 0
		for e, err := range f.follow(f.Context(), text) {
			if heard++; chat.KindOf(err) != chat.Malformed || heard > 1 {
				f.Errorf("%.40q: %+v, %v", text, e, err)
				break
			}
		}
		if heard != 1 {
			f.Errorf("%.40q: heard %d times", text, heard)
		}
	}
}

func plainCursors(f logFixture) {
	for seq := range 20 {
		cursor := f.say("turn", seq+1)
		for _, c := range []byte(cursor) {
			if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", rune(c)) {
				f.Fatalf("%q holds %q", cursor, c)
			}
		}
		if len(cursor) > 64 {
			f.Fatalf("%q is too long", cursor)
		}
	}
}

func toldWhole(f logFixture) {
	for seq := range 5 {
		f.say("one", seq+1)
		f.say("other", seq+1)
	}
	f.append(chat.Event{Kind: chat.TurnEnded, TurnID: "one", Seq: 6})
	events, err := f.log.Told(f.Context(), f.at, "one")
	if err != nil || len(events) != 6 || events[5].Kind != chat.TurnEnded {
		f.Fatalf("Told = %s, %v", seqs(events), err)
	}
	for i, e := range events {
		if e.Seq != i+1 || e.TurnID != "one" || e.Cursor == "" {
			f.Errorf("event %d is %+v", i+1, e)
		}
	}
	if events, err := f.log.Told(f.Context(), f.at, "nobody's"); err != nil || len(events) != 0 {
		f.Errorf("Told of an unknown turn = %s, %v", seqs(events), err)
	}
	if events, err := f.log.Told(f.Context(), chat.ConversationID(chat.NewID()), "one"); err != nil || len(events) != 0 {
		f.Errorf("Told of another conversation = %s, %v", seqs(events), err)
	}
}

func openTurnKept(f logFixture) {
	start := f.end()
	f.append(chat.Event{Kind: chat.TurnStarted, TurnID: "long", Seq: 1})
	const events = 5000
	for seq := 2; seq <= events; seq++ {
		f.say("long", seq)
		if seq%50 == 0 { // short ones that come and go meanwhile
			short := chat.TurnID(fmt.Sprint("short ", seq))
			f.say(short, 1)
			f.append(chat.Event{Kind: chat.TurnEnded, TurnID: short, Seq: 2})
		}
	}
	told, err := f.log.Told(f.Context(), f.at, "long")
	if err != nil || len(told) != events {
		f.Fatalf("%d events are told, %v", len(told), err)
	}
	next := 1
	for _, e := range f.hear(start, events+2*events/50) {
		if e.TurnID == "long" {
			if e.Seq != next {
				f.Fatalf("heard seq %d, want %d", e.Seq, next)
			}
			next++
		}
	}
}

func givingUp(f logFixture) {
	ctx, quit := context.WithCancel(f.Context())
	var all sync.WaitGroup
	begun := make(chan struct{}, 10)
	start := f.end()
	f.say("turn", 1)
	for range 10 {
		all.Go(func() {
			for _, err := range f.follow(ctx, start) {
				if err != nil {
					f.Errorf("Follow: %v", err)
				}
				begun <- struct{}{}
			}
		})
	}
	for range 10 {
		<-begun
	}
	quit()
	all.Wait()
	for e, err := range f.follow(ctx, start) {
		f.Errorf("after giving up: %+v, %v", e, err)
		break
	}
}

func lookingAway(f logFixture) {
	start := f.end()
	for seq := range 10 {
		f.say("turn", seq+1)
	}
	if heard := f.hear(start, 3); len(heard) != 3 {
		f.Errorf("heard %s", seqs(heard))
	}
	if heard := f.hear(start, 10); len(heard) != 10 {
		f.Errorf("heard %s", seqs(heard))
	}
}

// oneOrder has many speak at once while others follow, are cut at random and
// go on: all hear the same events in the same order, each once.
func oneOrder(f logFixture) {
	const speakers, each, listeners = 4, 60, 6
	start := f.end()
	var all sync.WaitGroup
	heard := make([]string, listeners)
	for i := range listeners {
		all.Go(func() {
			luck := rand.New(rand.NewPCG(uint64(i), 7))
			var events []chat.Event
			after := start
			for len(events) < speakers*each {
				some := f.hear(after, 1+luck.IntN(min(40, speakers*each-len(events))))
				events = append(events, some...)
				after = some[len(some)-1].Cursor
			}
			var b strings.Builder
			for _, e := range events {
				fmt.Fprintf(&b, "%s:%d ", e.TurnID, e.Seq)
			}
			heard[i] = b.String()
		})
	}
	for s := range speakers {
		all.Go(func() {
			for seq := range each {
				f.say(chat.TurnID(fmt.Sprint(s)), seq+1)
			}
		})
	}
	all.Wait()
	for i := range listeners {
		if heard[i] != heard[0] {
			f.Fatalf("listener %d heard another order than listener 0:\n%s\n%s", i, heard[i], heard[0])
		}
	}
	for s := range speakers {
		next := 1
		for word := range strings.FieldsSeq(heard[0]) {
			if word == fmt.Sprintf("%d:%d", s, next) {
				next++
			}
		}
		if next != each+1 {
			f.Errorf("speaker %d was heard up to %d of %d", s, next-1, each)
		}
	}
}

// slow has a follower sleep at an event while far more happens than any log
// keeps.
func slow(f logFixture) {
	start := f.end()
	f.say("first", 1)
	f.append(chat.Event{Kind: chat.TurnEnded, TurnID: "first", Seq: 2})
	missed := false
	var last chat.Cursor
	next := 0
	for e, err := range f.follow(f.Context(), start) {
		if err != nil {
			if chat.KindOf(err) != chat.Limited {
				f.Fatalf("Follow: %v", err)
			}
			missed = true
			break
		}
		last = e.Cursor
		if e.TurnID == "first" && e.Seq == 1 {
			for i := range 20_000 {
				turn := chat.TurnID(fmt.Sprint(i))
				f.say(turn, 1)
				f.append(chat.Event{Kind: chat.TurnEnded, TurnID: turn, Seq: 2})
			}
			continue
		}
		if e.TurnID == "first" {
			continue
		}
		if e.TurnID != chat.TurnID(fmt.Sprint(next/2)) {
			f.Fatalf("heard turn %s, want %d", e.TurnID, next/2)
		}
		if next++; next == 40_000 {
			return
		}
	}
	if !missed {
		f.Fatal("the sequence ended by itself")
	}
	f.reset(last)
}
