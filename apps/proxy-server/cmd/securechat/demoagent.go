package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"securechat/internal/agent/demo"
	"securechat/internal/agent/n8n/n8nwire"
)

type demoAgentCommand struct {
	Listen string `default:"127.0.0.1:5678" help:"Address and port; 5678 is n8n's own."`
}

// Run serves the demo's agent as a workflow of n8n would be, at every path.
func (c demoAgentCommand) Run(ctx context.Context, w world) error {
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: n8nwire.Handler(demo.Agent{}), ReadHeaderTimeout: 5 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stopped()
	fmt.Fprintf(w.out, "demo agent listening on http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
