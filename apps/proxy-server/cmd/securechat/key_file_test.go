package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keyAs returns a new key file of this mode.
func (p *program) keyAs(mode fs.FileMode) string {
	p.t.Helper()
	content, err := p.do("", "key")
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(p.t.TempDir(), "key.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // the umask has no say in this
		p.t.Fatal(err)
	}
	return path
}

func TestAKeyFileThatOthersCanReadOrChangeIsRefused(t *testing.T) {
	for _, c := range []struct {
		mode fs.FileMode
		says string
		mend string
	}{
		{0o644, "everybody on its machine may read it", "0640"},
		{0o444, "everybody on its machine may read it", "0440"},
		{0o604, "everybody on its machine may read it", "0600"},
		{0o660, "others than its owner may write to it", "0640"},
		{0o602, "others than its owner may write to it", "0600"},
		{0o777, "everybody on its machine may read it", "0750"},
	} {
		p := newProgram(t)
		path := p.keyAs(c.mode)
		p.env = append(p.env, "SECURECHAT_KEY_FILE="+path)
		for _, args := range [][]string{{"serve"}, {"site", "list"}, {"doctor"}} {
			out, complaint, err := p.tell("", args...)
			for _, says := range []string{c.says, "SECURECHAT_KEY_FILE", "`chmod " + c.mend + " " + path + "`"} {
				if err == nil || !strings.Contains(out+complaint, says) {
					t.Errorf("%04o: %s said %v, %q, want %q", c.mode, args, err, out+complaint, says)
				}
			}
		}
	}
}

func TestAKeyFileAsSecretsAreMountedIsTaken(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o400, 0o440, 0o640} {
		p := newProgram(t)
		path := p.keyAs(mode)
		// Kubernetes mounts a file as a link through a folder that is a link itself.
		mount := t.TempDir()
		for link, to := range map[string]string{"..data": filepath.Dir(path), "key.json": "..data/key.json"} {
			if err := os.Symlink(to, filepath.Join(mount, link)); err != nil {
				t.Fatal(err)
			}
		}
		p.env = append(p.env, "SECURECHAT_KEY_FILE="+filepath.Join(mount, "key.json"))
		if _, err := p.do("", "site", "list"); err != nil {
			t.Errorf("%04o: %v", mode, err)
		}
	}
}

func TestTheModeOfAKeyFileBehindALinkCounts(t *testing.T) {
	p := newProgram(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(p.keyAs(0o644), link); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "SECURECHAT_KEY_FILE="+link)
	if _, err := p.do("", "site", "list"); err == nil || !strings.Contains(err.Error(), "0644") {
		t.Errorf("it was taken: %v", err)
	}
}

func TestTheKeyFileThatTheServerMakesIsForItsOwner(t *testing.T) {
	p := newProgram(t)
	if _, err := p.do("", "site", "list"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dataFolder(p), "key.json")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("made as %v, %v", info, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := p.do("", "site", "list"); err == nil || !strings.Contains(err.Error(), "SECURECHAT_DATA") {
		t.Errorf("opened up, it was taken: %v", err)
	}
}
