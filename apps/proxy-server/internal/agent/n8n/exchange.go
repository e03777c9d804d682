package n8n

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	longestHead = 64 << 10 // bytes of a response's status line and headers
	mostInterim = 5        // responses before the one that counts (RFC 9110, 15.2)
	readAhead   = 1 << 10
)

var errHead = errors.New("the head of n8n's answer is too long, or not what was asked for")

// connection carries one exchange at a time, in the goroutine that asks: an
// answer lasts, and thousands of them hold nothing beside their connections.
type connection struct {
	net.Conn

	in   *bufio.Reader
	head int64 // how much more of a head may come; negative where none is read

	lent    bool          // somebody wants it; see [lounge]
	watched chan struct{} // closed once nobody watches it any more
	fit     bool          // for another exchange, as the watch found
}

func newConnection(c net.Conn) *connection {
	made := &connection{Conn: c, head: -1}
	made.in = bufio.NewReaderSize(reading{made}, readAhead)
	return made
}

// reading is the connection as its buffer reads it.
type reading struct{ *connection }

func (r reading) Read(p []byte) (int, error) {
	if r.head < 0 {
		return r.Conn.Read(p)
	}
	if r.head == 0 {
		return 0, errHead
	}
	n, err := r.Conn.Read(p[:min(int64(len(p)), r.head)])
	r.head -= int64(n)
	return n, err
}

// post sends the request and returns the response once its head is there. The
// response's body must be closed. An error that is no [dialError] says nothing
// of whether the request was taken.
func (l *lounge) post(request *http.Request) (*http.Response, error) {
	var whole bytes.Buffer
	if err := request.Write(&whole); err != nil {
		return nil, err
	}
	asked, to := request.Context(), request.URL
	for {
		conn, used, err := l.take(asked, to)
		if err != nil {
			return nil, err
		}
		// Whatever waits for the connection is woken when the caller gives up.
		stop := context.AfterFunc(asked, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
		sent, err := conn.Write(whole.Bytes())
		if sent > 0 { // a host may refuse a question of which it has heard enough
			if response, unread := conn.response(); unread == nil {
				good := err == nil && !response.Close
				response.Body = &answer{ReadCloser: response.Body, asked: asked, leave: func(whole bool) {
					l.leave(to, conn, stop() && whole && good)
				}}
				return response, nil
			} else if err == nil {
				err = unread
			}
		}
		stop()
		_ = conn.Close()
		if !used || sent > 0 || asked.Err() != nil {
			return nil, err
		}
	}
}

// response reads the head of the response that counts. It does not name its
// request, which would last as long as the answer.
func (c *connection) response() (*http.Response, error) {
	for range mostInterim {
		c.head = longestHead
		response, err := http.ReadResponse(c.in, nil)
		c.head = -1
		switch {
		case err != nil:
			return nil, err
		case response.StatusCode >= http.StatusOK:
			return response, nil
		case response.StatusCode == http.StatusSwitchingProtocols:
			return nil, errHead // nobody asked for that
		}
	}
	return nil, errHead
}

// answer is a response's body. Its connection is left at its end.
type answer struct {
	io.ReadCloser

	asked context.Context //nolint:containedctx // the request's own
	once  sync.Once
	leave func(whole bool)
}

func (a *answer) Read(p []byte) (int, error) {
	if err := a.asked.Err(); err != nil { // whatever has come already
		return 0, err
	}
	n, err := a.ReadCloser.Read(p)
	if err != nil {
		a.once.Do(func() { a.leave(errors.Is(err, io.EOF)) })
	}
	return n, err
}

func (a *answer) Close() error {
	a.once.Do(func() { a.leave(false) }) // what is left of it will not be read
	return nil
}
