package relaytest

import (
	"strings"
	"sync"

	"securechat/internal/chat"
)

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
