// Package securechat runs the built program on a data folder of its own, and
// speaks to it as a visitor does. It is for the tests beside it.
package securechat

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Origin is the page that every site made here lists.
const Origin = "https://shop.example"

// Program is the program and the environment that it runs in.
type Program struct {
	Address string // where it listens, as in http://127.0.0.1:8080, once it serves
	Data    string // its data folder

	t       testing.TB
	env     []string
	command *exec.Cmd
	said    bytes.Buffer
}

// New prepares a program that keeps its data in a new folder. The settings
// come on top of those that a test needs.
func New(t testing.TB, settings ...string) *Program {
	t.Helper()
	return On(t, t.TempDir(), settings...)
}

// On is New with a data folder that is there already.
func On(t testing.TB, data string, settings ...string) *Program {
	t.Helper()
	if _, err := os.Stat(binary()); err != nil {
		t.Fatal("the program has not been built: run `make build`")
	}
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "SECURECHAT_") })
	env = append(env, "SECURECHAT_DATA="+data, "SECURECHAT_LISTEN=127.0.0.1:0", "SECURECHAT_INTERNAL_LISTEN=off",
		"SECURECHAT_ALLOW_PRIVATE_UPSTREAMS=127.0.0.0/8")
	return &Program{Data: data, t: t, env: append(env, settings...)}
}

// Root is the folder of the repository.
func Root() string {
	here, err := os.Getwd() // that of the package under test
	for err == nil && here != filepath.Dir(here) {
		if _, missing := os.Stat(filepath.Join(here, "pnpm-workspace.yaml")); missing == nil {
			return here
		}
		here = filepath.Dir(here)
	}
	panic("the tests run outside the repository")
}

func binary() string { return filepath.Join(Root(), "apps", "proxy-server", "bin", "securechat") }

// Env is the environment that the program runs in, its own folder on the PATH.
func (p *Program) Env() []string {
	return append(slices.Clone(p.env), "PATH="+filepath.Dir(binary())+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// Serve starts the server and waits until it listens. It ends with the test.
func (p *Program) Serve(arguments ...string) {
	p.t.Helper()
	p.command = exec.Command(binary(), append([]string{"serve"}, arguments...)...)
	p.command.Env = p.env
	p.command.Stderr = &p.said
	out, err := p.command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.Kill)
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			p.Kill()
			p.t.Fatalf("the server did not start:\n%s", &p.said)
		}
		if _, address, ok := strings.Cut(line, "listening on "); ok {
			p.Address = strings.Fields(address)[0]
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
}

// Kill ends the server as a power cut would.
func (p *Program) Kill() {
	if p.command != nil {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
		p.command = nil
	}
}

// Do runs one of the other commands and returns what it printed.
func (p *Program) Do(input string, arguments ...string) string {
	p.t.Helper()
	command := exec.Command(binary(), arguments...)
	command.Env = p.env
	command.Stdin = strings.NewReader(input)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		p.t.Fatalf("securechat %s: %v\n%s", strings.Join(arguments, " "), err, &complaint)
	}
	return string(out)
}

// AddSite makes a site whose agent is the workflow at that address, and
// returns its key.
func (p *Program) AddSite(webhook string) string {
	p.t.Helper()
	lines := strings.Fields(p.Do(webhook, "site", "add", "--name", "Test shop", "--origin", Origin,
		"--agent", "n8n", "--webhook-url-file", "-", "--auth", "none"))
	return lines[len(lines)-1]
}

// Setting is what the environment says of a setting.
func (p *Program) Setting(name string) string {
	value := ""
	for _, variable := range p.env {
		if said, ok := strings.CutPrefix(variable, name+"="); ok {
			value = said
		}
	}
	return value
}

// Settings are the names of all that the program knows.
func (p *Program) Settings() map[string]bool {
	p.t.Helper()
	// Named by the wire's contract for every edition; one that cannot keep files elsewhere yet warns of it.
	names := map[string]bool{"SECURECHAT_S3_URL": true}
	for line := range strings.Lines(p.Do("", "config")) {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			names[strings.TrimSpace(name)] = true
		}
	}
	return names
}

// FreeAddress is one of the loopback that nobody listens on at this moment.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
