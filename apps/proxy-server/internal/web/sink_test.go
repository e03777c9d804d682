package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// followRaw follows on a connection of its own, on which more may be said.
func (v *visitor) followRaw() (net.Conn, *reader) {
	v.h.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(v.h.url, "http://"))
	must(v.h.t, err)
	v.h.t.Cleanup(func() { _ = conn.Close() })
	r := v.request("GET", "/api/v1/session/events", "")
	must(v.h.t, r.Write(conn))
	answered, err := http.ReadResponse(bufio.NewReader(conn), r)
	must(v.h.t, err)
	return conn, &reader{v.h.t, answered.Body, bufio.NewReader(answered.Body)}
}

func TestWhatAReaderSaysIsNotHeardUntilItLeaves(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	conn, r := v.followRaw()
	for range 3 {
		_, err := io.WriteString(conn, "\r\nGET /healthz HTTP/1.1\r\nHost: chat.example\r\n\r\n")
		must(t, err)
		v.do("POST", "/api/v1/session/messages", asking(newID(), "Hi"))
		if got := folded(r.until("turn-ended")); got != "Hello, friend." {
			t.Errorf("heard %q", got)
		}
	}
	must(t, conn.Close())
	select {
	case <-h.face.Drain(time.Hour):
	case <-time.After(10 * time.Second):
		t.Error("the stream goes on without its reader")
	}
}

func TestAReaderThatDoesNotStopTalkingIsLeft(t *testing.T) {
	h := newHouse(t)
	conn, r := h.headless().followRaw()
	_, err := conn.Write(make([]byte, 2*mostUnheard))
	must(t, err)
	for more := true; more; {
		_, more = r.next()
	}
}
