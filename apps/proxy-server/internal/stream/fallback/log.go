// Package fallback goes on in this process while the log that all processes
// share is away. Whoever follows is told to fetch the conversation anew at
// each change between the two, and where a turn goes on in another process,
// whenever the store knows more of it.
package fallback

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

const (
	lookEvery  = time.Second
	lookTime   = 2 * time.Second // for one look
	soundLooks = 3               // in a row before the shared log is trusted again, so that one that flaps is left alone
	looksOnce  = 8               // conversations looked up at once
)

// Options are what a log stands on.
type Options struct {
	Shared relay.Log
	// Own makes an empty log of this process, for one absence.
	Own func() relay.Log
	// Probe says whether the shared log would answer.
	Probe func(context.Context) error
	// Pulse returns a word that changes whenever the store knows more of a
	// conversation.
	Pulse  func(context.Context, chat.ConversationID) (string, error)
	Logger *slog.Logger
	// Changed hears whether the shared log is used from now on; optional.
	Changed func(shared bool)
}

// Log is a [relay.Log] made of two. Run must run for it to come back to the
// shared one.
type Log struct {
	Options

	mu      sync.Mutex
	own     relay.Log // nil while the shared log is used
	changes int       // between the two
	readers map[*reader]struct{}
	looked  map[chat.ConversationID]look
	apart   map[chat.ConversationID]struct{} // of which something was told here alone
}

// look is what was known of a conversation when it was last looked at.
type look struct {
	pulse string
	end   chat.Cursor // of the own log
}

var _ relay.Log = (*Log)(nil)

// New returns a log that uses the shared one as long as that answers.
func New(o Options) *Log {
	if o.Changed == nil {
		o.Changed = func(bool) {}
	}
	return &Log{Options: o, readers: map[*reader]struct{}{}, looked: map[chat.ConversationID]look{}, apart: map[chat.ConversationID]struct{}{}}
}

// current returns the log in use, and how many changes there were before.
func (l *Log) current() (in relay.Log, changes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.own != nil {
		return l.own, l.changes
	}
	return l.Shared, l.changes
}

// use has an act done by the log in use; where that is the shared one and away,
// by the own one.
func use[T any](l *Log, act func(in relay.Log, changes int) (T, error)) (T, error) {
	in, changes := l.current()
	done, err := act(in, changes)
	if in != l.Shared || chat.KindOf(err) != chat.Unavailable {
		return done, err
	}
	l.leave(changes, err)
	return act(l.current())
}

// leave begins an absence, unless somebody has seen more changes than that.
func (l *Log) leave(changes int, why error) {
	l.mu.Lock()
	if l.changes != changes {
		l.mu.Unlock()
		return
	}
	l.own = l.Own()
	l.changes++
	clear(l.looked)
	l.mu.Unlock()
	l.Changed(false)
	l.Logger.Warn("the shared log is away, answers are told by this process alone", "error", why)
	l.rouse("")
}

// comeBack ends an absence. Other processes may have followed the shared log
// all the while: theirs are sent to the store for what was told here alone.
func (l *Log) comeBack(ctx context.Context) {
	l.mu.Lock()
	l.own = nil
	l.changes++
	apart := l.apart
	l.apart = map[chat.ConversationID]struct{}{}
	l.mu.Unlock()
	l.Changed(true)
	l.Logger.Info("the shared log is back")
	defer l.rouse("") // after that, so that our own hear of it once
	for c := range apart {
		if _, err := l.Append(ctx, c, chat.Event{Kind: chat.LogReset}); err != nil {
			l.Logger.Warn("others were not told what they missed", "error", err)
			return
		}
	}
}

// rouse wakes the readers of a conversation, or of all.
func (l *Log) rouse(c chat.ConversationID) {
	l.mu.Lock()
	var woken []*reader
	for r := range l.readers {
		if c == "" || r.conversation == c {
			woken = append(woken, r)
		}
	}
	l.mu.Unlock()
	for _, r := range woken {
		r.rouse(c != "")
	}
}

// Append implements [relay.Log].
func (l *Log) Append(ctx context.Context, c chat.ConversationID, e chat.Event) (chat.Cursor, error) {
	return use(l, func(in relay.Log, _ int) (chat.Cursor, error) {
		if in != l.Shared {
			l.mu.Lock()
			l.apart[c] = struct{}{}
			l.mu.Unlock()
		}
		return in.Append(ctx, c, e)
	})
}

// End implements [relay.Log].
func (l *Log) End(ctx context.Context, c chat.ConversationID) (chat.Cursor, error) {
	return use(l, func(in relay.Log, _ int) (chat.Cursor, error) { return in.End(ctx, c) })
}

// Told implements [relay.Log].
func (l *Log) Told(ctx context.Context, c chat.ConversationID, t chat.TurnID) ([]chat.Event, error) {
	return use(l, func(in relay.Log, _ int) ([]chat.Event, error) { return in.Told(ctx, c, t) })
}

// Run looks after the shared log, and after conversations that go on in other
// processes while it is away, until ctx ends.
func (l *Log) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	sound := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		own, _ := l.current()
		switch {
		case own == l.Shared:
			sound = 0
		case !l.answers(ctx):
			sound = 0
			l.lookAround(ctx, own)
		default:
			if sound++; sound == soundLooks {
				l.comeBack(ctx)
				continue
			}
			l.lookAround(ctx, own)
		}
	}
}

func (l *Log) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return l.Probe(ctx) == nil
}

// lookAround looks at every conversation that is followed here.
func (l *Log) lookAround(ctx context.Context, own relay.Log) {
	followed := map[chat.ConversationID]struct{}{}
	l.mu.Lock()
	for r := range l.readers {
		followed[r.conversation] = struct{}{}
	}
	for c := range l.looked {
		if _, still := followed[c]; !still {
			delete(l.looked, c)
		}
	}
	l.mu.Unlock()
	var looks errgroup.Group
	looks.SetLimit(looksOnce)
	for c := range followed {
		looks.Go(func() error {
			l.look(ctx, own, c)
			return nil
		})
	}
	_ = looks.Wait() // none fails: whoever could not be looked at is looked at again
}

// look has a conversation fetched anew where the store knows more of it and
// this process did not tell it. At the first look nobody knows.
func (l *Log) look(ctx context.Context, own relay.Log, c chat.ConversationID) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	pulse, err := l.Pulse(ctx, c)
	if err != nil {
		return
	}
	end, err := own.End(ctx, c)
	if err != nil {
		return
	}
	l.mu.Lock()
	before, known := l.looked[c]
	l.looked[c] = look{pulse, end}
	l.mu.Unlock()
	if !known || before.pulse != pulse && before.end == end {
		l.rouse(c)
	}
}
