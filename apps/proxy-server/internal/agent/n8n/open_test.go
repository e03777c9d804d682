package n8n_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"securechat/internal/agent/n8n"
	"securechat/internal/agent/n8n/n8ntest"
	"securechat/internal/chat"
)

// inTurn gives each request the next answer, and the last one to all others.
func inTurn(answers ...n8ntest.Answer) n8ntest.Answer {
	asked := 0
	return func(w http.ResponseWriter, r *http.Request) {
		answer := answers[min(asked, len(answers)-1)]
		asked++
		answer(w, r)
	}
}

func TestN8nIsAskedAgainOnlyWhereItCannotHaveRun(t *testing.T) {
	fine := n8ntest.Stream(n8ntest.Lines(n8ntest.Node{Name: "A"}.Say("Fine")))
	plain := func(status int) n8ntest.Answer { return n8ntest.Reply(status, "text/plain", "no") }
	starting := n8ntest.Reply(200, "text/html; charset=utf-8", "n8n is starting up. Please wait")
	for _, c := range []struct {
		name    string
		answers []n8ntest.Answer
		code    string
		asked   int
		within  time.Duration
	}{
		{"just published", []n8ntest.Answer{n8ntest.NotRegistered, n8ntest.NotRegistered, fine}, "", 3, 2 * time.Second},
		{"never published", []n8ntest.Answer{n8ntest.NotRegistered}, "agent_unavailable", 4, 4 * time.Second},
		{"back in a moment", []n8ntest.Answer{plain(503), fine}, "", 2, time.Second},
		{"away", []n8ntest.Answer{plain(503)}, "agent_unavailable", 3, 3 * time.Second},
		{"starting", []n8ntest.Answer{starting, starting, fine}, "", 3, 3 * time.Second},
		{"starting for long", []n8ntest.Answer{starting}, "agent_unavailable", 3, 3 * time.Second},
		{"refused without a token", []n8ntest.Answer{plain(401)}, "agent_unavailable", 1, 0},
		{"forbidden without a token", []n8ntest.Answer{plain(403)}, "agent_unavailable", 1, 0},
		{"a failed run", []n8ntest.Answer{plain(500), fine}, "agent_failed", 1, 0},
		{"a gateway that lost n8n", []n8ntest.Answer{plain(502), fine}, "agent_failed", 1, 0},
		{"a gateway that gave up", []n8ntest.Answer{plain(504), fine}, "agent_failed", 1, 0},
		{"a limit", []n8ntest.Answer{plain(429), fine}, "agent_busy", 1, 0},
		{"cut before a head", []n8ntest.Answer{func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fine}, "agent_failed", 1, 0},
		{"cut after a head", []n8ntest.Answer{n8ntest.Stream(n8ntest.Cut()), fine}, "agent_interrupted", 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, a := piped(t)
				n.Publish("shop", n8ntest.Auth{}, inTurn(c.answers...))
				got := ask(t.Context(), a, prompt(inside, chat.AgentSettings{}))
				if chat.CodeOf(got.Err) != c.code {
					t.Errorf("ended by %v, want %q", got.Err, c.code)
				}
				if asked := len(n.Requests()); asked != c.asked {
					t.Errorf("asked %d times, want %d", asked, c.asked)
				}
				if got.Took > c.within {
					t.Errorf("took %v", got.Took)
				}
			})
		})
	}
}

// A connection kept from an earlier answer may be closed by n8n at the moment
// in which it is used again; whether the question was read is then unknown.
func TestAQuestionLostOnAnOldConnectionIsNotRepeated(t *testing.T) {
	node := n8ntest.Node{Name: "A"}
	synctest.Test(t, func(t *testing.T) {
		n, a := piped(t)
		n.Publish("shop", n8ntest.Auth{}, inTurn(
			n8ntest.Stream(n8ntest.Lines(node.Say("first"))),
			func(w http.ResponseWriter, _ *http.Request) {
				conn, _, _ := http.NewResponseController(w).Hijack()
				_ = conn.Close()
			},
			n8ntest.Stream(n8ntest.Lines(node.Say("second run"))),
		))
		ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "first", "", 0)
		ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "", "agent_failed", chat.Unavailable)
		if n.Runs() != 2 {
			t.Errorf("%d runs for two questions", n.Runs())
		}
	})
}

func TestAnIdleConnectionIsGivenUpBeforeN8nDoes(t *testing.T) {
	node := n8ntest.Node{Name: "A"}
	synctest.Test(t, func(t *testing.T) {
		n, a := piped(t)
		n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(node.Say("x"))))
		dials := 0
		dial := n8ntest.Pipe(t, n)
		a.DialBy(func(ctx context.Context, network, address string) (net.Conn, error) {
			dials++
			return dial(ctx, network, address)
		})
		for _, pause := range []time.Duration{0, time.Second, 4500 * time.Millisecond} {
			time.Sleep(pause)
			ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "x", "", 0)
		}
		if dials != 2 {
			t.Errorf("%d connections", dials)
		}
	})
}

func TestAConnectionIsTriedAgainWhereThatIsQuick(t *testing.T) {
	for name, c := range map[string]struct {
		cause error
		takes time.Duration
		dials int
	}{
		"refused":           {syscall.ECONNREFUSED, 0, 2},
		"reset":             {syscall.ECONNRESET, 0, 2},
		"a host that hides": {os.ErrDeadlineExceeded, 3 * time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, a := piped(t)
				dials := 0
				a.DialBy(func(context.Context, string, string) (net.Conn, error) {
					dials++
					time.Sleep(c.takes)
					return nil, &net.OpError{Op: "dial", Err: c.cause}
				})
				got := ask(t.Context(), a, prompt(inside, chat.AgentSettings{}))
				got.must(t, "", "agent_unavailable", chat.Unavailable)
				if dials != c.dials || got.Took > c.takes+time.Second {
					t.Errorf("%d dials in %v", dials, got.Took)
				}
			})
		})
	}
}

func TestAHostThatIsDownIsLeftAloneAndFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a := piped(t)
		n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(n8ntest.Node{Name: "A"}.Say("Up"))))
		up, dials := n8ntest.Pipe(t, n), 0
		a.DialBy(func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, syscall.ECONNREFUSED
		})
		for range 20 {
			ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "", "agent_unavailable", chat.Unavailable)
		}
		before := dials
		for range 100 {
			got := ask(t.Context(), a, prompt(inside, chat.AgentSettings{}))
			got.must(t, "", "agent_unavailable", chat.Unavailable)
			if got.Took != 0 {
				t.Fatalf("took %v", got.Took)
			}
		}
		if dials != before {
			t.Errorf("dialled %d times while it was to be left alone", dials-before)
		}
		elsewhere := ask(t.Context(), a, prompt("http://other.internal", chat.AgentSettings{}))
		if elsewhere.must(t, "", "agent_unavailable", chat.Unavailable); dials == before {
			t.Error("another host is left alone too")
		}
		time.Sleep(5 * time.Second)
		probes := 0
		a.DialBy(func(ctx context.Context, _, _ string) (net.Conn, error) {
			probes++
			<-ctx.Done()
			return nil, ctx.Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		var askers sync.WaitGroup
		for range 10 {
			askers.Go(func() { ask(ctx, a, prompt(inside, chat.AgentSettings{})) })
		}
		askers.Wait()
		synctest.Wait() // the dial ends after its asker
		if probes != 1 {
			t.Errorf("%d probes at once", probes)
		}
		a.DialBy(up)
		time.Sleep(5 * time.Second)
		for range 3 {
			ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "Up", "", 0)
		}
	})
}

func TestAWorkflowThatFailsDoesNotSpoilItsHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a := piped(t)
		n.Publish("shop", n8ntest.Auth{}, n8ntest.Reply(500, "application/json", `{"message":"Error in workflow"}`))
		for range 50 {
			ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "", "agent_failed", chat.Unavailable)
		}
		if n.Runs() != 50 {
			t.Errorf("%d runs", n.Runs())
		}
	})
}

const shared = "a shared key of at least 32 bytes"

func TestTheProxyProvesItself(t *testing.T) {
	for _, c := range []struct {
		name     string
		auth     n8ntest.Auth
		settings chat.AgentSettings
		code     string
	}{
		{"basic", n8ntest.Auth{User: "proxy", Password: "a:b"}, chat.AgentSettings{Auth: chat.AuthBasic, Secret: "proxy:a:b"}, ""},
		{"wrong basic", n8ntest.Auth{User: "proxy", Password: "a:b"}, chat.AgentSettings{Auth: chat.AuthBasic, Secret: "proxy:a"}, "agent_unavailable"},
		{"no colon", n8ntest.Auth{}, chat.AgentSettings{Auth: chat.AuthBasic, Secret: "proxy"}, "agent_unavailable"},
		{"header", n8ntest.Auth{Name: "X-Key", Value: "s3cret"}, chat.AgentSettings{Auth: chat.AuthHeader, Secret: "x-key: s3cret"}, ""},
		{"wrong header", n8ntest.Auth{Name: "X-Key", Value: "s3cret"}, chat.AgentSettings{Auth: chat.AuthHeader, Secret: "x-key: other"}, "agent_unavailable"},
		{"a header that is ours", n8ntest.Auth{}, chat.AgentSettings{Auth: chat.AuthHeader, Secret: "content-length: 3"}, "agent_unavailable"},
		{"a header with a line break", n8ntest.Auth{}, chat.AgentSettings{Auth: chat.AuthHeader, Secret: "x-key: a\r\nx-other: b"}, "agent_unavailable"},
		{"shared key", n8ntest.Auth{Key: []byte(shared), Algorithm: "HS256"}, chat.AgentSettings{Auth: chat.AuthJWT, Algorithm: chat.HS256, Secret: shared}, ""},
		{"wrong shared key", n8ntest.Auth{Key: []byte(shared), Algorithm: "HS256"}, chat.AgentSettings{Auth: chat.AuthJWT, Algorithm: chat.HS256, Secret: shared + "!"}, "agent_unavailable"},
		{"short shared key", n8ntest.Auth{}, chat.AgentSettings{Auth: chat.AuthJWT, Algorithm: chat.HS256, Secret: "short"}, "agent_unavailable"},
		{"no key of our own", n8ntest.Auth{}, chat.AgentSettings{Auth: chat.AuthJWT, Algorithm: chat.ES256}, "agent_unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, server := n8ntest.Start(t)
			n.Publish("shop", c.auth, n8ntest.Stream(n8ntest.Lines(n8ntest.Node{Name: "A"}.Say("In"))))
			got := ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback}), prompt(server.URL, c.settings))
			if chat.CodeOf(got.Err) != c.code {
				t.Errorf("ended by %v", got.Err)
			}
			if n.Runs() > 1 || (c.code != "" && n.Runs() > 0 && c.auth != (n8ntest.Auth{})) {
				t.Errorf("ran %d times", n.Runs())
			}
		})
	}
}

// ring is a signer with a few keys, as the keyring is to this package.
type ring struct {
	keys     []*ecdsa.PrivateKey
	accepted []string
}

func newRing(t *testing.T, size int) *ring {
	t.Helper()
	r := new(ring)
	for range size {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		r.keys = append(r.keys, key)
	}
	return r
}

func (r *ring) Sign(_ context.Context, _ chat.SiteID, _ chat.TokenAlgorithm, attempt int, claims []byte) (string, string, error) {
	if attempt >= len(r.keys) {
		return "", "", chat.Missing()
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: r.keys[attempt]}, nil)
	if err != nil {
		return "", "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", "", err
	}
	token, err := signed.CompactSerialize()
	return token, string(rune('a' + attempt)), err
}

func (r *ring) Accepted(_ context.Context, _ chat.SiteID, kid string) {
	r.accepted = append(r.accepted, kid)
}

func TestAfterARefusalTheOtherKeysAreTried(t *testing.T) {
	keys := newRing(t, 4)
	stranger := newRing(t, 1)
	for _, c := range []struct {
		name     string
		knows    *ecdsa.PrivateKey
		code     string
		accepted []string
		asked    int
	}{
		{"the current key", keys.keys[0], "", []string{"a"}, 1},
		{"the third key", keys.keys[2], "", []string{"c"}, 3},
		{"the fourth, which is one too many", keys.keys[3], "agent_unavailable", nil, 3},
		{"none of them", stranger.keys[0], "agent_unavailable", nil, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys.accepted = nil
			n, server := n8ntest.Start(t)
			n.Publish("shop", n8ntest.Auth{Key: &c.knows.PublicKey, Algorithm: "ES256"}, n8ntest.Stream(n8ntest.Lines(n8ntest.Node{Name: "A"}.Say("In"))))
			a := n8n.New(n8n.Options{Allowed: loopback, Signer: keys})
			got := ask(t.Context(), a, prompt(server.URL, chat.AgentSettings{Auth: chat.AuthJWT}))
			if chat.CodeOf(got.Err) != c.code || len(n.Requests()) != c.asked {
				t.Errorf("ended by %v after %d requests", got.Err, len(n.Requests()))
			}
			if c.code != "" && !strings.Contains(got.Err.Error(), "403") {
				t.Errorf("%v does not tell n8n's answer", got.Err)
			}
			if diff := cmp.Diff(c.accepted, keys.accepted); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheTokenTellsWhoAsksAndForHowLong(t *testing.T) {
	keys := newRing(t, 1)
	for _, auth := range []chat.AgentSettings{{Auth: chat.AuthJWT}, {Auth: chat.AuthBasic, Secret: "a:b"}, {}} {
		keys.accepted = nil
		n, server := n8ntest.Start(t)
		n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(n8ntest.Node{Name: "A"}.Say("In"))))
		a := n8n.New(n8n.Options{Allowed: loopback, Signer: keys, Issuer: "https://chat.example"})
		p := prompt(server.URL, auth)
		p.Visitor.CustomerID = "c-7"
		p.Site.Policy.Scopes = []string{"orders"}
		ask(t.Context(), a, p).must(t, "In", "", 0)

		if proven := auth.Auth == chat.AuthJWT; (len(keys.accepted) == 1) != proven {
			t.Errorf("%s: the key counts as accepted %d times", auth.Auth, len(keys.accepted))
		}
		request := n.Requests()[0]
		token := tokenIn(t, request.Body)
		if auth.Auth == chat.AuthJWT && request.Header.Get("Authorization") != "Bearer "+token {
			t.Error("the header's token is not the body's")
		}
		parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		var claims map[string]any
		if err := parsed.Claims(&keys.keys[0].PublicKey, &claims); err != nil {
			t.Fatal(err)
		}
		issued, expires := claims["iat"].(float64), claims["exp"].(float64)
		if lag := time.Since(time.Unix(int64(issued), 0)); expires-issued != 60 || lag < 0 || lag > 5*time.Second {
			t.Errorf("issued %v, expires %v", issued, expires)
		}
		if id, _ := claims["jti"].(string); len(id) != 36 {
			t.Errorf("jti %q", id)
		}
		delete(claims, "iat")
		delete(claims, "exp")
		delete(claims, "jti")
		want := map[string]any{
			"iss": "https://chat.example", "aud": "/webhook/shop", "sub": "visitor-1", "sid": "conversation-1",
			"site": "pk_shop", "scopes": []any{"orders"}, "customer_id": "c-7",
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Error(diff)
		}
	}
}

func TestASiteWithoutAKeyMayStillUseOtherCredentials(t *testing.T) {
	n, server := n8ntest.Start(t)
	n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(n8ntest.Node{Name: "A"}.Say("In"))))
	ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback, Signer: newRing(t, 0)}), prompt(server.URL, chat.AgentSettings{})).must(t, "In", "", 0)
	if token := tokenIn(t, n.Requests()[0].Body); token != "" {
		t.Errorf("a token from nowhere: %s", token)
	}
}

func tokenIn(t *testing.T, body []byte) string {
	t.Helper()
	var e struct {
		Metadata struct {
			Token string `json:"token"`
		} `json:"metadata"`
	}
	unmarshal(t, body, &e)
	return e.Metadata.Token
}
