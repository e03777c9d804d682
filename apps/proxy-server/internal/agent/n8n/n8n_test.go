package n8n_test

import (
	"context"
	"encoding/json/v2"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/agent/n8n"
	"securechat/internal/agent/n8n/n8ntest"
	"securechat/internal/chat"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// answer is all that came of one question.
type answer struct {
	Text   string
	Pieces int
	Took   time.Duration
	Err    error
}

func ask(ctx context.Context, a *n8n.Agent, p chat.Prompt) answer {
	var got answer
	begun := time.Now()
	for piece, err := range a.Ask(ctx, p) {
		if err != nil {
			got.Err = err
			break
		}
		if piece.Replace {
			got.Text = ""
		}
		got.Text += piece.Text
		got.Pieces++
	}
	got.Took = time.Since(begun)
	return got
}

// prompt is a question to the webhook at /webhook/shop of the server.
func prompt(server string, settings chat.AgentSettings) chat.Prompt {
	settings.Webhook = chat.Secret(server + "/webhook/shop")
	return chat.Prompt{
		Site:           chat.Site{ID: "site-1", Key: "pk_shop", Agent: settings},
		ConversationID: "conversation-1",
		Text:           "Is the lamp in stock?",
		Time:           time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		Visitor:        chat.Visitor{ID: "visitor-1"},
	}
}

func recording(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// must fails the test unless the answer ended as told.
func (a answer) must(t *testing.T, text, code string, kind chat.Kind) {
	t.Helper()
	if a.Text != text {
		t.Errorf("text %q, want %q", a.Text, text)
	}
	if chat.CodeOf(a.Err) != code || (code != "" && chat.KindOf(a.Err) != kind) || (code == "") != (a.Err == nil) {
		t.Errorf("ended by %v (%s), want %q", a.Err, chat.CodeOf(a.Err), code)
	}
}

func TestAStreamedAnswerArrives(t *testing.T) {
	n, server := n8ntest.Start(t)
	n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(recording(t, "tool"))))
	got := ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), prompt(server.URL, chat.AgentSettings{}))
	got.must(t, "let me check\n\nw0 w1 ", "", 0)
}

func TestTheEnvelopeIsTheOneThatWasAgreed(t *testing.T) {
	n, server := n8ntest.Start(t)
	n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(recording(t, "ok"))))
	p := prompt(server.URL, chat.AgentSettings{})
	p.Site.Origins = origins(t, "https://shop.example")
	p.Site.Policy.Scopes = []string{"catalogue", "orders"}
	p.PageURL, p.UserAgent, p.Locale = "https://shop.example/lamp", "Mozilla/5.0", "de-DE"
	p.Place = chat.Place{Country: "DE", City: "Berlin"}
	p.Visitor = chat.Visitor{ID: "visitor-1", Returning: true, CustomerID: "c-7"}
	p.History = []chat.Message{
		{Author: chat.ByVisitor, Text: "Hi", CreatedAt: p.Time.Add(-time.Minute)},
		{Author: chat.ByAgent, Text: "Hello {{ $json }}", CreatedAt: p.Time.Add(-time.Second)},
	}
	ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), p).must(t, ok, "", 0)

	request := n.Requests()[0]
	const want = `{"action":"sendMessage","sessionId":"conversation-1","chatInput":"Is the lamp in stock?","metadata":{` +
		`"site":{"id":"pk_shop","domain":"shop.example"},"page_url":"https://shop.example/lamp","user_agent":"Mozilla/5.0","locale":"de-DE",` +
		`"time":"2026-11-23T12:00:00Z","geo":{"country":"DE","city":"Berlin"},` +
		`"visitor":{"id":"visitor-1","returning":true,"verified":true,"customer_id":"c-7"},"scopes":["catalogue","orders"],` +
		`"history":[{"role":"user","text":"Hi","at":"2026-11-23T11:59:00Z"},{"role":"assistant","text":"Hello {{ $json }}","at":"2026-11-23T11:59:59Z"}]}}`
	if diff := cmp.Diff(want, string(request.Body)); diff != "" {
		t.Error(diff)
	}
	headers := map[string]bool{"Content-Type": true, "Content-Length": true}
	for name := range request.Header {
		if !headers[name] {
			t.Errorf("the header %s was sent along", name)
		}
	}
}

func TestAnEmptyPromptStillMakesAWholeEnvelope(t *testing.T) {
	n, server := n8ntest.Start(t)
	n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(recording(t, "ok"))))
	p := prompt(server.URL, chat.AgentSettings{})
	p.UserAgent = "broken \xff"
	ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), p).must(t, ok, "", 0)
	var body struct {
		Metadata map[string]any `json:"metadata"`
	}
	if err := json.Unmarshal(n.Requests()[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{}, body.Metadata["history"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{}, body.Metadata["scopes"]); diff != "" {
		t.Error(diff)
	}
}

// ok is the text of the recording of that name.
const ok = "w0 w1 w2 привет\n\n**жирный** 🛒 \"quote\" \u2028 <b>x</b>"

func origins(t *testing.T, list ...string) chat.Origins {
	t.Helper()
	all := make(chat.Origins, 0, len(list))
	for _, text := range list {
		o, err := chat.ParseOriginPattern(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

func TestAnswersInOnePiece(t *testing.T) {
	for _, c := range []struct {
		name, kind, body string
		want, code       string
	}{
		{"the agent's output", "application/json; charset=utf-8", `{"output":"w0 w1 "}`, "w0 w1 ", ""},
		{"a text", "application/json", `{"text":"Hi","more":1}`, "Hi", ""},
		{"the first item", "application/json", `[{"output":"first"},{"output":"second"}]`, "first", ""},
		{"a string", "application/json", `"plain\u0000"`, "plain", ""},
		{"plain text", "text/plain", "Just so", "Just so", ""},
		{"n8n's own words", "application/json", `{"message":"Workflow was started"}`, "", "agent_failed"},
		{"nothing", "application/json", "", "", "agent_empty"},
		{"an empty list", "application/json", "[]", "", "agent_failed"},
		{"a list of lists", "application/json", strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "", "agent_failed"},
		{"no JSON", "application/json", "\x00\x01\xff", "", "agent_failed"},
		{"a login page", "text/html", "<html>log in to 10.0.0.7</html>", "", "agent_failed"},
		{"a page that says it is text", "text/plain", " <!doctype html>", "", "agent_failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, server := n8ntest.Start(t)
			n.Publish("shop", n8ntest.Auth{}, n8ntest.Reply(http.StatusOK, c.kind, c.body))
			for _, mode := range []chat.ResponseMode{chat.ResponseLastNode, chat.ResponseNode} {
				got := ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), prompt(server.URL, chat.AgentSettings{Response: mode}))
				got.must(t, c.want, c.code, chat.Unavailable)
			}
		})
	}
}

func TestALongAnswerInOnePieceIsCutAndMarked(t *testing.T) {
	n, server := n8ntest.Start(t)
	n.Publish("shop", n8ntest.Auth{}, n8ntest.Reply(http.StatusCreated, "text/plain", strings.Repeat("x", 300<<10)))
	got := ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), prompt(server.URL, chat.AgentSettings{Response: chat.ResponseNode}))
	got.must(t, strings.Repeat("x", 256<<10), "agent_too_long", chat.Cut)
}

func TestAnAnswerInOnePieceMayNotBeEndless(t *testing.T) {
	n, server := n8ntest.Start(t)
	n.Publish("shop", n8ntest.Auth{}, n8ntest.Reply(http.StatusOK, "application/json", `{"output":"`+strings.Repeat("x", 3<<20)+`"}`))
	got := ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), prompt(server.URL, chat.AgentSettings{Response: chat.ResponseLastNode}))
	if got.must(t, "", "agent_failed", chat.Unavailable); !strings.Contains(got.Err.Error(), "2 MiB") {
		t.Errorf("%v does not say why", got.Err)
	}
}

func TestTheLastLineMayLackItsNewline(t *testing.T) {
	n, server := n8ntest.Start(t)
	n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Bytes(strings.TrimSpace(n8ntest.Node{Name: "A"}.Say("All")), 1000, 0)))
	ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), prompt(server.URL, chat.AgentSettings{})).must(t, "All", "", 0)
}

// secretWords stand for all that must not get out of n8n.
const secretWords = "Incorrect API key sk-canary at http://10.0.0.7:5678/node"

func TestNothingThatN8nSaysOfItselfIsTold(t *testing.T) {
	node := n8ntest.Node{Name: "AI Agent"}
	for _, c := range []struct {
		name   string
		answer n8ntest.Answer
		text   string
		code   string
		kind   chat.Kind
		runs   int
	}{
		{"an error in the stream", n8ntest.Stream(n8ntest.Lines(node.Begin() + node.Say("Half") + node.Fail(secretWords))), "Half", "agent_failed", chat.Unavailable, 1},
		{"a failed workflow", n8ntest.Reply(500, "application/json", `{"message":"`+secretWords+`"}`), "", "agent_failed", chat.Unavailable, 1},
		{"a gateway's 502", n8ntest.Reply(502, "text/html", "<h1>"+secretWords), "", "agent_failed", chat.Unavailable, 1},
		{"a gateway's 504", n8ntest.Reply(504, "text/html", "<h1>"+secretWords), "", "agent_failed", chat.Unavailable, 1},
		{"a body that is too large", n8ntest.Reply(413, "application/json", `{"message":"`+secretWords+`"}`), "", "agent_failed", chat.Unavailable, 1},
		{"a missing credential", n8ntest.Reply(403, "", secretWords), "", "agent_unavailable", chat.Unavailable, 1},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/webhook/shop?again", http.StatusTemporaryRedirect)
		}, "", "agent_unavailable", chat.Unavailable, 1},
		{"a login page", n8ntest.Reply(200, "text/html; charset=utf-8", "<title>"+secretWords), "", "agent_failed", chat.Unavailable, 1},
		{"a page in the stream's clothes", n8ntest.Stream(n8ntest.Lines("<!DOCTYPE html>\n" + secretWords)), "", "agent_failed", chat.Unavailable, 1},
		{"an empty body", n8ntest.Stream(), "", "agent_empty", chat.Unavailable, 1},
		{"no content at all", n8ntest.Reply(204, "", ""), "", "agent_empty", chat.Unavailable, 1},
		{"noise", n8ntest.Stream(n8ntest.Lines("\x00\xfe\x01{{{\n" + secretWords + "\n[]\n")), "", "agent_empty", chat.Unavailable, 1},
		{"a compressed body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, secretWords)
		}, "", "agent_failed", chat.Unavailable, 1},
		{"a whole answer where a stream was promised", n8ntest.Reply(200, "application/json", `{"output":"whole"}`), "", "agent_empty", chat.Unavailable, 1},
		{"a cut connection", n8ntest.Stream(n8ntest.Lines(node.Begin()+node.Say("Half")+node.End()), n8ntest.Cut()), "Half", "agent_interrupted", chat.Cut, 1},
		{"a reset connection", n8ntest.Stream(n8ntest.Lines(node.Begin()), n8ntest.Reset()), "", "agent_interrupted", chat.Cut, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, server := n8ntest.Start(t)
			n.Publish("shop", n8ntest.Auth{}, c.answer)
			got := ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), prompt(server.URL, chat.AgentSettings{}))
			got.must(t, c.text, c.code, c.kind)
			if runs := n.Runs(); runs != c.runs {
				t.Errorf("asked %d times, want %d", runs, c.runs)
			}
			for _, secret := range []string{"canary", "10.0.0.7", "127.0.0.1", "/webhook"} {
				if strings.Contains(got.Err.Error(), secret) {
					t.Errorf("the error, which is logged, holds %q: %v", secret, got.Err)
				}
			}
		})
	}
}

func TestTooManyRequestsIsPassedOnWithItsWait(t *testing.T) {
	n, server := n8ntest.Start(t)
	n.Publish("shop", n8ntest.Auth{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	got := ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), prompt(server.URL, chat.AgentSettings{}))
	got.must(t, "", "agent_busy", chat.Limited)
	if e, _ := errors.AsType[*chat.Error](got.Err); e == nil || e.RetryAfter != 30*time.Second {
		t.Errorf("%#v", got.Err)
	}
}

func TestABodyThatEndsWithItsConnectionIsWholeOnlyAfterAnEnd(t *testing.T) {
	node := n8ntest.Node{Name: "AI Agent"}
	bare := func(body string) n8ntest.Answer {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = io.WriteString(conn, "HTTP/1.0 200 OK\r\n\r\n"+body)
			_ = conn.Close()
		}
	}
	n, server := n8ntest.Start(t)
	a := n8n.New(n8n.Options{Allowed: loopback})
	n.Publish("shop", n8ntest.Auth{}, bare(node.Begin()+node.Say("All")+node.End()))
	ask(t.Context(), a, prompt(server.URL, chat.AgentSettings{})).must(t, "All", "", 0)
	n.Publish("shop", n8ntest.Auth{}, bare(node.Begin()+node.Say("Half")))
	ask(t.Context(), a, prompt(server.URL, chat.AgentSettings{})).must(t, "Half", "agent_interrupted", chat.Cut)
}

func TestAThousandTinyChunksBecomeFewPieces(t *testing.T) {
	node := n8ntest.Node{Name: "AI Agent"}
	n, server := n8ntest.Start(t)
	body := node.Begin() + strings.Repeat(node.Say("x"), 1000) + node.End()
	n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Bytes(body, 64<<10, 0)))
	got := ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), prompt(server.URL, chat.AgentSettings{}))
	got.must(t, strings.Repeat("x", 1000), "", 0)
	if got.Pieces > 200 {
		t.Errorf("%d pieces", got.Pieces)
	}
}

func unmarshal[T any](t *testing.T, body []byte, to *T) {
	t.Helper()
	if err := json.Unmarshal(body, to); err != nil {
		t.Fatal(err)
	}
}
