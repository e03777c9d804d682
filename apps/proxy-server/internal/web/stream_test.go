package web

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/chat"
)

// paper is a response that is written on in virtual time. Where it is slow,
// nobody reads: a write lasts until its deadline.
type paper struct {
	header   http.Header
	text     safeText
	slow     atomic.Bool
	deadline time.Time
}

func (p *paper) Header() http.Header { return p.header }
func (p *paper) WriteHeader(int)     {}
func (p *paper) Flush()              {}

func (p *paper) SetWriteDeadline(at time.Time) error {
	p.deadline = at
	return nil
}

func (p *paper) Write(b []byte) (int, error) {
	if p.slow.Load() {
		time.Sleep(time.Until(p.deadline))
		return 0, os.ErrDeadlineExceeded
	}
	return p.text.Write(b)
}

func (p *paper) stream(t *testing.T) *stream {
	t.Helper()
	p.header = http.Header{}
	ctx, quit := context.WithCancel(t.Context())
	s := &stream{
		wording: asEvents, ctx: ctx, quit: quit,
		out: &page{w: p, control: http.NewResponseController(p)}, reader: silence{},
	}
	s.start()
	s.pump()
	return s
}

// silence is a conversation in which nothing happens.
type silence struct{}

func (silence) Next() ([]chat.Event, error) { return nil, nil }
func (silence) Close()                      {}

func TestS13SilenceIsFilledEvery15Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		s := p.stream(t)
		defer s.end()
		if got := p.text.take(); got != "retry: 2000\n\n" {
			t.Errorf("at once it says %q", got)
		}
		time.Sleep(14 * time.Second)
		must(t, s.tell([]chat.Event{{Cursor: "e.1", Kind: chat.LogReset}}))
		p.text.take()
		time.Sleep(heartbeat - time.Nanosecond)
		synctest.Wait()
		if got := p.text.take(); got != "" {
			t.Errorf("soon after an event it says %q", got)
		}
		time.Sleep(3 * heartbeat)
		synctest.Wait()
		if got := p.text.take(); got != ": \n\n: \n\n: \n\n" {
			t.Errorf("in 60 s of silence it says %q", got)
		}
	})
}

func TestS07ReaderWithoutProgressIsDroppedAfter10Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		s := p.stream(t)
		defer s.end()
		p.slow.Store(true)
		began := time.Now()
		if err := s.tell([]chat.Event{{Cursor: "e.1", Kind: chat.LogReset}}); err == nil {
			t.Error("the write went through")
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
		if s.ctx.Err() == nil {
			t.Error("the stream goes on")
		}
	})
}

func TestNothingIsWrittenAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		s := p.stream(t)
		s.end()
		p.text.take()
		s.leave()
		if err := s.tell([]chat.Event{{Cursor: "e.1", Kind: chat.LogReset}}); err == nil {
			t.Error("it takes another event")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := p.text.take(); got != "" {
			t.Errorf("it says %q", got)
		}
	})
}

func TestQuestionAskedAsAStreamIsAnsweredInIt(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	id := newID()
	all := v.ask(id, "Hi").until("turn-ended")
	if folded(all) != "Hello, friend." {
		t.Errorf("the events make %q", folded(all))
	}
	last := all[len(all)-1]
	if last.data["status"] != "done" {
		t.Errorf("it ended with %v", last.data)
	}
	thread := v.do("GET", "/api/v1/session/conversation", "").json(t)
	messages, _ := thread["messages"].([]any)
	if len(messages) != 2 || thread["turn"] != nil {
		t.Fatalf("the conversation is %v", thread)
	}
	if asked, _ := messages[0].(map[string]any); asked["id"] != id || asked["author"] != "visitor" {
		t.Errorf("the question is %v", asked)
	}
	if said, _ := messages[1].(map[string]any); said["text"] != "Hello, friend." || said["status"] != "done" {
		t.Errorf("the answer is %v", said)
	}
}

func TestWhoWaitsHearsItsPlaceAndThenEverythingThatTheAgentDoes(t *testing.T) {
	h := newHouse(t)
	h.agent.gate = make(chan struct{})
	h.agent.says = func(string) []chat.Piece {
		return []chat.Piece{{Label: "Looking"}, {Text: "Here: "}, {Card: &tent}, {Text: "This one: ", Replace: true}}
	}
	v := h.headless()
	v.do("POST", "/api/v1/session/messages", asking(newID(), "Hi"))
	r := v.ask(newID(), "And?")
	heard := r.until("turn-queued")
	close(h.agent.gate)
	heard = append(heard, r.until("turn-ended")...)
	var kinds []string
	for _, e := range heard {
		kinds = append(kinds, e.kind)
	}
	for _, kind := range []string{"turn-queued", "turn-started", "activity-noted", "text-delta", "card-added", "text-replaced", "turn-ended"} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("%s is not among %v", kind, kinds)
		}
	}
}

func TestStreamOfAQuestionEndsWithItsTurn(t *testing.T) {
	h := newHouse(t)
	r := h.headless().ask(newID(), "Hi")
	r.until("turn-ended")
	if e, more := r.next(); more {
		t.Errorf("it goes on with %v", e)
	}
}

func TestStreamsAreNeitherKeptNorHeldBack(t *testing.T) {
	h := newHouse(t)
	answered, err := h.client().Do(h.headless().request("GET", "/api/v1/session/events", "", func(r *http.Request) {
		r.Header.Set("Accept-Encoding", "gzip, br")
	}))
	must(t, err)
	defer answered.Body.Close()
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no",
		"Content-Encoding": "", "Content-Length": "", "X-Content-Type-Options": "nosniff", "Access-Control-Allow-Credentials": "",
		"Access-Control-Allow-Origin": shop,
	} {
		if got := answered.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	first, err := bufio.NewReader(answered.Body).ReadString('\n')
	if err != nil || first != "retry: 2000\n" {
		t.Errorf("at once it says %q, %v", first, err)
	}
}

func TestTwoFollowersHearTheSame(t *testing.T) {
	h := newHouse(t)
	v := h.framed()
	cursor, _ := v.do("GET", "/api/v1/session/conversation", "").json(t)["cursor"].(string)
	one, two := v.follow(cursor), v.follow(cursor)
	if r := v.do("POST", "/api/v1/session/messages", asking(newID(), "Hi")); r.status != http.StatusAccepted {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	first, second := one.until("turn-ended"), two.until("turn-ended")
	if len(first) != len(second) || folded(first) != folded(second) || first[0].kind != "message-added" {
		t.Errorf("one heard %v, the other %v", first, second)
	}
}

func TestS06StreamCutAfterAnyByteResumesToTheStoredText(t *testing.T) {
	h := newHouse(t)
	h.agent.says = func(string) []chat.Piece {
		return []chat.Piece{{Text: "Wrong"}, {Text: "Grüezi 👋, ", Replace: true}, {Text: "wie\ngeht’s?"}, {Text: " \U0001f9d1\u200d\U0001f33e"}}
	}
	v := h.headless()
	cursor, _ := v.do("GET", "/api/v1/session/conversation", "").json(t)["cursor"].(string)
	v.ask(newID(), "Hi").until("turn-ended")
	messages, _ := v.do("GET", "/api/v1/session/conversation", "").json(t)["messages"].([]any)
	answer, _ := messages[1].(map[string]any)
	stored, _ := answer["text"].(string)
	if stored == "" {
		t.Fatal("nothing is stored")
	}
	whole := v.bytesUntilTheEnd(cursor)
	for cut := range len(whole) + 1 {
		heard, at := complete(t, whole[:cut], cursor)
		if cut < len(whole) {
			heard = append(heard, v.follow(at).until("turn-ended")...)
		}
		if got := folded(unrepeated(heard)); got != stored {
			t.Fatalf("cut after %d of %d bytes: %q, stored is %q", cut, len(whole), got, stored)
		}
	}
}

// bytesUntilTheEnd is what one reader gets from the cursor up to turn-ended.
func (v *visitor) bytesUntilTheEnd(cursor string) string {
	v.h.t.Helper()
	r := v.follow(cursor)
	var all strings.Builder
	for ended := false; ; {
		line, err := r.lines.ReadString('\n')
		must(v.h.t, err)
		all.WriteString(line)
		ended = ended || line == "event: turn-ended\n"
		if ended && line == "\n" {
			return all.String()
		}
	}
}

// complete reads the events that have come whole, and the place after them.
func complete(t *testing.T, text, cursor string) ([]event, string) {
	t.Helper()
	whole := text[:strings.LastIndex(text, "\n\n")+1]
	if whole != "" {
		whole += "\n"
	}
	r := &reader{t, nil, bufio.NewReader(strings.NewReader(whole))}
	var all []event
	for {
		e, ok := r.next()
		if !ok {
			return all, cursor
		}
		all, cursor = append(all, e), e.id
	}
}

// unrepeated leaves out what was told twice, as clients do.
func unrepeated(all []event) []event {
	var once []event
	seen := 0.0
	for _, e := range all {
		seq, ofTurn := e.data["seq"].(float64)
		if ofTurn && seq <= seen {
			continue
		}
		seen = max(seen, seq)
		once = append(once, e)
	}
	return once
}

func TestReaderThatLeavesMidAnswerResumesWithoutLossAndTheAgentRunsOnce(t *testing.T) {
	h := newHouse(t)
	h.agent.gate = make(chan struct{})
	h.agent.says = func(string) []chat.Piece { return []chat.Piece{{Text: "one "}, {Text: "two "}, {Text: "three"}} }
	v := h.headless()
	id := newID()
	r := v.ask(id, "Count")
	h.agent.gate <- struct{}{}
	heard := r.until("text-delta")
	must(t, r.body.Close())
	close(h.agent.gate)
	heard = append(heard, v.follow(heard[len(heard)-1].id).until("turn-ended")...)
	if got := folded(unrepeated(heard)); got != "one two three" {
		t.Errorf("heard %q", got)
	}
	if again := v.ask(id, "Count").until("turn-ended"); folded(again) != "one two three" {
		t.Errorf("asked again with the same id: %q", folded(again))
	}
	if n := h.agent.times("Count"); n != 1 {
		t.Errorf("the agent ran %d times", n)
	}
}

func TestS05CursorsThatAreNotOursAreRefusedOrReset(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	v.ask(newID(), "Hi").until("turn-ended")
	good, _ := v.do("GET", "/api/v1/session/conversation", "").json(t)["cursor"].(string)
	for _, junk := range []string{"x", "-1", good + "x", good + ",", strings.Repeat("9", 1<<10), "é"} {
		r := v.do("GET", "/api/v1/session/events", "", func(r *http.Request) { r.Header.Set("Last-Event-ID", junk) })
		if r.status != http.StatusBadRequest || r.json(t)["code"] == nil {
			t.Errorf("%.20q: %d %s", junk, r.status, r.body)
		}
	}
	stranger := h.headless()
	stranger.ask(newID(), "Theirs").until("turn-ended")
	foreign, _ := stranger.do("GET", "/api/v1/session/conversation", "").json(t)["cursor"].(string)
	e, ok := v.follow(foreign).next()
	if !ok || e.kind != "log-reset" || e.id == foreign {
		t.Errorf("with another's cursor: %v", e)
	}
}

func TestCursorMayStandInTheAddress(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	cursor, _ := v.do("GET", "/api/v1/session/conversation", "").json(t)["cursor"].(string)
	v.ask(newID(), "Hi").until("turn-ended")
	r := v.open(v.request("GET", "/api/v1/session/events?cursor="+cursor, ""))
	if got := folded(r.until("turn-ended")); got != "Hello, friend." {
		t.Errorf("heard %q", got)
	}
}

func TestS15StreamsEndWithTheirSession(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	r := v.follow("")
	if r := v.do("DELETE", "/api/v1/session", ""); r.status != http.StatusNoContent {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	if e, more := r.next(); more {
		t.Errorf("it goes on with %v", e)
	}
	if r := v.do("GET", "/api/v1/session/events", ""); r.status != http.StatusUnauthorized {
		t.Errorf("asked anew: %d %s", r.status, r.body)
	}
}

func TestS10OldestStreamEndsWhereASessionHasTooMany(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	var all []*reader
	for range mostStreams + 1 {
		all = append(all, v.follow(""))
	}
	if e, more := all[0].next(); more {
		t.Errorf("the oldest goes on with %v", e)
	}
	v.do("POST", "/api/v1/session/messages", asking(newID(), "Hi"))
	for _, r := range all[1:] {
		r.until("turn-ended")
	}
}

func TestS14DrainingEndsEveryStreamWithAWordAboutComingBack(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	var all []*reader
	for range 5 {
		all = append(all, v.follow(""))
	}
	h.face.Drain(20 * time.Millisecond)
	for _, r := range all {
		rest, err := io.ReadAll(r.lines)
		if err != nil || strings.Count(string(rest), "retry: ") < 1 {
			t.Errorf("it ends with %q, %v", rest, err)
		}
	}
	for _, r := range []reply{v.do("GET", "/api/v1/session/events", ""), h.stranger(shop).do("POST", "/api/v1/sessions", entering)} {
		if r.status != http.StatusServiceUnavailable || r.json(t)["code"] != "draining" {
			t.Errorf("afterwards: %d %s", r.status, r.body)
		}
	}
}

func TestAnAnswerUnderWayIsHeardToItsEndWhileTheServerDrains(t *testing.T) {
	h := newHouse(t)
	h.agent.gate = make(chan struct{})
	h.agent.says = func(string) []chat.Piece { return []chat.Piece{{Text: "one "}, {Text: "two"}} }
	v := h.headless()
	r := v.ask(newID(), "Count")
	h.agent.gate <- struct{}{}
	heard := r.until("text-delta")
	idle := v.follow("")
	drained := h.face.Drain(0)
	for more := true; more; {
		_, more = idle.next()
	}
	close(h.agent.gate)
	if got := folded(append(heard, r.until("turn-ended")...)); got != "one two" {
		t.Errorf("heard %q", got)
	}
	<-drained
}

func TestReaderWhoLeavesBeforeTheHeadIsNoFailure(t *testing.T) {
	h := newHouse(t)
	v := h.headless()
	request := v.request("GET", "/api/v1/session/events", "")
	here, there := net.Pipe()
	must(t, there.Close())
	defer here.Close()
	answer := &hijacked{httptest.NewRecorder(), here}
	h.face.ServeHTTP(answer, request)
	<-h.face.Drain(0)
	if answer.Body.Len() > 0 || strings.Contains(h.logged.String(), "level=ERROR") {
		t.Errorf("answered %q, logged %s", answer.Body, h.logged)
	}
}

// hijacked is an answer whose connection is another's.
type hijacked struct {
	*httptest.ResponseRecorder

	conn net.Conn
}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

func TestConnectionOfAStreamThatEndedServesOn(t *testing.T) {
	h := newHouse(t)
	client := &http.Client{Transport: proofreader{t, &http.Transport{MaxConnsPerHost: 1}}}
	v := h.headless()
	r := v.request("POST", "/api/v1/session/messages", asking(newID(), "Hi"), func(r *http.Request) { r.Header.Set("Accept", "text/event-stream") })
	answered, err := client.Do(r)
	must(t, err)
	_, err = io.ReadAll(answered.Body)
	must(t, err)
	must(t, answered.Body.Close())
	answered, err = client.Do(v.request("GET", "/api/v1/session", ""))
	must(t, err)
	defer answered.Body.Close()
	if answered.StatusCode != http.StatusOK {
		t.Errorf("got %d", answered.StatusCode)
	}
}
