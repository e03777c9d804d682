package securechat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"uuid"
)

// Visitor is somebody who chats without the widget.
type Visitor struct {
	Client *http.Client
	Base   string // the address that the visitor knows: the server's, or that of a proxy before it
	Token  string // what opens the session; "" before Enter

	t testing.TB
}

// NewVisitor returns one who asks at that address.
func NewVisitor(t testing.TB, client *http.Client, base string) *Visitor {
	return &Visitor{Client: client, Base: base, t: t}
}

// Enter opens a session.
func (v *Visitor) Enter(siteKey string) {
	v.t.Helper()
	var made struct {
		Token string `json:"token"`
	}
	answer := v.Ask("POST", "/api/v1/sessions", map[string]string{"site_key": siteKey, "page_url": Origin + "/"})
	read(v.t, answer, http.StatusCreated, &made)
	v.Token = made.Token
}

// Send asks a question and returns once it has been accepted.
func (v *Visitor) Send(text string) {
	v.t.Helper()
	read(v.t, v.Ask("POST", "/api/v1/session/messages", question(text)), http.StatusAccepted, nil)
}

// SendAndFollow asks a question and has its answer told in the same answer.
func (v *Visitor) SendAndFollow(text string) *Stream {
	v.t.Helper()
	return v.stream(v.Ask("POST", "/api/v1/session/messages", question(text), "Accept", "text/event-stream"))
}

// Follow opens the stream of the conversation after a cursor.
func (v *Visitor) Follow(cursor string) *Stream {
	v.t.Helper()
	return v.stream(v.Ask("GET", "/api/v1/session/events", nil, "Last-Event-ID", cursor))
}

func question(text string) map[string]string {
	return map[string]string{"id": uuid.NewV7().String(), "text": text}
}

// Conversation is what a page shows when it opens.
type Conversation struct {
	Messages []struct {
		Author string `json:"author"`
		Text   string `json:"text"`
	} `json:"messages"`
	Turn *struct {
		State string `json:"state"`
	} `json:"turn"`
	Cursor string `json:"cursor"`
}

// Conversation reads all that was said.
func (v *Visitor) Conversation() Conversation {
	v.t.Helper()
	var c Conversation
	read(v.t, v.Ask("GET", "/api/v1/session/conversation", nil), http.StatusOK, &c)
	return c
}

// Ask makes one request; fields are names and values of headers.
func (v *Visitor) Ask(method, path string, body any, fields ...string) *http.Response {
	v.t.Helper()
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			v.t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.Base+path, content)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Origin", Origin)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if v.Token != "" {
		r.Header.Set("Authorization", "Bearer "+v.Token)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	answer, err := v.Client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer
}

func read(t testing.TB, answer *http.Response, want int, into any) {
	t.Helper()
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != want {
		t.Fatalf("%s %s: %s: %s", answer.Request.Method, answer.Request.URL.Path, answer.Status, said)
	}
	if into != nil {
		if err := json.Unmarshal(said, into); err != nil {
			t.Fatalf("%s: %v", answer.Request.URL.Path, err)
		}
	}
}

// Stream is an open stream of events.
type Stream struct {
	Header http.Header

	body  io.Closer
	lines *bufio.Scanner
	t     testing.TB
}

func (v *Visitor) stream(answer *http.Response) *Stream {
	v.t.Helper()
	if answer.StatusCode != http.StatusOK {
		read(v.t, answer, http.StatusOK, nil)
	}
	v.t.Cleanup(func() { answer.Body.Close() })
	return &Stream{Header: answer.Header, body: answer.Body, lines: bufio.NewScanner(answer.Body), t: v.t}
}

// Event is one that was heard.
type Event struct {
	ID, Kind string
	Data     struct {
		Seq    int    `json:"seq"`
		Text   string `json:"text"`
		Status string `json:"status"`
	}
}

// Hear waits for the next event of that kind and passes over the others.
func (s *Stream) Hear(kind string) Event {
	s.t.Helper()
	for {
		if e := s.next(); e.Kind == kind {
			return e
		}
	}
}

func (s *Stream) next() Event {
	s.t.Helper()
	var e Event
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch {
		case name == "id":
			e.ID = value
		case name == "event":
			e.Kind = value
		case name == "data":
			if err := json.Unmarshal([]byte(value), &e.Data); err != nil {
				s.t.Fatal(fmt.Errorf("event %s: %w", e.Kind, err))
			}
		case name == "" && e.Kind != "":
			return e
		}
	}
	s.t.Fatalf("the stream ended: %v", s.lines.Err())
	return e
}

// Close leaves.
func (s *Stream) Close() { s.body.Close() }
