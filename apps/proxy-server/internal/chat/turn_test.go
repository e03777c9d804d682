package chat

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestATurnMovesOnlyForward(t *testing.T) {
	states := []TurnState{TurnWaiting, TurnRunning, TurnDone, TurnStopped, TurnFailed, TurnInterrupted}
	legal := map[[2]TurnState]bool{
		{TurnWaiting, TurnRunning}:     true,
		{TurnWaiting, TurnStopped}:     true,
		{TurnRunning, TurnDone}:        true,
		{TurnRunning, TurnStopped}:     true,
		{TurnRunning, TurnFailed}:      true,
		{TurnRunning, TurnInterrupted}: true,
	}
	for _, from := range states {
		for _, to := range states {
			if from.May(to) != legal[[2]TurnState{from, to}] {
				t.Errorf("%s to %s: %v", from, to, from.May(to))
			}
		}
	}
}

func TestASessionEndsWhenIdleOrTooOld(t *testing.T) {
	begun := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	s := Session{CreatedAt: begun, SeenAt: begun}
	if !s.Live(begun.Add(SessionIdle-time.Second)) || s.Live(begun.Add(SessionIdle)) {
		t.Error("it must end after 30 idle minutes")
	}
	s.SeenAt = begun.Add(SessionLongest - time.Minute)
	if !s.Live(begun.Add(SessionLongest-time.Second)) || s.Live(begun.Add(SessionLongest)) {
		t.Error("it must end after a day, however busy")
	}
	s.EndedAt = begun.Add(time.Minute)
	if s.Live(begun.Add(2 * time.Minute)) {
		t.Error("it must stay ended")
	}
}

func TestASecretIsNeverPrinted(t *testing.T) {
	settings := AgentSettings{Webhook: "https://n8n.example/webhook/hidden", Secret: "hidden"}
	encoded, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("made", "secret", settings.Secret, "settings", settings)
	for _, text := range []string{string(encoded), logged.String(), fmt.Sprint(settings), fmt.Sprintf("%+v %#v %s %q", settings, settings, settings.Secret, settings.Secret)} {
		if strings.Contains(text, "hidden") {
			t.Errorf("printed %s", text)
		}
	}
}

func TestBrandingHoldsOnlyCheckedTokens(t *testing.T) {
	b, err := Branding{}.Check()
	if err != nil || b.Accent == "" || b.Greeting == "" {
		t.Errorf("defaults are %+v, %v", b, err)
	}
	for field, wrong := range map[string]Branding{
		"branding.accent":      {Accent: "red;}body{display:none"},
		"branding.theme":       {Theme: "pink"},
		"branding.position":    {Position: "middle"},
		"branding.title":       {Title: strings.Repeat("a", 61)},
		"branding.greeting":    {Greeting: "hello\x1b[2J"},
		"branding.suggestions": {Suggestions: []string{"1", "2", "3", "4", "5", "6", "7"}},
	} {
		if _, err := wrong.Check(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
