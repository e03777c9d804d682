package main

import (
	"net/netip"
	"strings"
	"testing"
)

func TestHealthIsWellWhileTheServerLivesAndIsNotAfterwards(t *testing.T) {
	p := newProgram(t)
	p.serve()
	p.env = append(p.env, "SECURECHAT_LISTEN="+strings.TrimPrefix(p.address, "http://"))
	if _, err := p.do("", "health"); err != nil {
		t.Errorf("while it lives: %v", err)
	}
	p.kill()
	_, err := p.do("", "health")
	if err == nil || !strings.Contains(err.Error(), "SECURECHAT_LISTEN") {
		t.Errorf("after its end: %v, want a complaint that names SECURECHAT_LISTEN", err)
	}
}

func TestAServerThatListensEverywhereIsAskedOnItsOwnMachine(t *testing.T) {
	for listen, want := range map[string]string{
		"0.0.0.0:8080":   "127.0.0.1:8080",
		"[::]:8080":      "[::1]:8080",
		"127.0.0.1:8080": "127.0.0.1:8080",
		"10.1.2.3:80":    "10.1.2.3:80",
	} {
		if at := reachable(netip.MustParseAddrPort(listen)); at.String() != want {
			t.Errorf("%s is asked at %s, want %s", listen, at, want)
		}
	}
}
