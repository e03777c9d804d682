package relaytest

import (
	"fmt"

	"securechat/internal/chat"
)

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
