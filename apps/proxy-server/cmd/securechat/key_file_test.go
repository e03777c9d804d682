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
	p.chmod(path, mode)
	return path
}

// chmod sets a mode, in which the umask has no say.
func (p *program) chmod(path string, mode fs.FileMode) {
	p.t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		p.t.Fatal(err)
	}
}

func TestAKeyFileThatOthersCanReadOrChangeIsRefused(t *testing.T) {
	p := newProgram(t)
	path := p.keyAs(0o644)
	p.env = append(p.env, "SECURECHAT_KEY_FILE="+path)
	refused := func(says, mend string, args ...string) {
		t.Helper()
		out, complaint, err := p.tell("", args...)
		for _, want := range []string{says, "SECURECHAT_KEY_FILE", "`chmod " + mend + " " + path + "`"} {
			if err == nil || !strings.Contains(out+complaint, want) {
				t.Errorf("%s said %v, %q, want %q", args, err, out+complaint, want)
			}
		}
	}
	for mode, mend := range map[fs.FileMode]string{0o644: "0640", 0o444: "0440", 0o604: "0600", 0o777: "0750"} {
		p.chmod(path, mode)
		refused("everybody on its machine may read it", mend, "site", "list")
	}
	for mode, mend := range map[fs.FileMode]string{0o660: "0640", 0o602: "0600"} {
		p.chmod(path, mode)
		refused("others than its owner may write to it", mend, "site", "list")
	}
	p.chmod(path, 0o602)
	refused("", "0600", "serve")
	refused("", "0600", "doctor")
}

func TestAKeyFileAsSecretsAreMountedIsTaken(t *testing.T) {
	p := newProgram(t)
	path := p.keyAs(0o600)
	// Kubernetes mounts a file as a link through a folder that is a link itself.
	mount := t.TempDir()
	for link, to := range map[string]string{"..data": filepath.Dir(path), "key.json": "..data/key.json"} {
		if err := os.Symlink(to, filepath.Join(mount, link)); err != nil {
			t.Fatal(err)
		}
	}
	p.env = append(p.env, "SECURECHAT_KEY_FILE="+filepath.Join(mount, "key.json"))
	for _, mode := range []fs.FileMode{0o600, 0o400, 0o440, 0o640} {
		p.chmod(path, mode)
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
	p.chmod(path, 0o644)
	if _, err := p.do("", "site", "list"); err == nil || !strings.Contains(err.Error(), "SECURECHAT_DATA") {
		t.Errorf("opened up, it was taken: %v", err)
	}
}
