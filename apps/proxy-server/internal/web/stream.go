package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
	"securechat/internal/relay"
)

const (
	heartbeat = 15 * time.Second // shorter than any proxy's idle limit
	keptLine  = 1024             // the largest buffer, in bytes, that a stream keeps between events
)

// wording is how a stream speaks.
type wording struct {
	kind   string // media type
	hello  string // said at once
	beat   string // said in silence
	append func(line []byte, e chat.Event) ([]byte, error)
	bye    func() string // said before the server ends the stream; nil where it ends with its answer
}

// asEvents is Server-Sent Events as browsers read them (WHATWG HTML 9.2).
var asEvents = wording{
	kind:   "text/event-stream",
	hello:  "retry: 2000\n\n",
	beat:   ": \n\n",
	append: appendEvent,
	bye: func() string { // spread, so that those who were sent away do not come back at once
		return fmt.Sprintf("retry: %d\n\n", 500+rand.IntN(4500))
	},
}

// asAnswer is one answer as events.
var asAnswer = wording{kind: asEvents.kind, hello: asEvents.hello, beat: asEvents.beat, append: appendEvent}

// stream is one open answer that is written piece by piece, by whoever has
// something to be written: where nothing happens it needs no goroutine. In
// silence it writes a beat, so that neither end nor anything between them
// takes it for a broken line.
type stream struct {
	wording

	site   chat.SiteID
	owner  chat.SessionID
	reader relay.Reader
	out    sink
	holds  func(context.Context) error // says whether its session still stands
	looked time.Time                   // when that was asked; the watch's own
	log    *slog.Logger
	ctx    context.Context // ends when the stream is to end
	quit   context.CancelFunc

	mu    sync.Mutex  // held while writing
	timer *time.Timer // until the next beat
	line  []byte
	begun bool
	over  bool
}

// follow opens what a stream is to tell.
type follow func(ctx context.Context, wake func()) (relay.Reader, error)

// stream passes events on until there are no more, the reader leaves or is too
// slow, the session ends, or the server drains. It may return before that.
func (s *server) stream(w http.ResponseWriter, r *http.Request, pass gate.Pass, words wording, open follow) error {
	out := &stream{
		wording: words, site: pass.Site.ID, owner: pass.Session.ID, log: s.Log, looked: time.Now(),
		holds: func(ctx context.Context) error { return s.Gate.Holds(ctx, pass) },
	}
	out.ctx, out.quit = context.WithCancel(context.WithoutCancel(r.Context()))
	if !s.streams.add(out) {
		return errDraining
	}
	if err := out.begin(w, r, open); err != nil {
		out.quit()
		s.streams.remove(out)
		return err
	}
	s.Metrics.Streaming(1)
	ended := make(chan struct{})
	context.AfterFunc(out.ctx, func() {
		defer close(ended)
		out.end()
		s.streams.remove(out)
		s.Metrics.Streaming(-1)
	})
	out.pump()
	out.out.hold(r.Context(), out.quit, ended)
	return nil
}

// begin opens both ends. Until the head is written an error has a status of
// its own.
func (s *stream) begin(w http.ResponseWriter, r *http.Request, open follow) (err error) {
	if s.reader, err = open(r.Context(), func() { go s.pump() }); err != nil {
		return err
	}
	if s.out, err = newSink(w, r, s.kind); err != nil {
		s.reader.Close()
		return err
	}
	s.start()
	return nil
}

// start sets the heart beating.
func (s *stream) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(heartbeat, func() { s.say(s.beat) })
}

// pump tells what there is to read. The reader has it called again once there
// is more, so that it never runs twice at once.
func (s *stream) pump() {
	defer s.rescue()
	for {
		events, err := s.reader.Next()
		if err != nil {
			s.noteBroken(err)
			s.quit()
			return
		}
		if s.tell(events) != nil || len(events) == 0 {
			return
		}
	}
}

func (s *stream) noteBroken(err error) {
	if s.ctx.Err() == nil && !errors.Is(err, io.EOF) && chat.KindOf(err) == chat.Internal {
		s.log.LogAttrs(s.ctx, slog.LevelError, "stream broke off", slog.Any("error", err))
	}
}

// rescue has a panic end one stream and nothing else.
func (s *stream) rescue() {
	if cause := recover(); cause != nil {
		s.log.LogAttrs(s.ctx, slog.LevelError, "stream panicked", slog.String("cause", fmt.Sprint(cause)), slog.String("stack", string(debug.Stack())))
		s.quit()
	}
}

// tell sends events in one piece, after the hello where they are the first. An
// error means that the stream has ended.
func (s *stream) tell(events []chat.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun && len(events) == 0 {
		return nil
	}
	line := s.line[:0]
	if !s.begun {
		s.begun = true
		line = append(line, s.hello...)
	}
	for _, e := range events {
		var err error
		if line, err = s.append(line, e); err != nil {
			s.quit()
			return err
		}
	}
	if cap(line) <= keptLine {
		s.line = line
	}
	return s.send(line)
}

// say sends something that is no event.
func (s *stream) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.send([]byte(text)) // a failure has ended the stream
}

// leave ends the stream on the server's own account.
func (s *stream) leave() {
	s.say(s.bye())
	s.quit()
}

// send writes at once. Any failure ends the stream.
func (s *stream) send(b []byte) error {
	if s.over || s.timer == nil { // it has ended, or must before it began
		return net.ErrClosed
	}
	s.timer.Stop() // a beat has nothing to wait for behind a slow write
	if err := s.out.write(b); err != nil {
		s.over = true
		s.quit()
		return err
	}
	s.timer.Reset(heartbeat)
	return nil
}

// end ends the stream for good: once it returns nothing more is written.
func (s *stream) end() {
	s.reader.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.timer.Stop()
	s.out.close()
}
