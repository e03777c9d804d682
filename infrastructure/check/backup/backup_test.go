// Package backup_test backs up a server at work, brings that back elsewhere,
// and reads there what was said.
package backup_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"securechat/infrastructure/check/machine"
	"securechat/infrastructure/check/securechat"
)

// script runs one of scripts/ in a program's environment.
func script(p *securechat.Program, name string, arguments ...string) (string, error) {
	command := exec.Command(filepath.Join(securechat.Root(), "scripts", name), arguments...)
	command.Env = p.Env()
	said, err := command.CombinedOutput()
	return strings.TrimSpace(string(said)), err
}

func lastLine(text string) string { return text[strings.LastIndex(text, "\n")+1:] }

// saved is a backup, the key file that opens it, and a visitor who was there.
type saved struct {
	folder, key string
	visitor     *securechat.Visitor
}

// save asks a question, backs up what there is, and asks another one.
func save(t *testing.T, p *securechat.Program) saved {
	t.Helper()
	flow := securechat.NewWorkflow(t)
	site := p.AddSite(flow.URL)
	p.Serve()
	v := securechat.NewVisitor(t, http.DefaultClient, p.Address)
	v.Enter(site)
	ask := func(question, answer string) {
		stream := v.SendAndFollow(question)
		flow.Say(answer)
		flow.End()
		stream.Hear("turn-ended")
	}
	ask("Is it in stock?", "Yes, three of them.")
	folder, keys := t.TempDir(), t.TempDir()
	said, err := script(p, "backup.sh", folder, keys)
	if err != nil {
		t.Fatalf("backup.sh: %v\n%s", err, said)
	}
	ask("And tomorrow?", "Too late for the backup.")
	kept, err := filepath.Glob(filepath.Join(keys, "*.json"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("the keys kept are %v, %v", kept, err)
	}
	return saved{lastLine(said), kept[0], v}
}

// restore brings it back and has the visitor read there what was said.
func (s saved) restore(t *testing.T, into *securechat.Program) {
	t.Helper()
	if said, err := script(into, "restore.sh", s.folder, s.key); err != nil {
		t.Fatalf("restore.sh: %v\n%s", err, said)
	}
	into.Serve()
	v := securechat.NewVisitor(t, http.DefaultClient, into.Address)
	v.Token = s.visitor.Token
	var heard []string
	for _, m := range v.Conversation().Messages {
		heard = append(heard, m.Author+": "+m.Text)
	}
	if all := strings.Join(heard, "\n"); all != "visitor: Is it in stock?\nagent: Yes, three of them." {
		t.Errorf("what was said is now\n%s", all)
	}
}

func TestWhatWasSaidIsReadableAfterARestoreOfSQLite(t *testing.T) {
	s := save(t, securechat.New(t))
	for _, dir := range []string{s.folder, filepath.Dir(s.key)} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if info, err := entry.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %v, %v", entry.Name(), info.Mode(), err)
			}
		}
	}
	into := securechat.New(t)
	s.restore(t, into)
	if said, err := script(into, "restore.sh", s.folder, s.key); err == nil || !strings.Contains(said, "already") {
		t.Errorf("a second restore over the first: %v\n%s", err, said)
	}
}

func TestWhatWasSaidIsReadableAfterARestoreOfPostgreSQL(t *testing.T) {
	for _, program := range []string{"pg_dump", "pg_restore", "psql"} {
		machine.Find(t, program)
	}
	server := os.Getenv("TEST_POSTGRES_URL")
	if server == "" {
		machine.Lacks(t, "TEST_POSTGRES_URL names no PostgreSQL")
	}
	from, to := database(t, server, "securechat_backup_from"), database(t, server, "securechat_backup_to")
	key := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(key, []byte(securechat.New(t).Do("", "key")), 0o600); err != nil {
		t.Fatal(err)
	}
	s := save(t, securechat.New(t, "SECURECHAT_DATABASE_URL="+from, "SECURECHAT_KEY_FILE="+key))
	into := securechat.New(t, "SECURECHAT_DATABASE_URL="+to, "SECURECHAT_KEY_FILE="+filepath.Join(t.TempDir(), "key.json"))
	s.restore(t, into)
	if said, err := script(into, "restore.sh", s.folder, s.key); err == nil || !strings.Contains(said, "tables already") {
		t.Errorf("a second restore over the first: %v\n%s", err, said)
	}
}

// database makes an empty database that ends with the test.
func database(t *testing.T, server, name string) string {
	t.Helper()
	run := func(statement string) {
		if said, err := exec.Command("psql", server, "-qc", statement).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", statement, err, said)
		}
	}
	run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
	run("CREATE DATABASE " + name)
	t.Cleanup(func() { run("DROP DATABASE " + name + " WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = name
	return u.String()
}

func TestARestoreRefusesAnotherKeyAndABackupThatWasChanged(t *testing.T) {
	s := save(t, securechat.New(t))
	other := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(other, []byte(securechat.New(t).Do("", "key")), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := script(securechat.New(t), "restore.sh", s.folder, other); err == nil || !strings.Contains(said, "does not open it") {
		t.Errorf("with a key that belongs to something else: %v\n%s", err, said)
	}
	file, err := os.OpenFile(filepath.Join(s.folder, "database.db"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.WriteString("!")
	file.Close()
	if said, err := script(securechat.New(t), "restore.sh", s.folder, s.key); err == nil || !strings.Contains(said, "is not as it was made") {
		t.Errorf("of a backup that was changed: %v\n%s", err, said)
	}
}

func TestABackupKeepsTheKeyApart(t *testing.T) {
	p := securechat.New(t)
	p.Do("", "site", "list") // makes the database
	both := t.TempDir()
	if said, err := script(p, "backup.sh", both, both); err == nil || !strings.Contains(said, "two folders") {
		t.Errorf("one folder for both: %v\n%s", err, said)
	}
	for _, name := range []string{"SHA256SUMS", "database.db"} {
		folder := t.TempDir()
		said, err := script(p, "backup.sh", folder, t.TempDir())
		if err != nil {
			t.Fatal(said)
		}
		if _, err := os.Stat(filepath.Join(lastLine(said), name)); err != nil {
			t.Error(err)
		}
		if found, _ := filepath.Glob(filepath.Join(folder, "*", "*key*")); len(found) > 0 {
			t.Errorf("the key lies beside the data: %v", found)
		}
	}
}
