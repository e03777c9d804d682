package n8n_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/agent/n8n"
	"securechat/internal/agent/n8n/n8ntest"
	"securechat/internal/chat"
)

// piped is an n8n behind a pipe, and an agent that knows no other: both can
// live in virtual time.
func piped(t *testing.T) (*n8ntest.N8N, *n8n.Agent) {
	t.Helper()
	n, a := new(n8ntest.N8N), n8n.New(n8n.Options{})
	a.DialBy(n8ntest.Pipe(t, n))
	t.Cleanup(a.Close)
	return n, a
}

const inside = "http://n8n.internal:5678"

func TestWhatTakesTooLongIsEnded(t *testing.T) {
	node := n8ntest.Node{Name: "AI Agent"}
	half := n8ntest.Lines(node.Begin() + node.Say("Half"))
	for _, c := range []struct {
		name   string
		answer n8ntest.Answer
		text   string
		code   string
		kind   chat.Kind
		took   time.Duration
	}{
		{"no head", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "", "agent_timeout", chat.Unavailable, 90 * time.Second},
		{"a head and no body", n8ntest.Stream(n8ntest.Hang()), "", "agent_timeout", chat.Unavailable, 90 * time.Second},
		{"silence after a chunk", n8ntest.Stream(half, n8ntest.Hang()), "Half", "agent_interrupted", chat.Cut, 75 * time.Second},
		{"silence after an error", n8ntest.Stream(half, n8ntest.Lines(node.Fail("")), n8ntest.Hang()), "Half", "agent_failed", chat.Unavailable, 5 * time.Second},
		{"an execution that was cancelled", n8ntest.Stream(n8ntest.Lines(recording(t, "model-dies-midstream")), n8ntest.Hang()), "w0 w1 ", "agent_failed", chat.Unavailable, 5 * time.Second},
		{"a byte a second for ever", n8ntest.Stream(half, n8ntest.Bytes(strings.Repeat(" ", 10000), 1, time.Second)), "Half", "agent_timeout", chat.Cut, 10 * time.Minute},
		{"a workflow that only stays alive", n8ntest.Stream(half, n8ntest.Bytes(strings.Repeat(n8ntest.Keepalive, 100), len(n8ntest.Keepalive), 30*time.Second)), "Half", "agent_timeout", chat.Cut, 10 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, a := piped(t)
				n.Publish("shop", n8ntest.Auth{}, c.answer)
				got := ask(t.Context(), a, prompt(inside, chat.AgentSettings{}))
				got.must(t, c.text, c.code, c.kind)
				if got.Took != c.took {
					t.Errorf("took %v, want %v", got.Took, c.took)
				}
				if n.Runs() != 1 {
					t.Errorf("asked %d times", n.Runs())
				}
			})
		})
	}
}

func TestSignsOfLifeKeepAnAnswerGoing(t *testing.T) {
	node := n8ntest.Node{Name: "AI Agent"}
	synctest.Test(t, func(t *testing.T) {
		n, a := piped(t)
		n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(
			n8ntest.Pause(85*time.Second), n8ntest.Lines(node.Begin()),
			n8ntest.Pause(70*time.Second), n8ntest.Lines(n8ntest.Keepalive),
			n8ntest.Pause(70*time.Second), n8ntest.Lines(node.Fail("")),
			n8ntest.Pause(4*time.Second), n8ntest.Lines("\n"),
			n8ntest.Pause(70*time.Second), n8ntest.Lines(node.Begin()+node.Say("Done")),
		))
		got := ask(t.Context(), a, prompt(inside, chat.AgentSettings{}))
		got.must(t, "Done", "", 0)
		if got.Took != 299*time.Second {
			t.Errorf("took %v", got.Took)
		}
	})
}

func TestAReaderWhoIsSlowIsNoSilence(t *testing.T) {
	node := n8ntest.Node{Name: "AI Agent"}
	synctest.Test(t, func(t *testing.T) {
		n, a := piped(t)
		n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(node.Begin()+node.Say("a")), n8ntest.Pause(time.Second), n8ntest.Lines(node.Say("b"))))
		var text strings.Builder
		for piece, err := range a.Ask(t.Context(), prompt(inside, chat.AgentSettings{})) {
			if err != nil {
				t.Fatal(err)
			}
			text.WriteString(piece.Text)
			time.Sleep(2 * time.Minute)
		}
		if text.String() != "ab" {
			t.Errorf("%q", text.String())
		}
	})
}

func TestTheSitesOwnLimitsHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a := piped(t)
		n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Hang()))
		got := ask(t.Context(), a, prompt(inside, chat.AgentSettings{FirstByte: 7 * time.Second}))
		got.must(t, "", "agent_timeout", chat.Unavailable)
		whole := ask(t.Context(), a, prompt(inside, chat.AgentSettings{FirstByte: 7 * time.Second, Total: 20 * time.Second, Response: chat.ResponseLastNode}))
		whole.must(t, "", "agent_timeout", chat.Unavailable)
		if got.Took != 7*time.Second || whole.Took != 20*time.Second {
			t.Errorf("took %v and %v", got.Took, whole.Took)
		}
	})
}

func TestTheConnectionEndsWithTheCaller(t *testing.T) {
	node := n8ntest.Node{Name: "AI Agent"}
	synctest.Test(t, func(t *testing.T) {
		n, a := piped(t)
		gone := make(chan struct{})
		n.Publish("shop", n8ntest.Auth{}, func(w http.ResponseWriter, r *http.Request) {
			n8ntest.Stream(n8ntest.Lines(node.Begin()+node.Say("a")), n8ntest.Hang())(w, r)
			close(gone)
		})
		stopped := errors.New("the visitor pressed stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(3*time.Second, func() { cancel(stopped) })
		got := ask(ctx, a, prompt(inside, chat.AgentSettings{}))
		<-gone
		if got.Text != "a" || !errors.Is(got.Err, stopped) || got.Took != 3*time.Second {
			t.Errorf("%q, %v after %v", got.Text, got.Err, got.Took)
		}
	})
}

func TestTheConnectionEndsWhenNobodyReadsOn(t *testing.T) {
	node := n8ntest.Node{Name: "AI Agent"}
	synctest.Test(t, func(t *testing.T) {
		n, a := piped(t)
		gone := make(chan struct{})
		n.Publish("shop", n8ntest.Auth{}, func(w http.ResponseWriter, r *http.Request) {
			n8ntest.Stream(n8ntest.Lines(node.Begin()+node.Say("a")), n8ntest.Hang())(w, r)
			close(gone)
		})
		for range a.Ask(t.Context(), prompt(inside, chat.AgentSettings{})) {
			break
		}
		<-gone
	})
}
