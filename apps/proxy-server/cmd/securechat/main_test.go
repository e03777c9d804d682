package main

import (
	"encoding/json"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAQuestionIsAnsweredAndStored(t *testing.T) {
	p := newProgram(t)
	key := p.addSite(newWorkflow(t, time.Millisecond).URL)
	p.serve()
	v, err := p.visitor(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.send(newID(), "What do you sell?"); err != nil {
		t.Fatal(err)
	}
	all, err := v.quiet()
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Messages) != 2 || all.Messages[0].Text != "What do you sell?" ||
		all.Messages[1].Text != wholeAnswer() || all.Messages[1].Status != "done" {
		t.Errorf("stored %+v", all.Messages)
	}
}

func TestAnEndingServerLetsTheRunningAnswerFinish(t *testing.T) {
	p := newProgram(t)
	key := p.addSite(newWorkflow(t, 20*time.Millisecond).URL)
	p.serve()
	v, err := p.visitor(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.send(newID(), "What do you sell?"); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Wait(); err != nil {
		t.Fatalf("it did not end well: %v\n%s", err, p.said)
	}
	p.command = nil
	p.serve()
	all, err := v.quiet()
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Messages) != 2 || all.Messages[1].Status != "done" {
		t.Errorf("stored %+v", all.Messages)
	}
}

func TestNothingOfWhatWasSaidOrSecretIsLoggedOrLiesOpenOnDisk(t *testing.T) {
	const words, password = "a very private question", "correct-horse-battery"
	p := newProgram(t, "SECURECHAT_LOG_LEVEL=debug")
	flow := newWorkflow(t, time.Millisecond)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("shop:"+password), 0o600); err != nil {
		t.Fatal(err)
	}
	key := p.addSite(flow.URL+"/webhook/hidden-path", "--auth", "basic", "--secret-file", secret)
	p.serve()
	v, err := p.visitor(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.send(newID(), words); err != nil {
		t.Fatal(err)
	}
	if _, err := v.quiet(); err != nil {
		t.Fatal(err)
	}
	shown, err := p.do("", "site", "show", key, "--json")
	if err != nil {
		t.Fatal(err)
	}
	p.kill()
	hidden := []string{words, password, "hidden-path", v.token, "w10 w11"}
	look := func(where, text string) {
		for _, h := range hidden {
			if strings.Contains(text, h) {
				t.Errorf("%s holds %q", where, h)
			}
		}
	}
	look("the log", p.said.String())
	look("site show", shown)
	err = filepath.WalkDir(dataFolder(p), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		look(filepath.Base(path), string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSitesAreMadeListedChangedAndRemovedFromTheCommandLine(t *testing.T) {
	p := newProgram(t)
	key := p.addSite(newWorkflow(t, time.Millisecond).URL, "--auth", "jwt")
	if !strings.HasPrefix(key, "pk_") {
		t.Fatalf("the last line is %q", key)
	}
	if _, err := p.do("", "site", "set", key, "--name", "Another name", "--origin", "https://*.shop.example"); err != nil {
		t.Fatal(err)
	}
	listed, err := p.do("", "site", "list", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var sites []struct {
		Key     string   `json:"key"`
		Name    string   `json:"name"`
		Origins []string `json:"origins"`
	}
	if err := json.Unmarshal([]byte(listed), &sites); err != nil {
		t.Fatal(err)
	}
	if len(sites) != 1 || sites[0].Key != key || sites[0].Name != "Another name" || sites[0].Origins[0] != "https://*.shop.example" {
		t.Errorf("listed %+v", sites)
	}
	pem, err := p.do("", "site", "show", key, "--public-key")
	if err != nil || !strings.HasPrefix(pem, "-----BEGIN PUBLIC KEY-----") {
		t.Errorf("the public key is %q, %v", pem, err)
	}
	if _, err := p.do("", "site", "remove", key, "--yes"); err != nil {
		t.Fatal(err)
	}
	if listed, err = p.do("", "site", "list", "--json"); err != nil || strings.TrimSpace(listed) != "[]" {
		t.Errorf("after removal: %q, %v", listed, err)
	}
}

func TestAnEmptyValueTakesBackWhatWasSaid(t *testing.T) {
	p := newProgram(t)
	key := p.addSite(newWorkflow(t, time.Millisecond).URL, "--auth", "none", "--node", "Agent", "--scope", "orders",
		"--suggestion", "Where is my order?", "--title", "Ask us", "--launcher-label", "Questions?", "--first-byte", "10s", "--max-text", "100")
	if _, err := p.do("", "site", "set", key, "--node", "", "--scope", "", "--suggestion", "", "--title", "", "--launcher-label", "",
		"--first-byte", "0s", "--max-text", "0"); err != nil {
		t.Fatal(err)
	}
	bare := p.addSite(newWorkflow(t, time.Millisecond).URL)
	shown := func(key string) map[string]any {
		t.Helper()
		out, err := p.do("", "site", "show", key, "--json")
		if err != nil {
			t.Fatal(err)
		}
		var site map[string]any
		if err := json.Unmarshal([]byte(out), &site); err != nil {
			t.Fatal(err)
		}
		for _, own := range []string{"id", "key", "created_at", "updated_at"} {
			delete(site, own)
		}
		return site
	}
	if diff := cmp.Diff(shown(bare), shown(key)); diff != "" {
		t.Errorf("the site is not as if nothing had been said (-bare +emptied)\n%s", diff)
	}
}

func TestComplaintsAboutSitesSpeakOfFlagsAndKeys(t *testing.T) {
	p := newProgram(t)
	key := p.addSite(newWorkflow(t, time.Millisecond).URL)
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--webhook-url-file must", []string{"site", "add", "--name", "Shop"}},
		{"--secret-file must", []string{"site", "set", key, "--auth", "basic"}},
		{"--jwt-alg must", []string{"site", "set", key, "--auth", "jwt", "--jwt-alg", "none"}},
		{"--max-runs must", []string{"site", "set", key, "--max-runs=-1"}},
		{"--accent must", []string{"site", "set", key, "--accent", "red"}},
		{"--ai-notice must", []string{"site", "set", key, "--ai-notice", strings.Repeat("x", 1000)}},
		{"--scope must", []string{"site", "set", key, "--scope", "two words"}},
		{"--suggestion may", []string{"site", "set", key, "--suggestion=a", "--suggestion=b", "--suggestion=c", "--suggestion=d", "--suggestion=e", "--suggestion=f", "--suggestion=g"}},
		{"--origin must", []string{"site", "set", key, "--origin", "shop.example"}},
		{"--origin must not have a wildcard in front of co.uk", []string{"site", "set", key, "--origin", "https://*.co.uk"}},
		{"--name must", []string{"site", "set", key, "--name", ""}},
		{"--public-key", []string{"site", "show", key, "--next"}},
		{"--jwt-alg ES256", []string{"site", "show", key, "--public-key"}},
		{"no site pk_none", []string{"site", "show", "pk_none"}},
		{"no site pk_none", []string{"site", "set", "pk_none", "--name", "Shop"}},
		{"no site pk_none", []string{"site", "remove", "pk_none", "--yes"}},
	} {
		if _, err := p.do("", c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v, want it to say %q", c.args, err, c.says)
		}
	}
}

func TestASiteGoesFromAnyAgentAndAnyProofToAnyOther(t *testing.T) {
	p := newProgram(t)
	webhook := newWorkflow(t, time.Millisecond).URL
	key := p.addSite(webhook, "--auth", "jwt")
	file := func(secret string) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	shared, password, header := file(strings.Repeat("k", 32)), file("shop:password"), file("X-Key: value")
	for _, step := range [][]string{
		{"--jwt-alg", "HS256", "--secret-file", shared},
		{"--jwt-alg", "ES256"},
		{"--jwt-alg", "HS256", "--secret-file", shared},
		{"--auth", "none"},
		{"--auth", "basic", "--secret-file", password},
		{"--max-runs", "3"},
		{"--auth", "header", "--secret-file", header},
		{"--auth", "jwt"},
		{"--agent", "demo"},
		{"--agent", "n8n", "--webhook-url-file", file(webhook), "--auth", "basic", "--jwt-alg", "ES256", "--secret-file", password},
		{"--agent", "demo"},
	} {
		if _, err := p.do("", append([]string{"site", "set", key}, step...)...); err != nil {
			t.Errorf("site set %v: %v", step, err)
		}
	}
	for _, step := range [][]string{
		{"--agent", "n8n"},
		{"--auth", "jwt"},
	} {
		if _, err := p.do("", append([]string{"site", "set", key}, step...)...); err == nil {
			t.Errorf("site set %v goes on with what was given up", step)
		}
	}
}

func TestASecondServerOnTheSameDataIsRefused(t *testing.T) {
	p := newProgram(t)
	p.serve()
	out, err := p.do("", "serve")
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second server said %q, %v", out, err)
	}
}

func TestTheDoctorTakesAServerAtWorkForWell(t *testing.T) {
	p := newProgram(t)
	p.serve()
	p.env = append(p.env, "SECURECHAT_LISTEN="+strings.TrimPrefix(p.address, "http://"))
	if out, _ := p.do("", "doctor"); !strings.Contains(out, "ok     address for visitors") {
		t.Errorf("beside the server that listens there the doctor said:\n%s", out)
	}
	stranger := newProgram(t, "SECURECHAT_LISTEN="+strings.TrimPrefix(p.address, "http://"))
	if out, err := stranger.do("", "doctor"); err == nil || !strings.Contains(out, "WRONG  address for visitors") {
		t.Errorf("beside a stranger that listens there the doctor said %v:\n%s", err, out)
	}
}

func TestTheDoctorTellsWhatWouldKeepAServerFromStarting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for setting, says := range map[string]string{
		"SECURECHAT_LIMITS=often":                                      "WRONG  limits",
		"SECURECHAT_INTERNAL_LISTEN=" + taken.Addr().String():          "WRONG  address for metrics",
		"SECURECHAT_KEY_FILE=" + t.TempDir():                           "is a directory",
		"SECURECHAT_DATABASE_URL=postgres://nobody@127.0.0.1:1/none":   "SECURECHAT_DATABASE_URL",
		"SECURECHAT_GEO_FILE=" + filepath.Join(t.TempDir(), "no.mmdb"): "SECURECHAT_GEO_FILE",
	} {
		p := newProgram(t, setting)
		if out, err := p.do("", "doctor"); err == nil || !strings.Contains(out, says) {
			t.Errorf("%s: the doctor said %v:\n%s", setting, err, out)
		}
	}
	if out, _ := newProgram(t, "SECURECHAT_INTERNAL_LISTEN=off").do("", "doctor"); !strings.Contains(out, "ok     address for metrics") {
		t.Errorf("without a listener for metrics the doctor said:\n%s", out)
	}
}

func TestTheDemoRefusesToListenToTheWorldUnlessTold(t *testing.T) {
	p := newProgram(t, "SECURECHAT_LISTEN=0.0.0.0:0", "SECURECHAT_PUBLIC_URL=https://chat.example")
	out, err := p.do("", "serve", "--demo")
	if err == nil || !strings.Contains(err.Error(), "--demo-public") {
		t.Errorf("the demo said %q, %v", out, err)
	}
}
