package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"

	"securechat/internal/faulttest"
)

// fleet is several servers on one PostgreSQL and one Redis, behind a balancer.
type fleet struct {
	t        *testing.T
	replicas []*program
	balancer *httptest.Server
	site     string // its key

	mu     sync.RWMutex
	routes []*url.URL // of replicas that take requests
	next   atomic.Int64
}

// services are where a replica finds what it needs.
type services struct{ postgres, redis string }

// running are the services of the tests, with a database of their own.
func running(t *testing.T) services {
	t.Helper()
	redis := os.Getenv("TEST_REDIS")
	if redis == "" {
		t.Skip("TEST_REDIS names no server")
	}
	return services{postgres: schema(t), redis: redis}
}

// newFleet starts a replica for each, on one database.
func newFleet(t *testing.T, webhook string, at ...services) *fleet {
	t.Helper()
	f := &fleet{t: t, routes: make([]*url.URL, len(at))}
	keys := filepath.Join(t.TempDir(), "key")
	for _, s := range at {
		f.replicas = append(f.replicas, newProgram(t, "SECURECHAT_DATABASE_URL="+s.postgres,
			"SECURECHAT_REDIS_URL=redis://"+s.redis, "SECURECHAT_KEY_FILE="+keys, "SECURECHAT_GRACE=2s"))
	}
	key, err := f.replicas[0].do("", "key")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keys, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	f.site = f.replicas[0].addSite(webhook)
	for i := range f.replicas {
		f.start(i)
	}
	f.balancer = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(f.route()); r.Out.Host = r.In.Host },
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:      log.New(io.Discard, "", 0), // that a replica goes away is what is tried
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
	})
	t.Cleanup(f.balancer.Close)
	return f
}

// schema makes one in the database of the tests and returns its address.
func schema(t *testing.T) string {
	t.Helper()
	address := os.Getenv("TEST_POSTGRES_URL")
	if address == "" {
		t.Skip("TEST_POSTGRES_URL names no database")
	}
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	name := "fleet_" + strings.ReplaceAll(newID(), "-", "")
	quoted := pgx.Identifier{name}.Sanitize()
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+quoted); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.Background(), "DROP SCHEMA "+quoted+" CASCADE"); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

// start has a replica serve and the balancer know.
func (f *fleet) start(i int) {
	f.t.Helper()
	f.replicas[i].serve()
	at, err := url.Parse(f.replicas[i].address)
	if err != nil {
		f.t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.routes[i] = at
}

// kill ends a replica as a power cut would; the balancer finds out.
func (f *fleet) kill(i int) {
	f.replicas[i].kill()
	f.leave(i)
}

// drain ends a replica as an operator would: nothing new goes there.
func (f *fleet) drain(i int) {
	f.leave(i)
	p := f.replicas[i]
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		f.t.Error(err)
	}
	if err := p.command.Wait(); err != nil {
		f.t.Errorf("replica %d ended with %v:\n%s", i, err, p.said)
	}
	p.command = nil
}

func (f *fleet) leave(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.routes[i] = nil
}

// route is the next replica in turn.
func (f *fleet) route() *url.URL {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for range f.routes {
		if at := f.routes[int(f.next.Add(1))%len(f.routes)]; at != nil {
			return at
		}
	}
	return &url.URL{Scheme: "http", Host: "127.0.0.1:1"} // nobody: refused
}

// shopper asks one question after the other by way of the balancer, follows
// each answer, and remembers all of it.
type shopper struct {
	*visitor

	asked   []told
	heard   map[string]string // what was heard of the answer to each question
	breaks  int
	anew    int // how often the conversation had to be fetched
	patient time.Duration
}

func (f *fleet) shopper() *shopper {
	f.t.Helper()
	front := &program{t: f.t, address: f.balancer.URL}
	for deadline := time.Now().Add(20 * time.Second); ; {
		v, err := front.visitor(f.site)
		if err == nil {
			return &shopper{visitor: v, heard: map[string]string{}, patient: 60 * time.Second}
		}
		if time.Now().After(deadline) {
			f.t.Fatal(err)
		}
	}
}

// ask asks one question until it is acknowledged, and hears its answer out.
func (s *shopper) ask(text string) error {
	deadline := time.Now().Add(s.patient)
	var before thread
	if err := s.persist(deadline, func() (err error) { before, err = s.history(); return err }); err != nil {
		return fmt.Errorf("fetch the conversation: %w", err)
	}
	q := told{id: newID(), text: text}
	var taken struct {
		Turn struct {
			ID string `json:"id"`
		} `json:"turn"`
	}
	question := map[string]string{"id": q.id, "text": text}
	if err := s.persist(deadline, func() error {
		return s.call(http.MethodPost, "/api/v1/session/messages", question, http.StatusAccepted, &taken)
	}); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	q.acknowledged = true
	s.asked = append(s.asked, q)
	r := &reader{cursor: before.Cursor, turn: taken.Turn.ID}
	for !r.ended {
		if time.Now().After(deadline) {
			return fmt.Errorf("the answer to %q does not end; heard %q up to %d", text, r.text, r.seq)
		}
		if err := s.follow(r); err != nil {
			s.breaks++
		}
		if r.reset {
			s.anew++
			if err := s.persist(deadline, func() error { return s.fetch(r) }); err != nil {
				return fmt.Errorf("fetch anew: %w", err)
			}
		}
	}
	s.heard[q.id] = r.text
	return nil
}

// persist repeats what fails while a replica goes away.
func (s *shopper) persist(deadline time.Time, do func() error) error {
	for {
		err := do()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		refused, ok := errors.AsType[*refusal](err)
		if ok && refused.status != http.StatusBadGateway && refused.status != http.StatusServiceUnavailable {
			return err
		}
		select { // as the widget does, if sooner
		case <-time.After(time.Duration(20+rand.IntN(80)) * time.Millisecond):
		case <-s.program.t.Context().Done():
			return err
		}
	}
}

// follow hears the conversation until the answer ends or the stream breaks.
func (s *shopper) follow(r *reader) error {
	request, err := s.request(http.MethodGet, "/api/v1/session/events", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Last-Event-ID", r.cursor)
	ctx, quit := context.WithTimeout(request.Context(), 20*time.Second)
	defer quit()
	answered, err := http.DefaultClient.Do(request.WithContext(ctx))
	if err != nil {
		return err
	}
	defer answered.Body.Close()
	if answered.StatusCode != http.StatusOK {
		return errors.New(answered.Status)
	}
	var pending []byte
	part := make([]byte, 4096)
	for {
		n, err := answered.Body.Read(part)
		pending = append(pending, part[:n]...)
		if end := strings.LastIndex(string(pending), "\n\n"); end >= 0 {
			if err := r.hear(pending[:end+2]); err != nil {
				return err
			}
			pending = pending[end+2:]
		}
		if r.ended || r.reset {
			return nil
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return errors.New("ended early")
			}
			return err
		}
	}
}

// fetch has the reader go on from what the conversation says now.
func (s *shopper) fetch(r *reader) error {
	now, err := s.history()
	if err != nil {
		return err
	}
	r.reset, r.cursor = false, now.Cursor
	if now.Turn != nil && now.Turn.ID == r.turn {
		r.text, r.seq = now.Turn.Text, now.Turn.Seq
		return nil
	}
	for _, m := range now.Messages {
		if m.Author == "agent" && m.TurnID == r.turn {
			r.text, r.ended = m.Text, true
		}
	}
	return nil
}

// account holds what the shopper was promised and heard against what is stored.
func (s *shopper) account(whole bool) error {
	all, err := s.quiet()
	if err != nil {
		return err
	}
	if err := eachAskedAndAnsweredOnce(s.asked, all.Messages); err != nil {
		return err
	}
	turns := map[string]string{}
	for _, m := range all.Messages {
		if m.Author == "visitor" {
			turns[m.TurnID] = m.ID
			continue
		}
		if heard := s.heard[turns[m.TurnID]]; heard != m.Text {
			return fmt.Errorf("heard %q, stored %q (%s)", heard, m.Text, m.Status)
		}
		if whole && m.Status != "done" {
			return fmt.Errorf("an answer is %s: %q", m.Status, m.Text)
		}
	}
	return nil
}

// busy has shoppers ask one question after the other while something happens,
// and holds everybody's account to be right. Where whole, every answer must
// have been given to its end.
func (f *fleet) busy(flow *workflow, shoppers int, whole bool, happen func()) {
	f.t.Helper()
	over := make(chan struct{})
	var talking sync.WaitGroup
	all := make([]*shopper, shoppers)
	for i := range all {
		all[i] = f.shopper()
		talking.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				if err := all[i].ask(fmt.Sprintf("question %d of shopper %d", n, i)); err != nil {
					f.t.Errorf("shopper %d: %v", i, err)
					return
				}
			}
		})
	}
	happen()
	close(over)
	talking.Wait()
	questions, breaks, anew := 0, 0, 0
	for i, s := range all {
		if err := s.account(whole); err != nil {
			f.t.Errorf("shopper %d: %v", i, err)
		}
		questions, breaks, anew = questions+len(s.asked), breaks+s.breaks, anew+s.anew
	}
	flow.mu.Lock()
	defer flow.mu.Unlock()
	for text, runs := range flow.runs {
		if runs > 1 {
			f.t.Errorf("the workflow ran %d times for %q", runs, text)
		}
	}
	f.t.Logf("%d questions, %d broken streams, %d fetched anew", questions, breaks, anew)
	if questions < shoppers {
		f.t.Errorf("only %d questions were asked", questions)
	}
}

// pause lets the fleet work for a while between two events.
func pause(d time.Duration) { <-time.NewTimer(d).C }

// viaLine puts a line between replicas and their database.
func (s services) viaLine(t *testing.T) (services, *faulttest.Line) {
	t.Helper()
	u, err := url.Parse(s.postgres)
	if err != nil {
		t.Fatal(err)
	}
	line := faulttest.NewLine(t, u.Host)
	u.Host = line.Address()
	s.postgres = u.String()
	return s, line
}

func TestFleetLosesNothingWhenReplicasAreKilled(t *testing.T) {
	at := running(t)
	flow := newWorkflow(t, 10*time.Millisecond)
	f := newFleet(t, flow.URL, at, at, at)
	f.busy(flow, 12, false, func() {
		for kill := range 9 {
			pause(time.Duration(rand.Int64N(int64(700 * time.Millisecond))))
			f.kill(kill % 3)
			pause(300 * time.Millisecond)
			f.start(kill % 3)
		}
	})
}

func TestFleetRestartsOneByOneAndEveryAnswerIsWhole(t *testing.T) {
	at := running(t)
	flow := newWorkflow(t, 10*time.Millisecond)
	f := newFleet(t, flow.URL, at, at, at)
	f.busy(flow, 12, true, func() {
		for i := range f.replicas {
			pause(500 * time.Millisecond)
			f.drain(i)
			f.start(i)
		}
	})
}

func TestFleetGoesOnWhateverBecomesOfRedis(t *testing.T) {
	for _, fault := range faulttest.All {
		t.Run(fault.String(), func(t *testing.T) {
			at := running(t)
			line := faulttest.NewLine(t, at.redis)
			at.redis = line.Address()
			flow := newWorkflow(t, 10*time.Millisecond)
			f := newFleet(t, flow.URL, at, at)
			f.busy(flow, 6, true, func() {
				pause(500 * time.Millisecond)
				line.Be(fault)
				pause(4 * time.Second)
				line.Be(faulttest.None)
				pause(5 * time.Second)
			})
		})
	}
}

func TestFleetKeepsItsPromisesWhateverBecomesOfPostgreSQL(t *testing.T) {
	for _, fault := range faulttest.All {
		t.Run(fault.String(), func(t *testing.T) {
			at, line := running(t).viaLine(t)
			flow := newWorkflow(t, 10*time.Millisecond)
			f := newFleet(t, flow.URL, at, at)
			f.busy(flow, 6, false, func() {
				pause(500 * time.Millisecond)
				line.Be(fault)
				pause(4 * time.Second)
				line.Be(faulttest.None)
				pause(3 * time.Second)
			})
		})
	}
}

func TestFleetOfWhichOneReplicaIsCutOffFromPostgreSQLLeavesItsTurnsToTheOthers(t *testing.T) {
	at := running(t)
	cut, line := at.viaLine(t)
	flow := newWorkflow(t, 50*time.Millisecond)
	f := newFleet(t, flow.URL, cut, at)
	f.busy(flow, 6, false, func() {
		pause(500 * time.Millisecond)
		line.Be(faulttest.Down)
		f.leave(0) // as a balancer does that looks at /readyz
		pause(6 * time.Second)
		line.Be(faulttest.None)
		pause(2 * time.Second)
	})
}

func TestFleetRunsNoMoreThanTheSiteMayInAllReplicasTogether(t *testing.T) {
	at := running(t)
	flow := newWorkflow(t, 5*time.Millisecond)
	f := newFleet(t, flow.URL, at, at, at)
	if out, err := f.replicas[0].do("", "site", "set", f.site, "--max-runs", "3"); err != nil {
		t.Fatal(out, err)
	}
	for i := range f.replicas { // which then know
		f.drain(i)
		f.start(i)
	}
	f.busy(flow, 15, true, func() { pause(3 * time.Second) })
	if flow.most > 3 {
		t.Errorf("%d ran at once", flow.most)
	}
	if flow.most < 3 {
		t.Errorf("only %d ever ran at once", flow.most)
	}
}
