package web

import (
	"encoding/json/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/chat"
)

// fixtures are the examples of the wire that both languages read.
const fixtures = "../../../../packages/types/fixtures"

func fixture(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(fixtures, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, text)
}

func parsed(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}

func same[T any](t *testing.T, name string, value T) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fixture(t, name), parsed(t, text)); diff != "" {
		t.Errorf("%s differs from what we write (-fixture +ours):\n%s", name, diff)
	}
}

func id[T ~string](n string) T { return T("0199c0de-0000-7000-8000-0000000000" + n) }

func at(clock string) time.Time {
	moment, err := time.Parse(time.RFC3339Nano, "2026-11-24T"+clock+"Z")
	if err != nil {
		panic(err)
	}
	return moment
}

var tent = chat.Card{
	Title: "Tent for two", Subtitle: "2.1 kg, green", Price: "189.00 EUR", OldPrice: "219.00 EUR", URL: "https://shop.example/tents/two",
	Buttons: []chat.Button{
		{Label: "See it", URL: "https://shop.example/tents/two"},
		{Label: "Compare", Say: "Compare it with the tent for three"},
	},
}

var question = chat.Message{ID: id[chat.MessageID]("15"), Author: chat.ByVisitor, Text: "And now?",
	CreatedAt: at("09:02:00"), TurnID: id[chat.TurnID]("23")}

func TestEventsAreWrittenAsTheFixturesShow(t *testing.T) {
	turn, answer := id[chat.TurnID]("23"), id[chat.MessageID]("16")
	stored := chat.Message{ID: answer, Author: chat.ByAgent, Text: "It left our house ", CreatedAt: at("09:02:01"),
		TurnID: turn, Status: chat.TurnDone, Cards: []chat.Card{tent}}
	for name, e := range map[string]chat.Event{
		"event-message-added":     {Kind: chat.MessageAdded, Message: &question},
		"event-turn-queued":       {Kind: chat.TurnQueued, TurnID: turn, Seq: 1, Position: 2},
		"event-turn-started":      {Kind: chat.TurnStarted, TurnID: turn, Seq: 2, QuestionID: question.ID, MessageID: answer},
		"event-activity-noted":    {Kind: chat.ActivityNoted, TurnID: turn, Seq: 3, Label: "Checking your order"},
		"event-text-delta":        {Kind: chat.TextDelta, TurnID: turn, Seq: 4, MessageID: answer, Text: "It left us "},
		"event-text-replaced":     {Kind: chat.TextReplaced, TurnID: turn, Seq: 5, MessageID: answer, Text: "It left our house "},
		"event-card-added":        {Kind: chat.CardAdded, TurnID: turn, Seq: 6, MessageID: answer, Card: &tent},
		"event-turn-ended":        {Kind: chat.TurnEnded, TurnID: turn, Seq: 7, MessageID: answer, Status: chat.TurnDone, Message: &stored},
		"event-turn-ended-failed": {Kind: chat.TurnEnded, TurnID: turn, Seq: 7, MessageID: answer, Status: chat.TurnFailed, Problem: &chat.Problem{Code: "agent_failed", Title: "The assistant could not finish its answer.", ID: "err_7f3a"}},
		"event-log-reset":         {Kind: chat.LogReset},
	} {
		e.Cursor = "b2f1c09a.17"
		frame, err := appendEvent(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		data, found := strings.CutPrefix(string(frame), "id: b2f1c09a.17\nevent: "+string(e.Kind)+"\ndata: ")
		data, ended := strings.CutSuffix(data, "\n\n")
		if !found || !ended || strings.ContainsAny(data, "\r\n") {
			t.Errorf("the frame is %q", frame)
		}
		if diff := cmp.Diff(fixture(t, name), parsed(t, []byte(data))); diff != "" {
			t.Errorf("%s differs from what we write (-fixture +ours):\n%s", name, diff)
		}
		if err := theDocument(t).judgeEvent(string(e.Kind), []byte(data)); err != nil {
			t.Errorf("%s is not as documented: %v", name, err)
		}
	}
}

func TestS01TextCannotMakeAnotherEvent(t *testing.T) {
	const evil = "\n\nevent: admin\ndata: x\r\rid: 7\u2028\u0085"
	frame, err := appendEvent(nil, chat.Event{Cursor: "e.1", Kind: chat.TextDelta, Text: evil})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(frame), "\n")
	if len(lines) != 5 || strings.Contains(string(frame), "\r") {
		t.Fatalf("the frame is %q", frame)
	}
	if got := parsed(t, []byte(strings.TrimPrefix(lines[2], "data: ")))["text"]; got != evil {
		t.Errorf("got %q", got)
	}
}

func TestS03CursorWithALineBreakIsRefused(t *testing.T) {
	for _, cursor := range []chat.Cursor{"a\nb", "a\rb", "a\x00b"} {
		if frame, err := appendEvent(nil, chat.Event{Cursor: cursor, Kind: chat.LogReset}); err == nil {
			t.Errorf("cursor %q was written: %q", cursor, frame)
		}
	}
}

func TestEventOfAnUnknownKindIsRefused(t *testing.T) {
	if frame, err := appendEvent(nil, chat.Event{Cursor: "e.1", Kind: "x\nevent: y"}); err == nil {
		t.Errorf("it was written: %q", frame)
	}
}

func TestTextThatIsNotUTF8IsStillWritten(t *testing.T) {
	frame, err := appendEvent(nil, chat.Event{Cursor: "e.1", Kind: chat.TextDelta, Text: "a\xffb"})
	if err != nil || !strings.Contains(string(frame), "a\ufffdb") {
		t.Errorf("got %q, %v", frame, err)
	}
}
