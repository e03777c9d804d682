// Package faulttest puts a line between a client and its server that can be cut,
// held, slowed, garbled and mended, so that tests see what becomes of us when
// something we need fails. It knows nothing of what is spoken on it.
package faulttest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Fault is what is wrong with a line.
type Fault int

const (
	None    Fault = iota
	Down          // connections are refused, and those that stood are cut
	Hanging       // connections are taken, and nothing passes
	Slow          // each piece takes a fifth of a second
	Garbage       // what the server says is garbled
)

// All is everything that can be wrong.
var All = []Fault{Down, Hanging, Slow, Garbage}

func (f Fault) String() string {
	return [...]string{"none", "down", "hanging", "slow", "garbage"}[f]
}

const delay = 200 * time.Millisecond // of each piece on a slow line

// Line is a TCP line to a server on this machine.
type Line struct {
	address string
	server  string
	all     sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while the line is down
	open     map[net.Conn]struct{}
	fault    Fault
	changed  chan struct{} // closed when the fault changes
}

// NewLine opens a sound line to a server's address. It ends with the test.
func NewLine(t testing.TB, server string) *Line {
	t.Helper()
	l := &Line{server: server, open: map[net.Conn]struct{}{}, changed: make(chan struct{})}
	if err := l.listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	l.address = l.listener.Addr().String()
	t.Cleanup(func() {
		l.Be(Down)
		l.all.Wait()
	})
	return l
}

// Address is where clients find the line.
func (l *Line) Address() string { return l.address }

// Be gives the line a fault, or mends it. It is so at once, for connections
// that stand as well.
func (l *Line) Be(f Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = f
	close(l.changed)
	l.changed = make(chan struct{})
	switch {
	case f == Down && l.listener != nil:
		l.listener.Close()
		l.listener = nil
		l.cut()
	case f != Down && l.listener == nil:
		_ = l.listen(l.address) // its port is not given to anybody else so soon
	}
}

// Cut ends the connections that stand, without a word of farewell.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut()
}

func (l *Line) cut() {
	for conn := range l.open {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		conn.Close()
	}
	clear(l.open)
}

func (l *Line) listen(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	l.listener = listener
	l.all.Go(func() { l.accept(listener) })
	return nil
}

func (l *Line) accept(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.server)
		if err != nil {
			near.Close()
			continue
		}
		l.mu.Lock()
		l.open[near], l.open[far] = struct{}{}, struct{}{}
		if l.listener != listener { // it went down meanwhile
			l.cut()
		}
		l.mu.Unlock()
		l.all.Go(func() { l.carry(near, far, false) })
		l.all.Go(func() { l.carry(far, near, true) })
	}
}

// carry passes on what one end says until either is gone.
func (l *Line) carry(from, to net.Conn, answers bool) {
	defer l.drop(from, to)
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		fault := l.pass()
		if fault == Garbage && answers {
			for i := range piece[:n] {
				piece[i] ^= 0x5a
			}
		}
		if _, err := to.Write(piece[:n]); err != nil {
			return
		}
	}
}

// pass returns once a piece may pass, and what is wrong with the line by then.
func (l *Line) pass() Fault {
	for {
		l.mu.Lock()
		fault, changed := l.fault, l.changed
		l.mu.Unlock()
		switch fault {
		case Hanging:
			<-changed
		case Slow:
			select {
			case <-time.After(delay):
				return fault
			case <-changed:
			}
		default:
			return fault
		}
	}
}

func (l *Line) drop(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range conns {
		conn.Close()
		delete(l.open, conn)
	}
}
