package relay_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"securechat/internal/chat"
)

func saying(pieces ...chat.Piece) script {
	return func(_ context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
		for _, p := range pieces {
			say(p)
		}
		return nil
	}
}

func TestWhatAnAgentSaysIsMadeFitToBeTold(t *testing.T) {
	for name, c := range map[string]struct {
		pieces []string
		want   string
	}{
		"a character in three pieces":   {[]string{"a\xe2", "\x82", "\xacb"}, "a€b"},
		"an emoji byte by byte":         {[]string{"\xf0", "\x9f", "\x98", "\x80"}, "😀"},
		"half a character at the end":   {[]string{"a", "\xe2\x82"}, "a\ufffd\ufffd"},
		"bytes of no character":         {[]string{"a\xffb"}, "a\ufffdb"},
		"a beginning without its end":   {[]string{"\xe2", "abc"}, "\ufffdabc"},
		"control characters":            {[]string{"a\x00\x1b[31mb\u0085\r\n\tc"}, "a[31mb\n\tc"},
		"tag characters":                {[]string{"a\U000E0041\U000E007Fb"}, "ab"},
		"a family and a right-to-left":  {[]string{"👩‍👩‍👧", " \u202eabc"}, "👩‍👩‍👧 \u202eabc"},
		"tag characters cut in the mid": {[]string{"a\xf3\xa0", "\x81\x81b"}, "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			inside(t, func(t *testing.T) {
				var pieces []chat.Piece
				for _, p := range c.pieces {
					pieces = append(pieces, chat.Piece{Text: p})
				}
				h := open(t, saying(pieces...))
				sent := h.ask("?")
				h.stored()
				if got := h.answer(sent).Text; got != c.want {
					t.Errorf("stored %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestAnAnswerThatIsTooLongIsCutBetweenTwoCharacters(t *testing.T) {
	const most = 256 << 10
	for name, pieces := range map[string][]chat.Piece{
		"in many pieces":   {{Text: "x"}, {Text: strings.Repeat("€", most/6)}, {Text: strings.Repeat("€", most)}, {Text: "more"}},
		"in one":           {{Text: "x" + strings.Repeat("€", most)}},
		"in a replacement": {{Text: "start"}, {Replace: true, Text: "x" + strings.Repeat("€", most)}},
	} {
		t.Run(name, func(t *testing.T) {
			inside(t, func(t *testing.T) {
				h := open(t, saying(pieces...))
				sent := h.ask("?")
				h.stored()
				got := h.answer(sent)
				if want := "x" + strings.Repeat("€", (most-1)/3); got.Text != want {
					t.Errorf("%d bytes are stored, want %d", len(got.Text), len(want))
				}
				if got.Status != chat.TurnInterrupted || got.Problem == nil || got.Problem.Code != "agent_too_long" {
					t.Errorf("it ended %s, %+v", got.Status, got.Problem)
				}
			})
		})
	}
}

func TestAnAgentThatReplacesForEverIsCut(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, script(func(ctx context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
			for ctx.Err() == nil {
				say(chat.Piece{Replace: true, Text: strings.Repeat("again ", 1000)})
				time.Sleep(time.Millisecond)
			}
			return ctx.Err()
		}))
		sent := h.ask("?")
		events := h.turnEvents(sent)
		if got := h.answer(sent).Problem; got == nil || got.Code != "agent_too_long" || len(events) > 200 {
			t.Errorf("ended after %d events with %+v", len(events), got)
		}
	})
}

func TestTheFirstWordIsToldAtOnceAndABurstTogether(t *testing.T) {
	inside(t, func(t *testing.T) {
		h := open(t, script(func(_ context.Context, _ chat.Prompt, say func(chat.Piece) bool) error {
			time.Sleep(time.Second)
			for range 10_000 {
				say(chat.Piece{Text: "x"})
			}
			time.Sleep(time.Second)
			return nil
		}))
		begun := time.Now()
		sent := h.ask("?")
		site, c := h.at()
		var took []time.Duration
		for e, err := range h.eventsOf(t.Context(), site, c, sent.Turn.ID) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == chat.TextDelta {
				took = append(took, time.Since(begun))
			}
		}
		if len(took) != 2 || took[0] != time.Second || took[1] != time.Second+20*time.Millisecond {
			t.Errorf("told after %v", took)
		}
		if got := len(h.answer(sent).Text); got != 10_000 {
			t.Errorf("%d bytes are stored", got)
		}
	})
}
