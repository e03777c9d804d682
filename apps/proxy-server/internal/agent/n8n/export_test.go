package n8n

import (
	"context"
	"net"
)

// DialBy replaces how the agent connects, for networks that are none.
func (a *Agent) DialBy(connect func(ctx context.Context, network, address string) (net.Conn, error)) {
	a.lounge.dial["http"] = connect
}

// Close ends the connections that wait for another question.
func (a *Agent) Close() { a.lounge.close() }
