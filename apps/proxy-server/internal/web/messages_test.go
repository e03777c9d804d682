package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestQuestionIsAcknowledgedInTheFixturesShape(t *testing.T) {
	h := newHouse(t)
	v := h.framed()
	r := v.do("POST", "/api/v1/session/messages", asking(newID(), "And now?"))
	if r.status != http.StatusAccepted {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	sameMembers(t, "sent", r.json(t))
}

func TestEntryAndConversationHaveTheFixturesShape(t *testing.T) {
	h := newHouse(t)
	r := h.stranger(h.origin).enter(h.ticket(siteKey))
	sameMembers(t, "entered", r.json(t))
	v := h.framed()
	sameMembers(t, "conversation", v.do("GET", "/api/v1/session/conversation", "").json(t))
	sameMembers(t, "current-session", v.do("GET", "/api/v1/session", "").json(t))
}

// sameMembers compares the names of members, one level into objects.
func sameMembers(t *testing.T, name string, got map[string]any) {
	t.Helper()
	optional := map[string]bool{"launcher_label": true}
	for member, value := range fixture(t, name) {
		inner, there := got[member]
		if !there {
			t.Errorf("%s: %s is missing in %v", name, member, got)
			continue
		}
		want, ok := value.(map[string]any)
		have, _ := inner.(map[string]any)
		for deeper := range want {
			if _, there := have[deeper]; ok && have != nil && !there && !optional[deeper] {
				t.Errorf("%s: %s.%s is missing in %v", name, member, deeper, have)
			}
		}
	}
}

func TestSameQuestionAgainJoinsAndAnotherUnderItsIdIsRefused(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	id := newID()
	first := v.do("POST", "/api/v1/session/messages", asking(id, "Hi")).json(t)
	second := v.do("POST", "/api/v1/session/messages", asking(strings.ToUpper(id), "  Hi "))
	one, _ := first["turn"].(map[string]any)
	two, _ := second.json(t)["turn"].(map[string]any)
	if second.status != http.StatusAccepted || one["id"] == nil || one["id"] != two["id"] {
		t.Errorf("again: %d %s, first %v", second.status, second.body, first)
	}
	other := v.do("POST", "/api/v1/session/messages", asking(id, "Bye"))
	if other.status != http.StatusUnprocessableEntity || other.json(t)["code"] != "message_conflict" {
		t.Errorf("another text: %d %s", other.status, other.body)
	}
}

func TestJ23SameIdOfAnotherVisitorIsIndependent(t *testing.T) {
	h := newHouse(t)
	id := newID()
	h.headless().ask(id, "Mine").until("turn-ended")
	if all := h.headless().ask(id, "Yours").until("turn-ended"); folded(all) != "Hello, friend." {
		t.Errorf("got %v", all)
	}
}

func TestMessagesThatAreRefused(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	id := newID()
	long := strings.Repeat("x", 4000)
	for name, c := range map[string]struct {
		body        string
		status      int
		code, field string
	}{
		"J10 no id":            {`{"text":"x"}`, 422, "invalid_member", "id"},
		"J10 no text":          {`{"id":"` + id + `"}`, 422, "invalid_member", "text"},
		"J10 null text":        {`{"id":"` + id + `","text":null}`, 422, "invalid_member", "text"},
		"J12 sessionId":        {`{"id":"` + id + `","text":"x","sessionId":"y"}`, 400, "unknown_member", "sessionId"},
		"J13 empty":            {asking(id, ""), 422, "text_empty", "text"},
		"J13 white space":      {asking(id, " \t\n"), 422, "text_empty", "text"},
		"J13 zero-width":       {asking(id, "\u200b\u200d\ufeff"), 422, "text_empty", "text"},
		"J13 combining marks":  {asking(id, "\u0301\u0302"), 422, "text_empty", "text"},
		"J14 one too many":     {asking(id, long+"x"), 422, "text_too_long", "text"},
		"J14 too many bytes":   {asking(id, strings.Repeat(long, 20)), 413, "body_too_large", ""},
		"J07 NUL":              {`{"id":"` + id + `","text":"a\u0000"}`, 400, "bad_text", "text"},
		"no UUID":              {asking("1", "x"), 422, "invalid_member", "id"},
		"the zero UUID":        {asking("00000000-0000-0000-0000-000000000000", "x"), 422, "invalid_member", "id"},
		"E21 page of a script": {`{"id":"` + id + `","text":"x","page_url":"javascript:alert(1)"}`, 422, "invalid_member", "page_url"},
		"an empty page":        {`{"id":"` + id + `","text":"x","page_url":""}`, 422, "invalid_member", "page_url"},
		"a file":               {`{"id":"` + id + `","text":"x","attachments":["file_1"]}`, 422, "invalid_member", "attachments"},
	} {
		r := v.do("POST", "/api/v1/session/messages", c.body)
		told := r.json(t)
		field, _ := told["field"].(string)
		if r.status != c.status || told["code"] != c.code || field != c.field {
			t.Errorf("%s: %d %s, want %d %s of %q", name, r.status, r.body, c.status, c.code, c.field)
		}
		if r.header.Get("Content-Type") != "application/problem+json" || told["id"] == "" {
			t.Errorf("%s: it is no problem as RFC 9457 has it: %s", name, r.body)
		}
	}
	thread := v.do("GET", "/api/v1/session/conversation", "").json(t)
	if messages, _ := thread["messages"].([]any); len(messages) != 0 {
		t.Errorf("something was stored: %v", messages)
	}
}

func TestJ14LongestMessageOfFourByteCharactersPassesEvenEscaped(t *testing.T) {
	h := newHouse(t)
	body := `{"id":"` + newID() + `","text":"` + strings.Repeat(`\ud83d\ude00`, 4000) + `"}`
	if r := h.headless().do("POST", "/api/v1/session/messages", body); r.status != http.StatusAccepted {
		t.Errorf("got %d %s", r.status, r.body)
	}
}

func TestWhatVisitorsWriteIsNeverLogged(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	v.ask(newID(), "canary of the message").until("turn-ended")
	v.do("POST", "/api/v1/session/messages", `{"id":"x","text":"canary","canary":1}`)
	v.do("GET", "/api/v1/session?token=canary", "")
	for _, secret := range []string{"canary", v.token} {
		if strings.Contains(h.logged.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, h.logged)
		}
	}
}

func TestAnswersAreRated(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	all := v.ask(newID(), "Hi").until("turn-ended")
	answer, _ := all[len(all)-1].data["message_id"].(string)
	path := "/api/v1/session/messages/" + answer + "/feedback"
	if r := v.do("POST", path, `{"rating":-1,"comment":"Not what I meant."}`); r.status != http.StatusNoContent {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	messages, _ := v.do("GET", "/api/v1/session/conversation", "").json(t)["messages"].([]any)
	if said, _ := messages[1].(map[string]any); said["rating"] != -1.0 {
		t.Errorf("the answer is %v", said)
	}
	for body, status := range map[string]int{`{}`: 422, `{"rating":0}`: 422, `{"rating":2}`: 422, `{"rating":"1"}`: 400, `{"rating":1,"x":1}`: 400} {
		if r := v.do("POST", path, body); r.status != status {
			t.Errorf("%s: %d %s, want %d", body, r.status, r.body, status)
		}
	}
	for _, path := range []string{"/api/v1/session/messages/" + newID() + "/feedback", "/api/v1/session/messages/x/feedback"} {
		if r := v.do("POST", path, `{"rating":1}`); r.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if r := h.headless().do("POST", path, `{"rating":1}`); r.status != http.StatusNotFound {
		t.Errorf("another visitor: %d %s", r.status, r.body)
	}
}

func TestTurnIsStoppedByItsVisitorOnly(t *testing.T) {
	h := newHouse(t)
	h.agent.gate = make(chan struct{})
	v := h.headless()
	r := v.ask(newID(), "Hi")
	h.agent.gate <- struct{}{}
	all := r.until("text-delta")
	turn, _ := all[len(all)-1].data["turn_id"].(string)
	path := "/api/v1/session/turns/" + turn + "/stop"
	if r := h.headless().do("POST", path, ""); r.status != http.StatusNotFound {
		t.Errorf("another visitor: %d %s", r.status, r.body)
	}
	if r := v.do("POST", "/api/v1/session/turns/"+newID()+"/stop", ""); r.status != http.StatusNotFound {
		t.Errorf("another turn: %d %s", r.status, r.body)
	}
	if r := v.do("POST", path, ""); r.status != http.StatusNoContent {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	ended := r.until("turn-ended")
	if status := ended[len(ended)-1].data["status"]; status != "stopped" {
		t.Errorf("it ended as %v", status)
	}
}

func TestNewChatIsEmptyAndTheOldOneStays(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	v.ask(newID(), "Hi").until("turn-ended")
	r := v.do("POST", "/api/v1/session/conversations", "")
	if r.status != http.StatusCreated {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	sameMembers(t, "conversation", r.json(t))
	if messages, _ := r.json(t)["messages"].([]any); messages == nil || len(messages) != 0 {
		t.Errorf("the new one holds %s", r.body)
	}
	v.ask(newID(), "Again").until("turn-ended")
	messages, _ := v.do("GET", "/api/v1/session/conversation", "").json(t)["messages"].([]any)
	if len(messages) != 2 {
		t.Errorf("it holds %v", messages)
	}
}

func TestHistoryIsReadBackInPages(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	for range 3 {
		v.ask(newID(), "Hi").until("turn-ended")
	}
	page := v.do("GET", "/api/v1/session/conversation?limit=4", "").json(t)
	latest, _ := page["messages"].([]any)
	oldest, _ := latest[0].(map[string]any)
	id, _ := oldest["id"].(string)
	if len(latest) != 4 || page["more"] != true {
		t.Fatalf("the latest are %v", page)
	}
	rest := v.do("GET", "/api/v1/session/conversation?limit=4&before="+id, "").json(t)
	if earlier, _ := rest["messages"].([]any); len(earlier) != 2 || rest["more"] != false {
		t.Errorf("those before are %v", rest)
	}
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "limit=1e1", "before=x"} {
		if r := v.do("GET", "/api/v1/session/conversation?"+query, ""); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
	}
	if r := v.do("GET", "/api/v1/session/conversation?before="+newID(), ""); r.status != http.StatusNotFound {
		t.Errorf("before an unknown message: %d %s", r.status, r.body)
	}
	if r := v.do("GET", "/api/v1/session/conversation?before=&limit=", ""); r.status != http.StatusOK {
		t.Errorf("with nothing said: %d %s", r.status, r.body)
	}
}

func TestRoutesOfASessionNeedOne(t *testing.T) {
	h := newHouse(t)
	for _, route := range Routes() {
		if route.Credential != OfSession {
			continue
		}
		path := strings.ReplaceAll(route.Path, "{id}", newID())
		for _, v := range []*visitor{h.stranger(shop), h.stranger(h.origin), h.stranger("")} {
			if r := v.do(route.Method, path, ""); r.status != http.StatusUnauthorized || r.json(t)["code"] != "session_required" {
				t.Errorf("%s %s: %d %s", route.Method, path, r.status, r.body)
			}
		}
	}
}
