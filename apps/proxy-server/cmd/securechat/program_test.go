package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"uuid"
)

// asProgram makes the test's own binary be securechat, so that tests can end
// it as hard as they like.
const asProgram = "TEST_AS_SECURECHAT"

const shopOrigin = "https://shop.example"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is securechat on a data folder that outlives it.
type program struct {
	t       *testing.T
	env     []string
	command *exec.Cmd
	address string
	said    *bytes.Buffer // what it logged, once it has ended
}

func newProgram(t *testing.T, env ...string) *program {
	t.Helper()
	p := &program{t: t, said: new(bytes.Buffer)}
	p.env = append(os.Environ(), asProgram+"=1",
		"SECURECHAT_DATA="+t.TempDir(), "SECURECHAT_LISTEN=127.0.0.1:0", "SECURECHAT_INTERNAL_LISTEN=127.0.0.1:0",
		"SECURECHAT_ALLOW_PRIVATE_UPSTREAMS=127.0.0.0/8", "SECURECHAT_LIMITS=off")
	p.env = append(p.env, env...)
	return p
}

// serve starts the server and waits until it listens.
func (p *program) serve(args ...string) {
	p.t.Helper()
	p.command = exec.Command(os.Args[0], append([]string{"serve"}, args...)...)
	p.command.Env = p.env
	p.command.Stderr = p.said
	out, err := p.command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			_ = p.command.Wait()
			p.t.Fatalf("the server did not start:\n%s", p.said)
		}
		if _, address, ok := strings.Cut(line, "listening on "); ok {
			p.address = strings.Fields(address)[0]
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	p.t.Cleanup(p.kill)
}

// kill ends the server as a power cut would.
func (p *program) kill() {
	if p.command != nil {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
		p.command = nil
	}
}

// do runs one of the other commands to its end and returns what it printed.
func (p *program) do(input string, args ...string) (string, error) {
	p.t.Helper()
	out, complaint, err := p.tell(input, args...)
	if err != nil {
		return out, fmt.Errorf("%w: %s", err, complaint)
	}
	return out, nil
}

// tell is do, with what went to standard error.
func (p *program) tell(input string, args ...string) (out, complaint string, err error) {
	p.t.Helper()
	command := p.commandOf(input, args...)
	var said, complained bytes.Buffer
	command.Stdout, command.Stderr = &said, &complained
	err = command.Run()
	return said.String(), complained.String(), err
}

// commandOf is one of the other commands, before it is run.
func (p *program) commandOf(input string, args ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], args...)
	command.Env = p.env
	command.Stdin = strings.NewReader(input)
	return command
}

// addSite makes a site whose agent is a workflow at webhook.
func (p *program) addSite(webhook string, more ...string) (key string) {
	p.t.Helper()
	args := append([]string{"site", "add", "--name", "Test shop", "--origin", shopOrigin, "--agent", "n8n",
		"--webhook-url-file", "-", "--max-runs", "1000"}, more...)
	if len(more) == 0 {
		args = append(args, "--auth", "none")
	}
	out, err := p.do(webhook+"\n", args...)
	if err != nil {
		p.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

// workflow is a streaming webhook that answers every question with the same
// tokens and remembers how often each was asked.
type workflow struct {
	*httptest.Server
	mu   sync.Mutex
	runs map[string]int
	now  int // how many go on
	most int // that ever went on at once
}

const answerTokens = 12

func wholeAnswer() string {
	var b strings.Builder
	for i := range answerTokens {
		fmt.Fprintf(&b, "w%d ", i)
	}
	return b.String()
}

func newWorkflow(t *testing.T, gap time.Duration) *workflow {
	w := &workflow{runs: map[string]int{}}
	w.Server = httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		var asked struct {
			ChatInput string `json:"chatInput"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(answer, "unreadable", http.StatusBadRequest)
			return
		}
		w.mu.Lock()
		w.runs[asked.ChatInput]++
		w.now++
		w.most = max(w.most, w.now)
		w.mu.Unlock()
		defer func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.now--
		}()
		frame := func(kind, content string) {
			_ = json.NewEncoder(answer).Encode(map[string]any{"type": kind, "content": content,
				"metadata": map[string]any{"nodeId": "1", "nodeName": "AI Agent", "itemIndex": 0, "runIndex": 0}})
			answer.(http.Flusher).Flush()
		}
		answer.Header().Set("Content-Type", "application/json")
		frame("begin", "")
		for i := range answerTokens {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(gap):
			}
			frame("item", fmt.Sprintf("w%d ", i))
		}
		frame("end", "")
	}))
	t.Cleanup(w.Close)
	return w
}

// visitor is a headless client of one site.
type visitor struct {
	program *program
	token   string
}

func (p *program) visitor(siteKey string) (*visitor, error) {
	var made struct {
		Token string `json:"token"`
	}
	v := &visitor{program: p}
	err := v.call(http.MethodPost, "/api/v1/sessions", map[string]string{"site_key": siteKey, "page_url": shopOrigin + "/"}, http.StatusCreated, &made)
	v.token = made.Token
	return v, err
}

func (v *visitor) request(method, path string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	r, err := http.NewRequest(method, v.program.address+path, content)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Origin", shopOrigin)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if v.token != "" {
		r.Header.Set("Authorization", "Bearer "+v.token)
	}
	return r, nil
}

func (v *visitor) call(method, path string, body any, want int, into any) error {
	r, err := v.request(method, path, body)
	if err != nil {
		return err
	}
	answered, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answered.Body.Close()
	said, err := io.ReadAll(answered.Body)
	if err != nil {
		return err
	}
	if answered.StatusCode != want {
		return &refusal{method + " " + path, answered.StatusCode, string(said)}
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(said, into)
}

// refusal is an answer with another status than was wanted.
type refusal struct {
	request string
	status  int
	said    string
}

func (r *refusal) Error() string { return fmt.Sprintf("%s: %d: %s", r.request, r.status, r.said) }

// send asks a question and returns once it is acknowledged.
func (v *visitor) send(id, text string) error {
	return v.call(http.MethodPost, "/api/v1/session/messages", map[string]string{"id": id, "text": text}, http.StatusAccepted, nil)
}

type message struct {
	ID     string `json:"id"`
	Author string `json:"author"`
	Text   string `json:"text"`
	TurnID string `json:"turn_id"`
	Status string `json:"status"`
}

type thread struct {
	Messages []message `json:"messages"`
	Turn     *struct {
		ID   string `json:"id"`
		Text string `json:"text"`
		Seq  int    `json:"seq"`
	} `json:"turn"`
	Cursor string `json:"cursor"`
	More   bool   `json:"more"`
}

// history is everything that was said, oldest first, and the open turn.
func (v *visitor) history() (thread, error) {
	var whole thread
	for before := ""; ; {
		var page thread
		if err := v.call(http.MethodGet, "/api/v1/session/conversation?limit=100&before="+before, nil, http.StatusOK, &page); err != nil {
			return thread{}, err
		}
		if before == "" {
			whole.Turn, whole.Cursor = page.Turn, page.Cursor
		}
		whole.Messages = append(page.Messages, whole.Messages...)
		if !page.More || len(page.Messages) == 0 {
			return whole, nil
		}
		before = page.Messages[0].ID
	}
}

// quiet waits until no turn is open and returns the history then.
func (v *visitor) quiet() (thread, error) {
	for range 400 {
		all, err := v.history()
		if err != nil || all.Turn == nil {
			return all, err
		}
		if err := v.untilTurnEnds(all.Cursor); err != nil {
			return thread{}, err
		}
	}
	return thread{}, fmt.Errorf("there is always another turn open")
}

// untilTurnEnds follows the conversation until the next turn-ended.
func (v *visitor) untilTurnEnds(cursor string) error {
	r, err := v.request(http.MethodGet, "/api/v1/session/events", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Last-Event-ID", cursor)
	answered, err := (&http.Client{Timeout: 30 * time.Second}).Do(r)
	if err != nil {
		return err
	}
	defer answered.Body.Close()
	lines := bufio.NewScanner(answered.Body)
	for lines.Scan() {
		if lines.Text() == "event: turn-ended" || lines.Text() == "event: log-reset" {
			return nil
		}
	}
	return fmt.Errorf("the stream broke off: %w", lines.Err())
}

func newID() string { return uuid.NewV7().String() }

func dataFolder(p *program) string {
	for _, setting := range p.env {
		if folder, ok := strings.CutPrefix(setting, "SECURECHAT_DATA="); ok {
			return filepath.Clean(folder)
		}
	}
	return ""
}
