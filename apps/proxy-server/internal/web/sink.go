package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const writeTimeout = 10 * time.Second // a reader without progress for so long is dropped, and may resume

// sink is where a stream is written.
type sink interface {
	// write sends b, and the head before it, at once, or fails when the reader
	// takes none of it for writeTimeout.
	write(b []byte) error
	// close ends the answer.
	close()
	// hold calls quit when the reader leaves. It returns once the handler may
	// return: that is at the stream's end, or before it.
	hold(ctx context.Context, quit func(), ended <-chan struct{})
}

// newSink sends the head of an answer of that media type. A stream that is
// fetched lasts for as long as a page is looked at: over HTTP/1.1 its
// connection is taken over, so that neither goroutine nor buffers of net/http
// wait with it. The answer to a question ends soon, and its connection serves
// on.
func newSink(w http.ResponseWriter, r *http.Request, kind string) (sink, error) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would hold it all back
	control := http.NewResponseController(w)
	if r.Method == http.MethodGet && r.ProtoMajor == 1 && r.ProtoMinor == 1 {
		conn, _, err := control.Hijack() // what the client may have said beyond its request is not heard
		if err == nil {
			return newLine(conn, h), nil
		}
		if !errors.Is(err, http.ErrNotSupported) {
			return nil, fmt.Errorf("take over the connection: %w", err)
		}
	}
	w.WriteHeader(http.StatusOK)
	return &page{w: w, control: control}, nil
}

// page is an answer that net/http carries.
type page struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (p *page) write(b []byte) error {
	if err := p.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := p.w.Write(b); err != nil {
		return err
	}
	return p.control.Flush()
}

func (p *page) close() {}

func (p *page) hold(ctx context.Context, quit func(), ended <-chan struct{}) {
	defer context.AfterFunc(ctx, quit)()
	<-ended
}

// line is a connection of HTTP/1.1 that is ours alone. What is written on it
// goes in chunks (RFC 9112, 7.1), so that the reader can tell an end from a
// break.
type line struct {
	conn   net.Conn
	broken bool
}

// newLine sends the head. A reader who has gone by then is found out by the
// next write.
func newLine(conn net.Conn, h http.Header) *line {
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("Transfer-Encoding", "chunked")
	h.Set("Connection", "close")
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&head) // a buffer takes everything
	head.WriteString("\r\n")
	l := &line{conn: conn}
	_ = l.put(head.Bytes())
	return l
}

func (l *line) write(b []byte) error {
	if len(b) == 0 {
		return nil // a chunk of nothing would be the end
	}
	chunk := fmt.Appendf(make([]byte, 0, len(b)+16), "%x\r\n%s\r\n", len(b), b)
	return l.put(chunk)
}

func (l *line) put(b []byte) error {
	err := l.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		_, err = l.conn.Write(b)
	}
	l.broken = l.broken || err != nil
	return err
}

func (l *line) close() {
	if !l.broken {
		_ = l.put([]byte("0\r\n\r\n")) // whoever has gone misses nothing
	}
	_ = l.conn.Close()
}

// mostUnheard is how many bytes a reader may say in vain. Readers have nothing
// to say, but some end a request with a line too many, or send the next one
// although the head tells that the connection closes.
const mostUnheard = 16 << 10

// hold waits beside the stream for the reader to leave.
func (l *line) hold(_ context.Context, quit func(), _ <-chan struct{}) {
	go func() {
		defer quit()
		var said [64]byte // there is one for each stream
		for unheard := 0; unheard <= mostUnheard; {
			n, err := l.conn.Read(said[:])
			if err != nil {
				return
			}
			unheard += n
		}
	}()
}
