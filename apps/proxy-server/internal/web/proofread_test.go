package web

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// proofreader passes requests on, and fails the test where an answer is not as
// documented.
type proofreader struct {
	t    *testing.T
	next http.RoundTripper
}

func (p proofreader) RoundTrip(r *http.Request) (*http.Response, error) {
	p.t.Helper()
	asked := r.Clone(r.Context())
	if r.GetBody != nil {
		asked.Body, _ = r.GetBody()
	}
	answered, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answered.Header.Get("Content-Type") == asEvents.kind {
		proofread(p.t, asked, reply{status: answered.StatusCode, header: answered.Header})
		answered.Body = &eventProof{ReadCloser: answered.Body, judge: func(kind, data string) {
			if err := theDocument(p.t).judgeEvent(kind, []byte(data)); err != nil {
				p.t.Errorf("%s is not told as documented: %v\n%s", kind, err, data)
			}
		}}
		return answered, nil
	}
	defer answered.Body.Close()
	said, err := io.ReadAll(answered.Body)
	if err != nil {
		return nil, err
	}
	answered.Body = io.NopCloser(bytes.NewReader(said))
	proofread(p.t, asked, reply{answered.StatusCode, answered.Header, said})
	return answered, nil
}

// proofreadRecorded is a handler whose answers are recorded and proofread.
func proofreadRecorded(t *testing.T, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		recorded := w.(*httptest.ResponseRecorder)
		proofread(t, r, reply{recorded.Code, recorded.Header(), recorded.Body.Bytes()})
	})
}

func proofread(t *testing.T, r *http.Request, a reply) {
	t.Helper()
	if err := theDocument(t).judge(r, a); err != nil {
		t.Errorf("%s %s is not answered as documented: %v\n%d %s", r.Method, r.URL.Path, err, a.status, a.body)
	}
}

// eventProof has events judged while they are read.
type eventProof struct {
	io.ReadCloser

	judge func(kind, data string)
	line  []byte
	kind  string
}

func (p *eventProof) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	for _, c := range b[:n] {
		if c != '\n' {
			p.line = append(p.line, c)
			continue
		}
		name, value, _ := strings.Cut(string(p.line), ": ")
		switch name {
		case "event":
			p.kind = value
		case "data":
			p.judge(p.kind, value)
		}
		p.line = p.line[:0]
	}
	return n, err
}

// Answers of each wrong kind are planted, to see that they would be told.
func TestAnswerThatIsNotAsDocumentedIsTold(t *testing.T) {
	const asJSON = "application/json"
	for name, c := range map[string]struct {
		request string // method and path
		asked   string
		status  int
		kind    string
		body    string
		want    string
	}{
		"as documented":                            {"GET /healthz", "", 200, asJSON, `{"status":"ok"}`, ""},
		"another value":                            {"GET /healthz", "", 200, asJSON, `{"status":"well"}`, "/status"},
		"a member too few":                         {"GET /healthz", "", 200, asJSON, `{}`, "status"},
		"a member too many":                        {"GET /healthz", "", 200, asJSON, `{"status":"ok","mood":"fine"}`, "mood is not documented"},
		"no id of ours":                            {"POST /api/v1/session/messages", asking("x", "Hi"), 401, "application/problem+json", `{"type":"about:blank","title":"x","status":401,"code":"x"}`, "id"},
		"another status":                           {"GET /healthz", "", 204, "", "", "the status 204 is not documented"},
		"another type":                             {"GET /healthz", "", 200, "text/plain", "ok", `its type is "text/plain"`},
		"a body too many":                          {"DELETE /api/v1/session", "", 204, "", "gone", "it has a body"},
		"a header too few":                         {"GET /embed.js", "", 200, "text/javascript", "", "missing"},
		"no problem off the path":                  {"GET /nowhere", "", 404, asJSON, `{}`, `its type is "application/json"`},
		"a request granted that is not documented": {"POST /api/v1/session/messages", `{"text":"Hi"}`, 202, asJSON, `{}`, "what was asked is not documented"},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		r := httptest.NewRequest(method, path, strings.NewReader(c.asked))
		r.Header.Set("Content-Type", asJSON)
		told := theDocument(t).judge(r, reply{c.status, http.Header{"Content-Type": {c.kind}}, []byte(c.body)})
		if (told == nil) != (c.want == "") || told != nil && !strings.Contains(told.Error(), c.want) {
			t.Errorf("%s: told is %v, want %q", name, told, c.want)
		}
	}
}

func TestEventsAreJudgedWhileTheyAreRead(t *testing.T) {
	var judged []string
	read := &eventProof{
		ReadCloser: io.NopCloser(iotest.OneByteReader(strings.NewReader("retry: 2000\n\nid: 1\nevent: a-b\ndata: {}\n\n: \n\nevent: c-d\ndata: {\"x\":1}\n\n"))),
		judge:      func(kind, data string) { judged = append(judged, kind+" "+data) },
	}
	_, err := io.Copy(io.Discard, read)
	if want := []string{"a-b {}", `c-d {"x":1}`}; err != nil || !slices.Equal(judged, want) {
		t.Errorf("judged are %q, want %q, %v", judged, want, err)
	}
}

func TestEventThatIsNotAsDocumentedIsTold(t *testing.T) {
	for _, c := range []struct{ kind, data, want string }{
		{"turn-queued", `{"turn_id":"t","seq":1,"position":1}`, ""},
		{"turn-queued", `{"turn_id":"t","seq":1}`, "position"},
		{"turn-queued", `{"turn_id":"t","seq":"1","position":1}`, "/seq"},
		{"text-replaced", `{"turn_id":"t","seq":1,"message_id":"m","text":"x","html":"x"}`, "html is not documented"},
		{"mood-changed", `{}`, "there is no schema EventMoodChanged"},
	} {
		told := theDocument(t).judgeEvent(c.kind, []byte(c.data))
		if (told == nil) != (c.want == "") || told != nil && !strings.Contains(told.Error(), c.want) {
			t.Errorf("%s %s: told is %v, want %q", c.kind, c.data, told, c.want)
		}
	}
}
