package n8n_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/agent/n8n"
	"securechat/internal/agent/n8n/n8ntest"
	"securechat/internal/chat"
)

// verbatim is a host that reads requests and answers the n-th, over all of its
// connections, with the n-th of the texts, as it stands.
type verbatim struct {
	answers []string
	dials   int
	heard   int
}

func (v *verbatim) dial(context.Context, string, string) (net.Conn, error) {
	v.dials++
	here, there := net.Pipe()
	go v.serve(there)
	return here, nil
}

func (v *verbatim) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		v.heard++
		if _, err := io.WriteString(conn, v.answers[min(v.heard, len(v.answers))-1]); err != nil {
			return
		}
	}
}

func toVerbatim(answers ...string) (*verbatim, *n8n.Agent) {
	v, a := &verbatim{answers: answers}, n8n.New(n8n.Options{})
	a.DialBy(v.dial)
	return v, a
}

// says is a whole response that says the text in n8n's way.
func says(text string, headers ...string) string {
	body := n8ntest.Node{Name: "A"}.Say(text)
	return "HTTP/1.1 200 OK\r\n" + strings.Join(append(headers, "Content-Length: "+strconv.Itoa(len(body))), "\r\n") + "\r\n\r\n" + body
}

func TestAHeadIsReadWithinBounds(t *testing.T) {
	const early = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
	for _, c := range []struct {
		name, answer, text, code string
	}{
		{"responses before the one that counts", early + "HTTP/1.1 100 Continue\r\n\r\n" + says("Fine"), "Fine", ""},
		{"more of them than anybody needs", strings.Repeat(early, 100) + says("Fine"), "", "agent_failed"},
		{"a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "", "agent_failed"},
		{"a large head", says("Fine", "X-Large: "+strings.Repeat("x", 60<<10)), "Fine", ""},
		{"a head that is too large", says("Fine", "X-Large: "+strings.Repeat("x", 65<<10)), "", "agent_failed"},
		{"a head without an end", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-More: x\r\n", 10000), "", "agent_failed"},
		{"a status line without an end", strings.Repeat("x", 70<<10), "", "agent_failed"},
		{"no HTTP", "220 mail.example ESMTP\r\n", "", "agent_failed"},
		{"two lengths", says("Fine", "Content-Length: 3"), "", "agent_failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, a := toVerbatim(c.answer)
				defer a.Close()
				got := ask(t.Context(), a, prompt(inside, chat.AgentSettings{}))
				if got.Text != c.text || chat.CodeOf(got.Err) != c.code || got.Took != 0 {
					t.Errorf("%q, %v after %v", got.Text, got.Err, got.Took)
				}
				if v.heard != 1 {
					t.Errorf("asked %d times", v.heard)
				}
			})
		})
	}
}

func TestAConnectionIsUsedAgainOnlyWhereItIsClean(t *testing.T) {
	for _, c := range []struct {
		name, first string
		dials       int
	}{
		{"a whole answer", says("Fine"), 1},
		{"a whole answer in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\n", 1},
		{"an answer that closes", says("Fine", "Connection: close"), 2},
		{"an old host", strings.Replace(says("Fine"), "1.1", "1.0", 1), 2},
		{"more than an answer", says("Fine") + says("Forged"), 2},
		{"a refusal that is not read", "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 3\r\n\r\nno!", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, a := toVerbatim(c.first, says("Second"))
				defer a.Close()
				ask(t.Context(), a, prompt(inside, chat.AgentSettings{}))
				synctest.Wait()
				ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "Second", "", 0)
				if v.dials != c.dials || v.heard != 2 {
					t.Errorf("%d connections for %d questions", v.dials, v.heard)
				}
			})
		})
	}
}

func TestAConnectionThatEndedWhileIdleIsNotTakenForAnother(t *testing.T) {
	for name, idle := range map[string]func(there net.Conn){
		"closed":    func(there net.Conn) { _ = there.Close() },
		"unasked":   func(there net.Conn) { _, _ = io.WriteString(there, says("Forged")) },
		"untouched": func(net.Conn) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, a := &verbatim{answers: []string{says("First"), says("Second")}}, n8n.New(n8n.Options{})
				defer a.Close()
				var first net.Conn
				a.DialBy(func(ctx context.Context, network, address string) (net.Conn, error) {
					v.dials++
					here, there := net.Pipe()
					if first == nil {
						first = there
					}
					go v.serve(there)
					return here, nil
				})
				ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "First", "", 0)
				time.Sleep(time.Second)
				go idle(first)
				synctest.Wait()
				ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "Second", "", 0)
				if want := map[string]int{"untouched": 1}[name]; want != 0 && v.dials != want || want == 0 && v.dials != 2 {
					t.Errorf("%d connections", v.dials)
				}
			})
		})
	}
}

// failing is a connection whose writes fail once it is told to.
type failing struct {
	net.Conn

	takes *int // bytes of the next write, which then fails; nil where it is as good as any
}

func (f failing) Write(p []byte) (int, error) {
	if f.takes == nil {
		return f.Conn.Write(p)
	}
	return *f.takes, syscall.EPIPE
}

func TestAnotherConnectionIsTakenOnlyWhereNothingWasSent(t *testing.T) {
	for _, c := range []struct {
		name  string
		takes int
		text  string
		code  string
		heard int
	}{
		{"nothing", 0, "Second", "", 2},
		{"a part", 10, "", "agent_failed", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, a := &verbatim{answers: []string{says("First"), says("Second")}}, n8n.New(n8n.Options{})
				defer a.Close()
				var first *failing
				a.DialBy(func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := v.dial(ctx, network, address)
					if first != nil {
						return conn, err
					}
					first = &failing{Conn: conn}
					return first, err
				})
				ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "First", "", 0)
				synctest.Wait()
				first.takes = &c.takes
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				got := ask(ctx, a, prompt(inside, chat.AgentSettings{FirstByte: time.Second}))
				if got.Text != c.text || (c.code == "") != (got.Err == nil) {
					t.Errorf("%q, %v", got.Text, got.Err)
				}
				if v.heard != c.heard {
					t.Errorf("heard %d questions", v.heard)
				}
			})
		})
	}
}

// refusing answers before it has read the question, and reads no more of it.
type refusing struct{ net.Conn }

func (r refusing) Write(p []byte) (int, error) {
	n, _ := r.Conn.Write(p[:20])
	return n, syscall.ECONNRESET
}

func TestARefusalIsHeardAlthoughTheQuestionWasNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := n8n.New(n8n.Options{})
		a.DialBy(func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				defer there.Close()
				_, _ = io.ReadFull(there, make([]byte, 20))
				_, _ = io.WriteString(there, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
			}()
			return refusing{here}, nil
		})
		ask(t.Context(), a, prompt(inside, chat.AgentSettings{})).must(t, "", "agent_busy", chat.Limited)
	})
}
