package n8nwire_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/agent/n8n"
	"securechat/internal/agent/n8n/n8ntest"
	"securechat/internal/agent/n8n/n8nwire"
	"securechat/internal/chat"
)

// script is an agent that says what it is told to, and notes what it was told.
type script struct {
	pieces []chat.Piece
	err    error
	asked  chat.Prompt
}

func (s *script) Ask(_ context.Context, p chat.Prompt) iter.Seq2[chat.Piece, error] {
	return func(yield func(chat.Piece, error) bool) {
		s.asked = p
		for _, piece := range s.pieces {
			if !yield(piece, nil) {
				return
			}
		}
		if s.err != nil {
			yield(chat.Piece{}, s.err)
		}
	}
}

// through asks the agent by way of the n8n adapter and the wire.
func through(t *testing.T, agent n8nwire.Agent, p chat.Prompt) (pieces []chat.Piece, err error) {
	t.Helper()
	server := httptest.NewServer(n8nwire.Handler(agent))
	defer server.Close()
	p.Site.Agent.Webhook = chat.Secret(server.URL + "/webhook/demo")
	a := n8n.New(n8n.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	for piece, err := range a.Ask(t.Context(), p) {
		if err != nil {
			return pieces, err
		}
		pieces = append(pieces, piece)
	}
	return pieces, nil
}

func TestAnAgentSoundsTheSameThroughN8n(t *testing.T) {
	agent := &script{pieces: []chat.Piece{
		{Label: "Checking stock…"},
		{Text: "Wrong"},
		{Replace: true, Text: "The **lamp**\n"},
		{Card: &chat.Card{
			Title: "Lamp", Subtitle: "Warm", Price: "€49", OldPrice: "€59", URL: "https://shop.example/lamp",
			Buttons: []chat.Button{{Label: "View", URL: "https://shop.example/lamp"}, {Label: "Stock?", Say: "Is it in stock?"}},
		}},
		{Text: "is \"in\" stock."},
	}}
	told := chat.Prompt{
		Site:           chat.Site{Key: "pk_shop"},
		ConversationID: "conversation-1",
		Text:           "Is it in stock?",
		History: []chat.Message{
			{Author: chat.ByVisitor, Text: "Hi", CreatedAt: time.Unix(1000, 0).UTC()},
			{Author: chat.ByAgent, Text: "Hello", CreatedAt: time.Unix(1001, 0).UTC()},
		},
		Visitor:   chat.Visitor{ID: "v", Returning: true, CustomerID: "c"},
		PageURL:   "https://shop.example/lamp",
		UserAgent: "Mozilla/5.0",
		Locale:    "de",
		Time:      time.Unix(1002, 0).UTC(),
		Place:     chat.Place{Country: "DE", Region: "BE", City: "Berlin"},
	}
	pieces, err := through(t, agent, told)
	if err != nil {
		t.Fatal(err)
	}
	text, aside := "", []chat.Piece{}
	for _, piece := range pieces {
		switch {
		case piece.Card != nil || piece.Label != "":
			aside = append(aside, piece)
		case piece.Replace:
			text = piece.Text
		default:
			text += piece.Text
		}
	}
	if want := "The **lamp**\nis \"in\" stock."; text != want {
		t.Errorf("%q, want %q", text, want)
	}
	if diff := cmp.Diff([]chat.Piece{agent.pieces[0], agent.pieces[3]}, aside); diff != "" {
		t.Error(diff)
	}
	told.Site = chat.Site{}
	if diff := cmp.Diff(told, agent.asked); diff != "" {
		t.Error(diff)
	}
}

func TestAnAgentThatFailsFailsThroughN8n(t *testing.T) {
	pieces, err := through(t, &script{pieces: []chat.Piece{{Text: "Half"}}, err: errors.New("secret reason")}, chat.Prompt{})
	if len(pieces) != 1 || chat.CodeOf(err) != "agent_failed" || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v, %v", pieces, err)
	}
}

func TestOtherRequestsAreAnsweredAsN8nWould(t *testing.T) {
	for _, c := range []struct {
		method, body string
		want         int
	}{
		{http.MethodGet, "", http.StatusNotFound},
		{http.MethodPost, "{", http.StatusUnprocessableEntity},
		{http.MethodPost, `{"chatInput":1}`, http.StatusUnprocessableEntity},
	} {
		answer := httptest.NewRecorder()
		n8nwire.Handler(&script{}).ServeHTTP(answer, httptest.NewRequest(c.method, "/webhook/demo", strings.NewReader(c.body)))
		if answer.Code != c.want {
			t.Errorf("%s %q: %d", c.method, c.body, answer.Code)
		}
	}
}

// sleeper takes its time.
type sleeper struct{ pause time.Duration }

func (s sleeper) Ask(context.Context, chat.Prompt) iter.Seq2[chat.Piece, error] {
	return func(yield func(chat.Piece, error) bool) {
		time.Sleep(s.pause)
		yield(chat.Piece{Text: "Awake"}, nil)
	}
}

func TestASilentAgentIsKeptAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &http.Transport{DialContext: n8ntest.Pipe(t, n8nwire.Handler(sleeper{95 * time.Second}))}
		defer transport.CloseIdleConnections()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://n8n.internal/webhook/demo", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || strings.Count(string(body), `{"type":"keepalive"}`+"\n") != 3 {
			t.Errorf("%s %v", body, err)
		}
	})
}
