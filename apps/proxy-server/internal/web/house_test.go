package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json/v2"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
	"uuid"

	"securechat/internal/assets"
	"securechat/internal/chat"
	"securechat/internal/gate"
	"securechat/internal/keyring"
	limiter "securechat/internal/limit/memory"
	"securechat/internal/relay"
	"securechat/internal/store/sqlite"
	"securechat/internal/store/sqlstore"
	log "securechat/internal/stream/memory"
)

const (
	shop    = "https://shop.example"
	siteKey = "pk_shop"
)

// house is the whole server on real parts: SQLite, the log in memory, the
// keyring, and an agent that the test answers for.
type house struct {
	t      *testing.T
	url    string
	origin string // of our own pages
	agent  *script
	store  *sqlstore.Store
	site   chat.Site
	face   *Handler
	logged *safeText
}

type change struct {
	site   func(*chat.Site)
	gate   func(*gate.Options)
	web    func(*Options)
	server func(*http.Server)
}

func newHouse(t *testing.T, changes ...change) *house {
	t.Helper()
	h := &house{t: t, agent: newScript(), logged: &safeText{}}
	logger := slog.New(attributed{slog.NewTextHandler(h.logged, nil)})
	engine, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "chat.db"))
	must(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	must(t, sqlstore.Migrate(t.Context(), engine))
	file, err := keyring.NewKeyFile()
	must(t, err)
	keys, err := keyring.Open(t.Context(), file, sqlstore.NewKeys(engine))
	must(t, err)
	h.store = sqlstore.New(engine, keys)

	server := httptest.NewUnstartedServer(nil)
	h.url = "http://" + server.Listener.Addr().String()
	h.origin = h.url
	public, err := url.Parse(h.url)
	must(t, err)

	h.site = chat.Site{
		ID: chat.SiteID(chat.NewID()), Key: siteKey, Name: "Shop", Origins: chat.Origins{shop, "https://*.shop.example"},
		Agent: chat.AgentSettings{Kind: chat.AgentDemo}.WithDefaults(), CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	h.site.Branding, err = h.site.Branding.Check()
	must(t, err)
	entrance := gate.Options{Store: h.store, Limiter: limiter.New(1000), Tickets: keys, Digest: keys.Digest, Own: []chat.Origin{chat.Origin(h.origin)}}
	options := Options{JWKS: keys.JWKS, PublicURL: public, Log: logger, Widget: widget(t)}
	for _, c := range changes {
		if c.site != nil {
			c.site(&h.site)
		}
		if c.gate != nil {
			c.gate(&entrance)
		}
		if c.web != nil {
			c.web(&options)
		}
	}
	must(t, h.store.AddSite(t.Context(), h.site))
	options.Gate = gate.New(entrance)
	options.Relay = h.newRelay(logger)
	h.face = New(options)
	server.Config = Server(h.face)
	for _, c := range changes {
		if c.server != nil {
			c.server(server.Config)
		}
	}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return h
}

func widget(t *testing.T) assets.Widget {
	t.Helper()
	w, err := assets.Read(fstest.MapFS{
		"manifest.json": {Data: []byte(`{"embed":"embed.js","script":"app-1.js","style":"app-2.css"}`)},
		"embed.js":      {Data: []byte("/* loader */")},
		"app-1.js":      {Data: []byte("/* script */")},
		"app-2.css":     {Data: []byte("/* style */")},
	})
	must(t, err)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// safeText is a log that is written while it is read.
type safeText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeText) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// take returns what was written since it was last taken.
func (s *safeText) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.b.Reset()
	return s.b.String()
}

// script is an agent that says what the test hands it, question by question.
type script struct {
	mu    sync.Mutex
	asked map[string]int
	says  func(question string) []chat.Piece
	gate  chan struct{} // where set, each piece waits for one receive
}

func newScript() *script {
	return &script{asked: map[string]int{}, says: func(string) []chat.Piece { return []chat.Piece{{Text: "Hello, "}, {Text: "friend."}} }}
}

func (s *script) times(question string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[question]
}

func (s *script) Ask(ctx context.Context, p chat.Prompt) iter.Seq2[chat.Piece, error] {
	return func(yield func(chat.Piece, error) bool) {
		s.mu.Lock()
		s.asked[p.Text]++
		says, held := s.says, s.gate
		s.mu.Unlock()
		for _, piece := range says(p.Text) {
			if held != nil {
				select {
				case <-held:
				case <-ctx.Done():
					yield(chat.Piece{}, ctx.Err())
					return
				}
			}
			if !yield(piece, nil) {
				return
			}
		}
	}
}

// visitor is a client of the house: headless with a token, or in a frame with
// cookies.
type visitor struct {
	h      *house
	origin string
	token  string
	cookie string // "name=value"
	site   string
}

// reply is an answer read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) json(t *testing.T) map[string]any { t.Helper(); return parsed(t, r.body) }

func (v *visitor) request(method, path, body string, change ...func(*http.Request)) *http.Request {
	v.h.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(v.h.t.Context(), method, v.h.url+path, content)
	must(v.h.t, err)
	if v.origin != "" {
		r.Header.Set("Origin", v.origin)
	}
	if v.origin == v.h.origin {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Referer", v.h.url+"/widget/"+v.site)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if v.token != "" {
		r.Header.Set("Authorization", "Bearer "+v.token)
	}
	if v.cookie != "" {
		r.Header.Set("Cookie", v.cookie)
	}
	for _, c := range change {
		c(r)
	}
	return r
}

func (v *visitor) do(method, path, body string, change ...func(*http.Request)) reply {
	v.h.t.Helper()
	answered, err := v.h.client().Do(v.request(method, path, body, change...))
	must(v.h.t, err)
	defer answered.Body.Close()
	said, err := io.ReadAll(answered.Body)
	must(v.h.t, err)
	return reply{answered.StatusCode, answered.Header, said}
}

// client holds every answer to the document.
func (h *house) client() *http.Client {
	return &http.Client{Transport: proofreader{h.t, http.DefaultTransport}}
}

// stranger is somebody on a page of this origin, without a credential.
func (h *house) stranger(origin string) *visitor {
	return &visitor{h: h, origin: origin, site: siteKey}
}

// headless is a page of the shop that speaks to us by itself.
func (h *house) headless() *visitor {
	h.t.Helper()
	v := h.stranger(shop)
	r := v.do("POST", "/api/v1/sessions", `{"site_key":"`+siteKey+`","page_url":"https://shop.example/lamps?x=1"}`)
	if r.status != http.StatusCreated {
		h.t.Fatalf("no session: %d %s", r.status, r.body)
	}
	v.token, _ = r.json(h.t)["token"].(string)
	return v
}

var ticketInPage = regexp.MustCompile(`"ticket":"([^"]+)"`)

// ticket is what a frame's page carries.
func (h *house) ticket(key string) string {
	h.t.Helper()
	r := h.stranger("").do("GET", "/widget/"+key, "", func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Dest", "iframe")
		r.Header.Set("Referer", shop+"/")
	})
	found := ticketInPage.FindSubmatch(r.body)
	if found == nil {
		h.t.Fatalf("no ticket in the frame's page: %d %s", r.status, r.body)
	}
	return string(found[1])
}

// framed is a visitor inside our own frame, whose cookies come back.
func (h *house) framed() *visitor {
	h.t.Helper()
	v := h.stranger(h.origin)
	r := v.enter(h.ticket(siteKey))
	if r.status != http.StatusCreated {
		h.t.Fatalf("no session: %d %s", r.status, r.body)
	}
	v.cookie, _, _ = strings.Cut(r.header.Get("Set-Cookie"), ";")
	return v
}

func (v *visitor) enter(ticket string, change ...func(*http.Request)) reply {
	v.h.t.Helper()
	return v.do("POST", "/api/v1/sessions", fmt.Sprintf(`{"site_key":%q,"ticket":%q,"page_url":"https://shop.example/"}`, v.site, ticket), change...)
}

func newID() string { return uuid.NewV7().String() }

func asking(id, text string) string {
	body, err := json.Marshal(map[string]string{"id": id, "text": text})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// event is one frame as a browser would read it.
type event struct {
	id, kind string
	data     map[string]any
}

// reader reads the events of one stream.
type reader struct {
	t     *testing.T
	body  io.ReadCloser
	lines *bufio.Reader
}

func (v *visitor) follow(cursor string, change ...func(*http.Request)) *reader {
	v.h.t.Helper()
	r := v.request("GET", "/api/v1/session/events", "", change...)
	if cursor != "" {
		r.Header.Set("Last-Event-ID", cursor)
	}
	return v.open(r)
}

// ask posts a question and reads its turn from the same answer.
func (v *visitor) ask(id, text string) *reader {
	v.h.t.Helper()
	return v.open(v.request("POST", "/api/v1/session/messages", asking(id, text), func(r *http.Request) {
		r.Header.Set("Accept", "text/event-stream")
	}))
}

func (v *visitor) open(r *http.Request) *reader {
	v.h.t.Helper()
	answered, err := v.h.client().Do(r)
	must(v.h.t, err)
	if answered.StatusCode != http.StatusOK || answered.Header.Get("Content-Type") != "text/event-stream" {
		said, _ := io.ReadAll(answered.Body)
		v.h.t.Fatalf("no stream: %d %s", answered.StatusCode, said)
	}
	v.h.t.Cleanup(func() { _ = answered.Body.Close() })
	return &reader{v.h.t, answered.Body, bufio.NewReader(answered.Body)}
}

// next is the next event; false at the stream's end.
func (r *reader) next() (event, bool) {
	r.t.Helper()
	var e event
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return event{}, false
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && e.kind != "":
			return e, true
		case name == "id":
			e.id = value
		case name == "event":
			e.kind = value
		case name == "data":
			e.data = parsed(r.t, []byte(value))
		}
	}
}

// until reads up to the first event of the kind and returns all it read.
func (r *reader) until(kind string) []event {
	r.t.Helper()
	var all []event
	for {
		e, ok := r.next()
		if !ok {
			r.t.Fatalf("the stream ended before %s, after %v", kind, all)
		}
		all = append(all, e)
		if e.kind == kind {
			return all
		}
	}
}

// folded is the text that the events make.
func folded(all []event) string {
	text := ""
	for _, e := range all {
		told, _ := e.data["text"].(string)
		switch e.kind {
		case "text-delta":
			text += told
		case "text-replaced":
			text = told
		}
	}
	return text
}

// newRelay works until the test ends.
func (h *house) newRelay(logger *slog.Logger) *relay.Relay {
	r := relay.New(relay.Options{
		Store: h.store, Fleet: h.store, Log: log.New(), Agents: map[chat.AgentKind]relay.Agent{chat.AgentDemo: h.agent},
		Owner: "test", Grace: time.Millisecond, Logger: logger,
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	h.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && ctx.Err() == nil {
			h.t.Error(err)
		}
	})
	return r
}
