package web

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 75 * time.Second // longer than a proxy in front keeps its own end
	bodyTimeout   = 10 * time.Second
	answerTimeout = 60 * time.Second
	maxHeader     = 16 << 10
	sendBuffer    = 64 << 10 // what the kernel holds for a reader that does not read
	deadAfter     = 3 * heartbeat
)

// Server returns the server that carries h. It has no WriteTimeout, because
// streams last; each of their writes has a deadline of its own.
func Server(h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		Protocols:         &protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          100,
			MaxReceiveBufferPerConnection: 1 << 20,
			MaxReceiveBufferPerStream:     128 << 10,
			SendPingTimeout:               heartbeat,
			PingTimeout:                   writeTimeout,
			WriteByteTimeout:              writeTimeout,
		},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if t, ok := c.(*net.TCPConn); ok {
				_ = t.SetWriteBuffer(sendBuffer) // only a wish
				endUnacknowledged(t, deadAfter)
			}
			return ctx
		},
	}
}
