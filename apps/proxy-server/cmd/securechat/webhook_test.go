package main

import (
	"net"
	"strings"
	"testing"
	"time"
)

func (p *program) sites() string {
	p.t.Helper()
	listed, err := p.do("", "site", "list")
	if err != nil {
		p.t.Fatal(err)
	}
	return listed
}

func TestAWebhookThatCanNeverWorkIsNotSaved(t *testing.T) {
	p := newProgram(t)
	for webhook, says := range map[string]string{
		"n8n.example/webhook/secret-path":              "--webhook-url-file",
		"https://n8n.example/webhook-test/secret-path": "production address",
		"http://127.0.0.1:5432/webhook/secret-path":    "port 5432",
		"http://127.0.0.1:99999/webhook/secret-path":   "port between",
		"ftp://n8n.example/webhook/secret-path":        "https://",
	} {
		out, complaint, err := p.tell(webhook, "site", "add", "--name", "Shop", "--webhook-url-file", "-", "--auth", "none")
		if err == nil || !strings.Contains(complaint, says) || strings.Contains(complaint, "/secret-path") || strings.Contains(complaint, "saved") {
			t.Errorf("%s: %v, %q, want it to say %q and not the address", webhook, err, out+complaint, says)
		}
	}
	if listed := p.sites(); strings.Contains(listed, "pk_") {
		t.Errorf("saved all the same:\n%s", listed)
	}
}

func TestAWebhookThatMayYetWorkIsSavedWithAWarning(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and never says a word of TLS
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p := newProgram(t)
	for webhook, says := range map[string]string{
		"http://127.0.0.1:1024/webhook/shop":                          "refuses the connection",
		"http://10.0.0.5:5678/webhook/shop":                           "SECURECHAT_ALLOW_PRIVATE_UPSTREAMS",
		"https://nowhere.invalid/webhook/shop":                        "cannot be resolved",
		"https://" + silent.Addr().String() + "/webhook/never-speaks": "does not answer",
	} {
		begun := time.Now()
		out, complaint, err := p.tell(webhook, "site", "add", "--name", "Shop", "--webhook-url-file", "-", "--auth", "none", "--origin", shopOrigin)
		if err != nil || !strings.Contains(complaint, says) || !strings.Contains(complaint, "the site is saved, but") || !strings.Contains(complaint, "--webhook-url-file") {
			t.Errorf("%s: %v, %q, want it to say %q", webhook, err, complaint, says)
		}
		if !strings.HasPrefix(out, "pk_") || strings.Contains(out, "warning") {
			t.Errorf("%s: printed %q, want the key and nothing else", webhook, out)
		}
		if took := time.Since(begun); took > 2*webhookPatience {
			t.Errorf("%s took %v", webhook, took)
		}
	}
	if listed := p.sites(); strings.Count(listed, "pk_") != 4 {
		t.Errorf("saved:\n%s", listed)
	}
}

func TestTheWarningOfAWebhookComesOnceTheSiteIsSaved(t *testing.T) {
	p := newProgram(t)
	key := p.addSite(newWorkflow(t, time.Millisecond).URL)
	for _, args := range [][]string{
		{"site", "add", "--name", "Shop", "--webhook-url-file", "-"},
		{"site", "set", key, "--webhook-url-file", "-"},
	} {
		var terminal strings.Builder
		command := p.commandOf("http://127.0.0.1:1024/webhook/shop", args...)
		command.Stdout, command.Stderr = &terminal, &terminal
		if err := command.Run(); err != nil {
			t.Errorf("%v: %v", args, err)
		}
		if before, _, warned := strings.Cut(terminal.String(), "warning: the site is saved"); !warned || !strings.Contains(before, "pk_") {
			t.Errorf("%v said\n%s", args, terminal.String())
		}
	}
}

func TestOnlyAChangeOfTheAgentTriesItsWebhook(t *testing.T) {
	p := newProgram(t)
	flow := newWorkflow(t, time.Millisecond)
	key := p.addSite(flow.URL + "/webhook/shop")
	if _, complaint, err := p.tell(flow.URL+"/webhook/other", "site", "set", key, "--webhook-url-file", "-"); err != nil || complaint != "" {
		t.Errorf("an n8n that is there: %v, %q", err, complaint)
	}
	flow.Close()
	if _, complaint, err := p.tell("", "site", "set", key, "--title", "Ask us"); err != nil || complaint != "" {
		t.Errorf("another title: %v, %q", err, complaint)
	}
	if _, complaint, err := p.tell(flow.URL+"/webhook/third", "site", "set", key, "--webhook-url-file", "-"); err != nil || !strings.Contains(complaint, "refuses") {
		t.Errorf("an n8n that is away: %v, %q", err, complaint)
	}
	if _, complaint, err := p.tell("http://127.0.0.1:22/webhook/shop", "site", "set", key, "--webhook-url-file", "-"); err == nil || !strings.Contains(complaint, "port 22") {
		t.Errorf("a port of another service: %v, %q", err, complaint)
	}
}
