package n8ntest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Step is one thing that happens in the course of a streamed answer. It
// returns false when the answer is over.
type Step func(w io.Writer, r *http.Request) bool

// Stream answers as a webhook in streaming mode does: the head at once, then
// the steps. After the last the body ends as it should.
func Stream(steps ...Step) Answer {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		out := flusher{w, http.NewResponseController(w)}
		_ = out.Flush() // the head goes out before the workflow starts
		for _, step := range steps {
			if !step(out, r) {
				return
			}
		}
	}
}

// flusher sends each write as a chunk of its own.
type flusher struct {
	http.ResponseWriter
	*http.ResponseController
}

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if err == nil {
		err = f.Flush()
	}
	return n, err
}

// Lines sends recorded lines, each by itself.
func Lines(recorded string) Step {
	return func(w io.Writer, _ *http.Request) bool {
		for line := range strings.Lines(recorded) {
			if _, err := io.WriteString(w, line); err != nil {
				return false
			}
		}
		return true
	}
}

// Bytes sends the text in pieces of the given size, split wherever that
// falls, with a pause after each.
func Bytes(text string, size int, pause time.Duration) Step {
	return func(w io.Writer, r *http.Request) bool {
		for text := text; text != ""; {
			piece := text[:min(size, len(text))]
			text = text[len(piece):]
			if _, err := io.WriteString(w, piece); err != nil || !wait(r, pause) {
				return false
			}
		}
		return true
	}
}

// Pause lets time go by.
func Pause(d time.Duration) Step {
	return func(_ io.Writer, r *http.Request) bool { return wait(r, d) }
}

// Hang never sends another byte and never closes: so do cancelled executions.
func Hang() Step {
	return func(_ io.Writer, r *http.Request) bool {
		<-r.Context().Done()
		return false
	}
}

// Cut closes the connection without the end of the body.
func Cut() Step { return func(io.Writer, *http.Request) bool { panic(http.ErrAbortHandler) } }

// Reset has the network break the connection (TCP RST).
func Reset() Step {
	return func(w io.Writer, _ *http.Request) bool {
		conn, _, err := w.(flusher).Hijack()
		if err != nil {
			panic(err)
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
		return false
	}
}

func wait(r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return false
	case <-timer.C:
		return true
	}
}

// Node names a step of a workflow in the lines it sends.
type Node struct {
	Name string
	Run  int
	Item int
}

// Begin, Say, End and Fail are lines as n8n writes them.
func (n Node) Begin() string           { return n.line("begin", "") }
func (n Node) Say(text string) string  { return n.line("item", text) }
func (n Node) End() string             { return n.line("end", "") }
func (n Node) Fail(text string) string { return n.line("error", text) }

// Keepalive is the line that n8n sends every 30 seconds.
const Keepalive = `{"type":"keepalive"}` + "\n"

func (n Node) line(kind, content string) string {
	said := ""
	if content != "" {
		said = fmt.Sprintf(`"content":%s,`, quote(content))
	}
	return fmt.Sprintf(`{"type":%q,%s"metadata":{"nodeId":%s,"nodeName":%s,"itemIndex":%d,"runIndex":%d,"timestamp":1795417987285}}`+"\n",
		kind, said, quote("id of "+n.Name), quote(n.Name), n.Item, n.Run)
}
