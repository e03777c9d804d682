package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"securechat/internal/config"
)

// healthCommand is for containers: theirs holds nothing else that could ask.
type healthCommand struct{}

// healthPatience is less than a container platform waits by default.
const healthPatience = 3 * time.Second

func (healthCommand) Run(ctx context.Context, w world) error {
	settings, err := config.Read(w.getenv)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	at := reachable(settings.Listen)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.String()+"/healthz", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the server at %s (SECURECHAT_LISTEN): %w", at, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s answers %s", at, answer.Status)
	}
	return nil
}

// reachable is where a server that listens at the given address is reached
// from its own machine.
func reachable(listen netip.AddrPort) netip.AddrPort {
	switch listen.Addr() {
	case netip.IPv4Unspecified():
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), listen.Port())
	case netip.IPv6Unspecified():
		return netip.AddrPortFrom(netip.IPv6Loopback(), listen.Port())
	}
	return listen
}
