package relaytest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// Asked is an agent and what to ask it: something that it answers, and
// something that it fails at.
type Asked struct {
	Agent   relay.Agent
	Answers chat.Prompt
	Fails   chat.Prompt
}

// TestAgent holds an agent to [relay.Agent].
func TestAgent(t *testing.T, open func(t *testing.T) Asked) {
	for name, test := range map[string]func(*testing.T, Asked){
		"AnAnswerIsPiecesOfOneMeaningEach":       piecesMeanOneThing,
		"AFailureEndsTheAnswerAndBearsACode":     failureHasCode,
		"WhoHasHeardEnoughIsLeftAlone":           heardEnough,
		"AnAnswerEndsWithItsContext":             endsWithContext,
		"NobodyIsAskedOnceTheContextHasEnded":    endedBefore,
		"ManyMayAskAtOnceAndEachHasItsOwnAnswer": manyAsk,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// fold is the text that the pieces amount to.
func (a Asked) fold(ctx context.Context, p chat.Prompt) (string, error) {
	var text strings.Builder
	for piece, err := range a.Agent.Ask(ctx, p) {
		if err != nil {
			return text.String(), err
		}
		if piece.Replace {
			text.Reset()
		}
		text.WriteString(piece.Text)
	}
	return text.String(), nil
}

func piecesMeanOneThing(t *testing.T, a Asked) {
	texts := 0
	for piece, err := range a.Agent.Ask(t.Context(), a.Answers) {
		if err != nil {
			t.Fatalf("Ask: %v", err)
		}
		meanings := 0
		for _, has := range []bool{piece.Text != "" || piece.Replace, piece.Label != "", piece.Card != nil} {
			if has {
				meanings++
			}
		}
		if meanings != 1 {
			t.Errorf("a piece means %d things: %+v", meanings, piece)
		}
		if piece.Text != "" {
			texts++
		}
	}
	if texts == 0 {
		t.Error("the answer has no text")
	}
}

func failureHasCode(t *testing.T, a Asked) {
	ended := false
	for _, err := range a.Agent.Ask(t.Context(), a.Fails) {
		if ended {
			t.Fatal("something came after the error")
		}
		if err == nil {
			continue
		}
		ended = true
		told, ok := errors.AsType[*chat.Error](err)
		if !ok || !strings.HasPrefix(told.Code, "agent_") || told.Text == "" {
			t.Errorf("ended in %v, want an error with a code of an agent's and a sentence", err)
		}
	}
	if !ended {
		t.Error("it did not fail")
	}
}

func heardEnough(t *testing.T, a Asked) {
	for range a.Agent.Ask(t.Context(), a.Answers) {
		break // asking on would panic
	}
}

func endsWithContext(t *testing.T, a Asked) {
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	var last error
	pieces := 0
	for _, err := range a.Agent.Ask(ctx, a.Answers) {
		if last = err; err == nil {
			pieces++
		}
		giveUp()
	}
	whole := 0
	for _, err := range a.Agent.Ask(t.Context(), a.Answers) {
		if err == nil {
			whole++
		}
	}
	if !errors.Is(last, context.Canceled) && pieces < whole {
		t.Errorf("given up after %d of %d pieces it ended in %v, want the context's own error", pieces, whole, last)
	}
}

func endedBefore(t *testing.T, a Asked) {
	ctx, giveUp := context.WithCancel(t.Context())
	giveUp()
	if text, err := a.fold(ctx, a.Answers); err == nil || text != "" {
		t.Errorf("answered %q, %v", text, err)
	}
}

func manyAsk(t *testing.T, a Asked) {
	want, err := a.fold(t.Context(), a.Answers)
	if err != nil || want == "" {
		t.Fatalf("answered %q, %v", want, err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, err := a.fold(t.Context(), a.Answers); err != nil || got != want {
				t.Errorf("answered %q, %v, want %q", got, err, want)
			}
		})
	}
	all.Wait()
}
