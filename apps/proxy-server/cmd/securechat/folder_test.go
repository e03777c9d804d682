package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyAServerMakesADataFolderBesidePostgreSQL(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := newProgram(t, "SECURECHAT_DATABASE_URL=postgres://nobody@127.0.0.1:1/none", "SECURECHAT_DATA="+data)
	for _, args := range [][]string{{"migrate"}, {"site", "list"}} {
		if _, err := p.do("", args...); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%v: %v", args, err)
		}
		if _, err := os.Stat(data); !os.IsNotExist(err) {
			t.Errorf("%v made the data folder, %v", args, err)
		}
	}
}

func TestTheDoctorTellsOfADataFolderThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, database := range []string{"", "postgres://nobody@127.0.0.1:1/none"} {
		p := newProgram(t, "SECURECHAT_DATABASE_URL="+database, "SECURECHAT_DATA="+filepath.Join(file, "data"))
		if out, err := p.do("", "doctor"); err == nil || !strings.Contains(out, "WRONG  data folder: ") {
			t.Errorf("with the database %q the doctor said %v:\n%s", database, err, out)
		}
	}
}
