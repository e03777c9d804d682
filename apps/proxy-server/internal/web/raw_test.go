package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw sends bytes as they are and returns the status of the answer, 0 where
// the connection was closed without one.
func (h *house) raw(text string) int {
	h.t.Helper()
	line, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	must(h.t, err)
	defer line.Close()
	_, err = line.Write([]byte(text))
	must(h.t, err)
	answered, err := http.ReadResponse(bufio.NewReader(line), nil)
	if err != nil {
		return 0
	}
	defer answered.Body.Close()
	return answered.StatusCode
}

func TestRequestsThatTwoServersWouldReadDifferentlyAreRefused(t *testing.T) {
	h := newHouse(t)
	host := "Host: " + strings.TrimPrefix(h.url, "http://") + "\r\n"
	const head = "POST /api/v1/sessions HTTP/1.1\r\n"
	const kind = "Content-Type: application/json\r\n"
	for name, text := range map[string]string{
		"H06 unknown coding":         head + host + kind + "Transfer-Encoding: xchunked\r\n\r\n",
		"H06 two codings":            head + host + kind + "Transfer-Encoding: chunked, identity\r\n\r\n",
		"H06 folded header":          head + host + kind + "X-Folded: a\r\n b\r\n: c\r\nContent-Length: 2\r\n\r\n{}",
		"H07 chunk ended by bare LF": head + host + kind + "Transfer-Encoding: chunked\r\n\r\n2;x\n{}\r\n0\r\n\r\n",
		"H08 two lengths":            head + host + kind + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
		"H08 negative length":        head + host + kind + "Content-Length: -1\r\n\r\n",
		"H09 no host":                head + kind + "Content-Length: 2\r\n\r\n{}",
		"H09 two hosts":              head + host + host + kind + "Content-Length: 2\r\n\r\n{}",
		"H09 host with a space":      head + "Host: chat example\r\n" + kind + "Content-Length: 2\r\n\r\n{}",
		"H28 header with a bare CR":  head + host + kind + "X-A: b\rX-C: d\r\nContent-Length: 2\r\n\r\n{}",
		"H28 space before the colon": head + host + "Content-Length : 2\r\n\r\n{}",
		"a method that is no token":  "PO ST / HTTP/1.1\r\n" + host + "\r\n",
		"a version that never was":   "GET /healthz HTTP/9.9\r\n" + host + "\r\n",
	} {
		if status := h.raw(text); status != 0 && (status < 400 || status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported) {
			t.Errorf("%s: %d", name, status)
		} else if status == http.StatusForbidden || status == http.StatusUnprocessableEntity {
			t.Errorf("%s: it reached the route, which answered %d", name, status)
		}
	}
}

func TestH06NothingIsReadBehindABodyOfTwoLengths(t *testing.T) {
	h := newHouse(t)
	own := strings.TrimPrefix(h.url, "http://")
	line, err := net.Dial("tcp", own)
	must(t, err)
	defer line.Close()
	_, err = fmt.Fprintf(line, "POST /api/v1/sessions HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n",
		own, shop, len(entering), entering, own)
	must(t, err)
	must(t, line.SetReadDeadline(time.Now().Add(idleTimeout/5)))
	said, err := io.ReadAll(line) // to its close
	if err != nil || strings.Count(string(said), "HTTP/1.1 ") != 1 {
		t.Errorf("%v\n%s", err, said)
	}
}

func TestWhoHangsUpIsNeverToldThatAllWentWell(t *testing.T) {
	h := newHouse(t)
	for range 20 {
		line, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
		must(t, err)
		_, err = fmt.Fprintf(line, "POST /api/v1/sessions HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			strings.TrimPrefix(h.url, "http://"), shop, len(entering), entering)
		must(t, err)
		must(t, line.(*net.TCPConn).CloseWrite())
		answered, err := http.ReadResponse(bufio.NewReader(line), nil)
		if err == nil && answered.StatusCode != http.StatusCreated {
			t.Errorf("it answered %s", answered.Status)
		}
		line.Close()
	}
}

func TestH09HostWithAUserOrAPathIsMisdirected(t *testing.T) {
	h := newHouse(t)
	own := strings.TrimPrefix(h.url, "http://")
	for _, host := range []string{"evil@" + own, own + "/healthz", "evil.example#" + own} {
		if status := h.raw("GET /api/v1/session HTTP/1.1\r\nHost: " + host + "\r\n\r\n"); status != http.StatusMisdirectedRequest && status != http.StatusBadRequest {
			t.Errorf("%s: %d", host, status)
		}
	}
}

func TestWhoAnnouncesTooMuchIsToldBeforeItComes(t *testing.T) {
	h := newHouse(t)
	const announced = 100 << 10 // so little that net/http would read it to the end
	text := fmt.Sprintf("POST /api/v1/sessions HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		strings.TrimPrefix(h.url, "http://"), shop, announced)
	began := time.Now()
	if status := h.raw(text); status != http.StatusRequestEntityTooLarge || time.Since(began) > bodyTimeout/2 {
		t.Errorf("%d after %v", status, time.Since(began))
	}
}
