package web

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// endUnacknowledged has the kernel end the connection where the peer has not
// acknowledged for so long what was written to it (RFC 5482). Of its own it
// would go on trying for a quarter of an hour.
func endUnacknowledged(c *net.TCPConn, after time.Duration) {
	raw, err := c.SyscallConn()
	if err != nil {
		return // it has ended already
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(after.Milliseconds())) // only a wish
	})
}
