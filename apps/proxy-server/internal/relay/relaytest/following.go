package relaytest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"securechat/internal/chat"
)

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
