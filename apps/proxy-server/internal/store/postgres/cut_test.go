package postgres_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"securechat/internal/store/postgres"
	"securechat/internal/store/sqlstore"
	"securechat/internal/store/sqlstore/sqlstoretest"
)

// line stands between an engine and its server, and can be cut without a word
// of farewell.
type line struct {
	listener net.Listener
	server   string
	all      sync.WaitGroup

	mu   sync.Mutex
	open []net.Conn
}

func newLine(t *testing.T, server string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, server: server}
	l.all.Go(l.accept)
	t.Cleanup(func() {
		listener.Close()
		l.cut()
		l.all.Wait()
	})
	return l
}

func (l *line) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.server)
		if err != nil {
			near.Close()
			continue
		}
		l.mu.Lock()
		l.open = append(l.open, near, far)
		l.mu.Unlock()
		l.all.Go(func() { carry(near, far) })
		l.all.Go(func() { carry(far, near) })
	}
}

func carry(to, from net.Conn) {
	_, _ = io.Copy(to, from) // however it ended, both ends close
	to.Close()
	from.Close()
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.open {
		conn.Close()
	}
	l.open = nil
}

func TestALineCutBetweenTwoActsIsNotNoticed(t *testing.T) {
	u, err := url.Parse(inSchema(t, serverAddress(t)))
	if err != nil {
		t.Fatal(err)
	}
	l := newLine(t, u.Host)
	u.Host = l.listener.Addr().String()
	e := sqlstoretest.Migrated(t, func(t testing.TB) func() sqlstore.Engine {
		return func() sqlstore.Engine {
			e, err := postgres.Open(t.Context(), u.String())
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
	})
	s := sqlstoretest.With(t, e, nil)
	for range 20 {
		if err := s.Renew(t.Context(), "me", 0); err != nil {
			t.Fatal(err)
		}
		l.cut()
		if _, err := s.Sites(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.cut()
	}
}
