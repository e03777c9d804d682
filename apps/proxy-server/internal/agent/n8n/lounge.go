package n8n

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	mostIdle = 100 // connections to one host
	// n8n closes idle connections after 5 s; a POST on one that it has just
	// closed has an outcome nobody knows.
	idleTimeout = 4 * time.Second
)

// lounge keeps connections between two exchanges. Each is watched while it is
// there: one that says something or ends is good for nothing more.
type lounge struct {
	dial map[string]dial // by scheme

	mu   sync.Mutex
	idle map[string][]*connection // by scheme and host; the latest is last
}

// take returns a connection to the address's host, and whether it has been
// used before.
func (l *lounge) take(ctx context.Context, to *url.URL) (conn *connection, used bool, err error) {
	for conn := l.pick(place(to)); conn != nil; conn = l.pick(place(to)) {
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // ends the watch
		<-conn.watched
		if conn.fit && conn.SetReadDeadline(time.Time{}) == nil {
			return conn, true, nil
		}
		_ = conn.Close()
	}
	fresh, err := l.connect(ctx, to)
	if err != nil {
		return nil, false, err
	}
	return newConnection(fresh), false, nil
}

func (l *lounge) connect(ctx context.Context, to *url.URL) (net.Conn, error) {
	return l.dial[to.Scheme].marked(ctx, "tcp", net.JoinHostPort(to.Hostname(), strconv.Itoa(int(portOf(to)))))
}

func place(of *url.URL) string { return of.Scheme + "://" + of.Host }

// pick takes the latest out, since that has the longest to live.
func (l *lounge) pick(at string) *connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	here := l.idle[at]
	if len(here) == 0 {
		return nil
	}
	conn := here[len(here)-1]
	conn.lent = true
	l.keep(at, here[:len(here)-1])
	return conn
}

func (l *lounge) keep(at string, here []*connection) {
	if len(here) == 0 {
		delete(l.idle, at)
		return
	}
	l.idle[at] = here
}

// leave brings a connection back, or closes it where it is not good.
func (l *lounge) leave(of *url.URL, conn *connection, good bool) {
	if !good || conn.in.Buffered() > 0 || conn.SetReadDeadline(time.Now().Add(idleTimeout)) != nil || !l.admit(place(of), conn) {
		_ = conn.Close()
		return
	}
	go l.watch(place(of), conn)
}

func (l *lounge) admit(at string, conn *connection) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle[at]) >= mostIdle {
		return false
	}
	conn.lent, conn.fit, conn.watched = false, false, make(chan struct{})
	if l.idle == nil {
		l.idle = map[string][]*connection{}
	}
	l.idle[at] = append(l.idle[at], conn)
	return true
}

// watch returns when the connection is wanted, has been there for too long, or
// is good for nothing more.
func (l *lounge) watch(at string, conn *connection) {
	defer close(conn.watched)
	_, err := conn.in.Peek(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if conn.lent {
		slept, ok := errors.AsType[net.Error](err)
		conn.fit = ok && slept.Timeout()
		return
	}
	l.keep(at, slices.DeleteFunc(l.idle[at], func(c *connection) bool { return c == conn }))
	_ = conn.Close()
}

// close closes what is idle.
func (l *lounge) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, here := range l.idle {
		for _, conn := range here {
			_ = conn.Close() // its watch ends, and takes it out
		}
	}
}
