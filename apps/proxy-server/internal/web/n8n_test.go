package web

import (
	"encoding/json/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/chat"
)

const word = "3f1c9a52-7d1e-4c0b-9a59-0f2d6c1b7e11"

func (h *house) n8n(origin, body string, change ...func(*http.Request)) reply {
	h.t.Helper()
	return h.stranger(origin).do("POST", "/n8n/"+siteKey+"/chat", body, change...)
}

func sending(word, text string) string {
	return `{"action":"sendMessage","sessionId":"` + word + `","chatInput":"` + text + `","metadata":{"a":[1.5,"x"]}}`
}

func loading(word string) string {
	return `{"action":"loadPreviousSession","sessionId":"` + word + `"}`
}

func streaming(r *http.Request) { r.Header.Set("Accept", "text/plain") }

func TestOfficialWidgetGetsItsAnswerWhole(t *testing.T) {
	h := newHouse(t)
	r := h.n8n(shop, sending(word, "Hi"))
	if diff := cmp.Diff(map[string]any{"output": "Hello, friend."}, r.json(t)); r.status != http.StatusOK || diff != "" {
		t.Errorf("%d (-want +got)\n%s", r.status, diff)
	}
	if r.header.Get("Access-Control-Allow-Origin") != shop {
		t.Errorf("the page may not read it: %v", r.header)
	}
}

func TestOfficialWidgetGetsItsAnswerInN8nsLines(t *testing.T) {
	h := newHouse(t)
	h.agent.says = func(string) []chat.Piece {
		return []chat.Piece{{Text: "Wrong"}, {Text: "One ", Replace: true}, {Text: "two"}}
	}
	r := h.n8n(shop, sending(word, "Hi"), streaming)
	var told []string
	for line := range strings.Lines(string(r.body)) {
		var chunk struct {
			Type    string `json:"type"`
			Content string `json:"content"`
		}
		if err := json.Unmarshal([]byte(line), &chunk); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		told = append(told, chunk.Type+" "+chunk.Content)
	}
	got := strings.Join(told, "|")
	if r.status != http.StatusOK || !strings.HasPrefix(got, "begin |item Wrong|end |begin |item One ") || !strings.HasSuffix(got, "|end ") {
		t.Errorf("%d %s", r.status, got)
	}
}

func TestOfficialWidgetLoadsItsOwnHistoryOnly(t *testing.T) {
	h := newHouse(t)
	h.n8n(shop, sending(word, "Hi"))
	r := h.n8n(shop, loading(word))
	want := map[string]any{"data": []any{
		map[string]any{"id": []any{"langchain_core", "messages", "HumanMessage"}, "kwargs": map[string]any{"content": "Hi"}},
		map[string]any{"id": []any{"langchain_core", "messages", "AIMessage"}, "kwargs": map[string]any{"content": "Hello, friend."}},
	}}
	if diff := cmp.Diff(want, r.json(t)); diff != "" {
		t.Errorf("its own (-want +got)\n%s", diff)
	}
	other := h.n8n(shop, loading("3f1c9a52-7d1e-4c0b-9a59-0f2d6c1b7e12"))
	if diff := cmp.Diff(map[string]any{"data": []any{}}, other.json(t)); other.status != http.StatusOK || diff != "" {
		t.Errorf("another's: %d (-want +got)\n%s", other.status, diff)
	}
}

func TestOfficialWidgetsRefusalsCarryAMessage(t *testing.T) {
	h := newHouse(t)
	for name, c := range map[string]struct {
		origin, body string
		status       int
	}{
		"a foreign page":      {"https://evil.example", sending(word, "Hi"), http.StatusForbidden},
		"no page":             {"", sending(word, "Hi"), http.StatusForbidden},
		"a guessable id":      {shop, sending("alice", "Hi"), http.StatusUnprocessableEntity},
		"an unknown action":   {shop, `{"action":"dance","sessionId":"` + word + `"}`, http.StatusUnprocessableEntity},
		"an empty text":       {shop, sending(word, " "), http.StatusUnprocessableEntity},
		"no text":             {shop, `{"action":"sendMessage","sessionId":"` + word + `"}`, http.StatusUnprocessableEntity},
		"a member of its own": {shop, `{"action":"sendMessage","sessionId":"` + word + `","chatInput":"x","files":[]}`, http.StatusBadRequest},
		"another's history":   {"https://evil.example", loading(word), http.StatusForbidden},
		"a number for an id":  {shop, `{"action":"sendMessage","sessionId":1,"chatInput":"x"}`, http.StatusBadRequest},
	} {
		r := h.n8n(c.origin, c.body)
		told := r.json(t)
		if message, _ := told["message"].(string); r.status != c.status || message == "" || told["code"] == nil {
			t.Errorf("%s: %d %s, want %d", name, r.status, r.body, c.status)
		}
	}
	if n := h.agent.times("Hi"); n != 0 {
		t.Errorf("the agent ran %d times", n)
	}
}

func TestOfficialWidgetIsToldOfASecretInTheAddress(t *testing.T) {
	h := newHouse(t)
	r := h.stranger(shop).do("POST", "/n8n/"+siteKey+"/chat?token=x", sending(word, "Hi"))
	told := r.json(t)
	if message, _ := told["message"].(string); r.status != http.StatusBadRequest || told["code"] != "secret_in_query" || message == "" {
		t.Errorf("got %d %s", r.status, r.body)
	}
	if r.header.Get("Access-Control-Allow-Origin") != shop {
		t.Errorf("the page may not read it: %v", r.header)
	}
}

func TestOfficialWidgetsFilesAreRefused(t *testing.T) {
	h := newHouse(t)
	r := h.n8n(shop, "--x\r\n", func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") })
	if r.status != http.StatusUnsupportedMediaType {
		t.Errorf("got %d", r.status)
	}
}
