package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestABackupIsMadeBesideTheServerAndAPostgreSQLIsLeftToItsOwnTools(t *testing.T) {
	p := newProgram(t)
	p.serve()
	file := filepath.Join(t.TempDir(), "copy.db")
	if out, err := p.do("", "backup", file); err != nil || out != file+"\n" {
		t.Errorf("%q, %v", out, err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Errorf("the copy: %v", err)
	}
	p.env = append(p.env, "SECURECHAT_DATABASE_URL=postgres://db.example/chat")
	if _, err := p.do("", "backup", file+"2"); err == nil || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("of a PostgreSQL: %v", err)
	}
}
