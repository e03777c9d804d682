package web

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

const (
	heartbeat    = 15 * time.Second      // shorter than any proxy's idle limit
	writeTimeout = 10 * time.Second      // a reader without progress for so long is dropped, and may resume
	helloAfter   = 50 * time.Millisecond // the head goes with the first event, or alone: until then an error has a status of its own
	keptLine     = 1024                  // the largest buffer, in bytes, that a stream keeps between events
	beatsPerLook = 4                     // silent beats between two looks whether the session still stands
)

// wording is how a stream speaks.
type wording struct {
	kind   string // media type
	hello  string // said at once
	beat   string // said in silence
	append func(line []byte, e chat.Event) ([]byte, error)
	bye    func() string // said before the server ends the stream by itself
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

// stream is one open answer that is written piece by piece. In silence it
// writes a beat, so that neither end nor anything between them takes it for a
// broken line.
type stream struct {
	wording

	owner   chat.SessionID
	ctx     context.Context // ends when the stream is to end
	quit    context.CancelFunc
	control *http.ResponseController

	mu    sync.Mutex // held while writing
	w     http.ResponseWriter
	timer *time.Timer // until the next beat
	line  []byte
	begun bool
	over  bool

	silent int // beats so far
}

// stream passes events on until there are no more, the reader leaves or is too
// slow, the session ends, or the server drains.
func (s *server) stream(w http.ResponseWriter, r *http.Request, pass gate.Pass, words wording, from func(context.Context) iter.Seq2[chat.Event, error]) error {
	ctx, quit := context.WithCancel(r.Context())
	out := &stream{wording: words, owner: pass.Session.ID, ctx: ctx, quit: quit, control: http.NewResponseController(w), w: w}
	defer out.close()
	if !s.streams.add(out) {
		return errDraining
	}
	defer s.streams.remove(out)
	s.Metrics.Streaming(1)
	defer s.Metrics.Streaming(-1)

	out.start(func() bool { return stands(s.Gate.Holds(ctx, pass)) })
	for e, err := range from(ctx) {
		if err != nil && out.refuse() {
			return err
		}
		if err != nil {
			s.noteBroken(r, err)
			break
		}
		if err := out.tell(e); err != nil {
			break // the reader is gone, or too slow
		}
	}
	out.say("") // a stream without a word has a head all the same
	return nil
}

// stands says whether a session is still what it was when the stream began;
// that it cannot be looked up is no reason to end.
func stands(err error) bool {
	kind := chat.KindOf(err)
	return kind != chat.Unauthorized && kind != chat.NotFound
}

func (s *server) noteBroken(r *http.Request, err error) {
	if r.Context().Err() == nil && chat.KindOf(err) == chat.Internal {
		s.Log.LogAttrs(r.Context(), slog.LevelError, "stream broke off", slog.Any("error", err))
	}
}

// start sets the heart beating. Now and then stands is asked; where it says
// no, the stream ends.
func (s *stream) start(stands func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(helloAfter, func() {
		s.mu.Lock()
		s.silent++
		look := s.silent%beatsPerLook == 0
		s.mu.Unlock()
		if look && !stands() {
			s.quit()
			return
		}
		s.say(s.beat)
	})
}

// refuse ends a stream that has not begun, so that an error may be answered in
// its place; false where the head has been sent.
func (s *stream) refuse() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = s.over || !s.begun
	return !s.begun
}

// tell sends one event. An error means that the stream has ended.
func (s *stream) tell(e chat.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := s.line[:0]
	if !s.begun {
		line = append(line, s.hello...)
	}
	line, err := s.append(line, e)
	if err != nil {
		return err
	}
	if cap(line) <= keptLine {
		s.line = line
	}
	return s.send(line)
}

// say sends something that is no event; the first is always the hello.
func (s *stream) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		text = s.hello
	}
	_ = s.send([]byte(text)) // a failure has ended the stream
}

// leave ends the stream on the server's own account.
func (s *stream) leave() {
	s.say(s.bye())
	s.quit()
}

// send writes at once. Any failure ends the stream.
func (s *stream) send(b []byte) error {
	if s.over || s.timer == nil { // ended, or not started
		return net.ErrClosed
	}
	if !s.begun {
		s.begun = true
		s.head()
	} else if len(b) == 0 {
		return nil
	}
	s.timer.Stop() // a beat has nothing to wait for behind a slow write
	err := s.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		_, err = s.w.Write(b)
	}
	if err == nil {
		err = s.control.Flush()
	}
	if err != nil {
		s.over = true
		s.quit()
		return err
	}
	s.timer.Reset(heartbeat)
	return nil
}

func (s *stream) head() {
	h := s.w.Header()
	h.Set("Content-Type", s.kind)
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would hold it all back
	s.w.WriteHeader(http.StatusOK)
}

// close ends the stream for good: once it returns nothing more is written.
func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if s.timer != nil {
		s.timer.Stop()
	}
	s.quit()
}
