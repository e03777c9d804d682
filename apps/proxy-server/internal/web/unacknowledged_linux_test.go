package web

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestAPeerThatDiesInSilenceKeepsItsConnectionForSecondsOnly(t *testing.T) {
	accepted := make(chan time.Duration, 1)
	h := newHouse(t, change{server: func(s *http.Server) {
		ours := s.ConnContext
		s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			ctx = ours(ctx, c)
			accepted <- userTimeout(t, c)
			return ctx
		}
	}})
	h.stranger("").do("GET", "/healthz", "")
	if after := <-accepted; after < 2*heartbeat || after > time.Minute {
		t.Errorf("the kernel ends it %v after the last acknowledgement", after)
	}
}

func userTimeout(t *testing.T, c net.Conn) (after time.Duration) {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Error(err)
		return 0
	}
	var millis int
	failed := raw.Control(func(fd uintptr) {
		millis, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
	})
	if failed != nil || err != nil {
		t.Error(failed, err)
	}
	return time.Duration(millis) * time.Millisecond
}
