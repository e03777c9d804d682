package main

import (
	"os"
	"strings"
	"testing"
)

func TestTheDoctorTriesRedis(t *testing.T) {
	if out, _ := newProgram(t).do("", "doctor"); strings.Contains(out, "Redis") {
		t.Errorf("without one it speaks of it:\n%s", out)
	}
	away := newProgram(t, "SECURECHAT_REDIS_URL=redis://:hunter2@127.0.0.1:1")
	if out, err := away.do("", "doctor"); err == nil || !strings.Contains(out, "WRONG  Redis: ") || strings.Contains(out, "hunter2") {
		t.Errorf("of one that is away it says %v:\n%s", err, out)
	}
	address := os.Getenv("TEST_REDIS")
	if address == "" {
		t.Skip("TEST_REDIS names no server")
	}
	there := newProgram(t, "SECURECHAT_REDIS_URL=redis://"+address)
	if out, _ := there.do("", "doctor"); !strings.Contains(out, "ok     Redis") {
		t.Errorf("of one that is there it says\n%s", out)
	}
}
