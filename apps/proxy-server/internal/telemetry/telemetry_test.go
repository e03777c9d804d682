package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"securechat/internal/chat"
	"securechat/internal/telemetry"
)

type requestKey struct{}

func attrs(ctx context.Context) []slog.Attr {
	id, ok := ctx.Value(requestKey{}).(string)
	if !ok {
		return nil
	}
	return []slog.Attr{slog.String("request", id)}
}

// kinds are both kinds of logger.
var kinds = map[string]func(*bytes.Buffer) *slog.Logger{
	"JSON": func(b *bytes.Buffer) *slog.Logger { return telemetry.NewLog(b, slog.LevelInfo, attrs) },
	"Text": func(b *bytes.Buffer) *slog.Logger { return telemetry.NewTextLog(b, slog.LevelInfo, attrs) },
}

// holding is a value that nobody meant to log.
type holding struct{ inner string }

func TestNoSecretReachesTheLog(t *testing.T) {
	const canary = "canary-4f2a"
	credential := "scf_" + strings.Repeat("canary4f2a-", 4)[:43]
	jwt := "eyJhbGciOiJFUzI1NiJ9.eyJjYW5hcnkiOjF9.Y2FuYXJ5LTRmMmE"
	site := chat.Site{Agent: chat.AgentSettings{Webhook: canary, Secret: canary}}
	for kind, open := range kinds {
		var written bytes.Buffer
		log := open(&written)
		log.Info("begun with "+credential, //nolint:sloglint // a slip that must be caught all the same
			"site", site, "pointer", &site, "agent", site.Agent, "value", holding{canary}, "list", []chat.Secret{canary},
			"plain", chat.Secret(canary), "token", canary, "webhook_url", canary, "Set-Cookie", canary,
			"error", errors.New("post https://me:"+canary+"@n8n.example/x: refused"),
			"header", "Bearer "+canary+canary, "text", "got "+jwt,
			slog.Group("inner", "password", canary, "site", site))
		log.With("secret", canary, "site", site).WithGroup("g").Info("again", "client_secret", canary)
		text := written.String()
		for _, hidden := range []string{canary, credential, jwt} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s: %q is shown in\n%s", kind, hidden, text)
			}
		}
		if !strings.Contains(text, "n8n.example") {
			t.Errorf("%s: more than the secret is hidden in\n%s", kind, text)
		}
	}
}

func TestLinesNameTheirRequest(t *testing.T) {
	for kind, open := range kinds {
		var written bytes.Buffer
		log := open(&written)
		ctx := context.WithValue(t.Context(), requestKey{}, "req_1")
		log.With("room", "web").InfoContext(ctx, "asked", "status", 200, "took", time.Second, "at", []string{"a", "b"})
		log.Info("alone")
		log.Debug("unheard")
		text := written.String()
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if len(lines) != 2 {
			t.Fatalf("%s: %d lines, want 2:\n%s", kind, len(lines), text)
		}
		for _, want := range []string{"req_1", "asked", "web", "200", "a, b"} {
			if !strings.Contains(lines[0], want) {
				t.Errorf("%s: %q is missing in %s", kind, want, lines[0])
			}
		}
		if strings.Contains(lines[1], "req_1") {
			t.Errorf("%s: a line without a request names one: %s", kind, lines[1])
		}
	}
}

func TestNumbersAreServed(t *testing.T) {
	m := telemetry.NewMetrics("v1")
	m.Answered("/api/v1/sessions", 201, 3*time.Millisecond)
	m.Answered("", 404, time.Millisecond)
	m.Streaming(2)
	m.Streaming(-1)
	m.Started(time.Second)
	m.Spoke(time.Second)
	m.Ended(chat.TurnFailed, "agent_failed", time.Minute)
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`securechat_request_duration_seconds_bucket{route="/api/v1/sessions",status="201",le="0.005"} 1`,
		`securechat_request_duration_seconds_bucket{route="/api/v1/sessions",status="201",le="0.0025"} 0`,
		`securechat_request_duration_seconds_count{route="none",status="404"} 1`,
		`securechat_streams_open 1`,
		`securechat_turn_wait_seconds_count 1`,
		`securechat_first_text_seconds_sum 1`,
		`securechat_turn_duration_seconds_count{code="agent_failed",state="failed"} 1`,
		`securechat_build_info{version="v1"} 1`,
		`go_goroutines`,
	} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s is missing in\n%s", want, answer.Body)
		}
	}
}
