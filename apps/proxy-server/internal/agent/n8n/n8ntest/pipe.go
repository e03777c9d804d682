package n8ntest

import (
	"context"
	"encoding/json/v2"
	"net"
	"net/http"
	"sync"
	"testing"
)

// Pipe serves the handler without a network, so that it can live in a bubble
// of testing/synctest. It returns what connects to it.
func Pipe(t *testing.T, handler http.Handler) (dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	t.Helper()
	l := &listener{arriving: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handler}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends when closed
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return l.dial
}

type listener struct {
	arriving chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (l *listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.arriving <- there:
		return here, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.arriving:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// quote writes text as a JSON string.
func quote(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err) // a test's own text is UTF-8
	}
	return string(encoded)
}
