package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// origin is the shop whose visitors ask.
const origin = "https://shop.example"

// subject is one way to reach the workflow.
type subject struct {
	name    string
	process *process
	address string
	siteKey string               // "" where there are no sessions
	beside  func() time.Duration // processor time of what works for it, or nil
}

// cpu is the processor time that it has used, with all that works for it.
func (s subject) cpu() (time.Duration, error) {
	used, err := s.process.cpu()
	if s.beside != nil {
		used += s.beside()
	}
	return used, err
}

func (p plan) run(ctx context.Context, out io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	upstream, address, err := startListening(ctx, self, "upstream")
	if err != nil {
		return err
	}
	defer upstream.stop()

	fmt.Fprintf(out, "Each run asks for %s; an answer is 20 tokens, 10 ms apart. Times are in ms from the moment a question was due.\n\n", p.length)
	fmt.Fprintf(out, "%-22s %6s  %17s  %17s  %9s  %s\n", "", "msg/s", "first event p50/99", "first token p50/99", "CPU s/1000", "wrong")
	direct := subject{name: "webhook, called directly", process: upstream, address: address}
	if err := p.rate(ctx, out, direct); err != nil {
		return err
	}
	if err := p.reverseProxy(ctx, out, self, address); err != nil {
		return err
	}
	for _, e := range p.editions() {
		if err := p.securechat(ctx, out, e, address, p.rate); err != nil {
			return err
		}
	}
	if p.streams > 0 {
		fmt.Fprintln(out)
		return p.securechat(ctx, out, edition{name: "securechat, SQLite"}, address, p.many)
	}
	return nil
}

// edition is what a server is measured with.
type edition struct {
	name, postgres, redis string // each "" where it is not used
}

func (p plan) editions() []edition {
	all := []edition{{name: "securechat, SQLite"}}
	if p.postgres != "" {
		all = append(all, edition{name: "  PostgreSQL", postgres: p.postgres})
	}
	if p.postgres != "" && p.redis != "" {
		all = append(all, edition{name: "  PostgreSQL and Redis", postgres: p.postgres, redis: p.redis})
	}
	return all
}

func (p plan) reverseProxy(ctx context.Context, out io.Writer, self, upstream string) error {
	proxy, address, err := startListening(ctx, self, "reverse-proxy", upstream)
	if err != nil {
		return err
	}
	defer proxy.stop()
	return p.rate(ctx, out, subject{name: "bare reverse proxy", process: proxy, address: address})
}

// securechat starts the program on fresh data with one site, and measures it.
func (p plan) securechat(ctx context.Context, out io.Writer, e edition, upstream string, measure func(context.Context, io.Writer, subject) error) error {
	data, err := os.MkdirTemp("", "securechat-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	env := []string{
		"SECURECHAT_DATA=" + data, "SECURECHAT_LISTEN=127.0.0.1:0", "SECURECHAT_INTERNAL_LISTEN=127.0.0.1:0",
		"SECURECHAT_ALLOW_PRIVATE_UPSTREAMS=127.0.0.0/8", "SECURECHAT_LIMITS=off", "SECURECHAT_LOG_LEVEL=warn",
	}
	if e.redis != "" {
		env = append(env, "SECURECHAT_REDIS_URL=redis://"+e.redis)
	}
	if e.postgres != "" {
		key, err := p.keyFile(ctx, data)
		if err != nil {
			return err
		}
		env = append(env, "SECURECHAT_KEY_FILE="+key)
		schema := fmt.Sprintf("bench_%d", os.Getpid())
		scoped, drop, err := freshSchema(ctx, e.postgres, schema)
		if err != nil {
			return err
		}
		defer drop()
		env = append(env, "SECURECHAT_DATABASE_URL="+scoped)
	}
	key, err := p.addSite(ctx, env, data, upstream)
	if err != nil {
		return err
	}
	server, err := start(ctx, env, p.binary, "serve")
	if err != nil {
		return err
	}
	defer server.stop()
	address, err := listening(server)
	if err != nil {
		return err
	}
	return measure(ctx, out, subject{name: e.name, process: server, address: address, siteKey: key, beside: e.beside()})
}

// keyFile makes the key that replicas would share.
func (p plan) keyFile(ctx context.Context, data string) (string, error) {
	content, err := exec.CommandContext(ctx, p.binary, "key").Output()
	if err != nil {
		return "", fmt.Errorf("key: %w", err)
	}
	path := filepath.Join(data, "shared-key.json")
	return path, os.WriteFile(path, content, 0o600)
}

func (p plan) addSite(ctx context.Context, env []string, data, upstream string) (string, error) {
	file := filepath.Join(data, "webhook-url")
	if err := os.WriteFile(file, []byte(upstream+"/webhook/shop"), 0o600); err != nil {
		return "", err
	}
	add := exec.CommandContext(ctx, p.binary, "site", "add", "--name", "Bench", "--origin", origin, "--agent", "n8n",
		"--webhook-url-file", file, "--auth", "jwt", "--jwt-alg", "ES256", "--max-runs", "0")
	add.Env = append(os.Environ(), env...)
	add.Stderr = os.Stderr
	said, err := add.Output()
	if err != nil {
		return "", fmt.Errorf("site add: %w", err)
	}
	lines := strings.Fields(string(said))
	return lines[len(lines)-1], nil
}

// rate asks at each rate of the plan and prints a row for each.
func (p plan) rate(ctx context.Context, out io.Writer, s subject) error {
	for _, rate := range p.rates {
		askers := []asker{webhook{s.address + "/webhook/shop"}}
		if s.siteKey != "" {
			// An answer takes a fifth of a second, so nobody is asked to
			// wait for an earlier question of their own.
			visitors, err := enterAll(ctx, s.address, s.siteKey, max(100, rate))
			if err != nil {
				return err
			}
			askers = askers[:0]
			for _, v := range visitors {
				askers = append(askers, v)
			}
		}
		arrivals(ctx, askers, 20, time.Second) // warm the connections
		before, err := s.cpu()
		if err != nil {
			return err
		}
		got := arrivals(ctx, askers, rate, p.length)
		after, err := s.cpu()
		if err != nil {
			return err
		}
		asked := len(got.samples) + got.failed
		fmt.Fprintf(out, "%-24s %4d  %8.1f %8.1f   %8.1f %8.1f  %9.2f  %d of %d\n", s.name, rate,
			got.percentile(0.5, firstEvent), got.percentile(0.99, firstEvent),
			got.percentile(0.5, firstToken), got.percentile(0.99, firstToken),
			(after-before).Seconds()*1000/float64(asked), got.failed, asked)
		if got.first != nil {
			fmt.Fprintf(out, "  first failure: %v\n", got.first)
		}
	}
	return nil
}

func startListening(ctx context.Context, self string, args ...string) (*process, string, error) {
	p, err := start(ctx, nil, self, args...)
	if err != nil {
		return nil, "", err
	}
	address, err := p.line()
	if err != nil {
		p.stop()
		return nil, "", fmt.Errorf("%s did not start: %w", args[0], err)
	}
	return p, address, nil
}

// listening reads what the server prints until it names its address.
func listening(p *process) (string, error) {
	for {
		line, err := p.line()
		if err != nil {
			return "", fmt.Errorf("securechat did not start: %w", err)
		}
		if _, address, ok := strings.Cut(line, "listening on "); ok {
			return strings.Fields(address)[0], nil
		}
	}
}
