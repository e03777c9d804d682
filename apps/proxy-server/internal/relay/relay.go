// Package relay carries a conversation: words in, words out. A turn runs on
// the server whoever listens; what it tells goes into the log event by event,
// and the stored answer is made of those events. Who may speak is left to the
// gate, how it is put on the wire to web, and what an agent is to its adapter.
package relay

import (
	"context"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"securechat/internal/chat"
)

// Options are what a relay stands on.
type Options struct {
	Store  Store
	Fleet  Fleet
	Log    Log
	Runs   Runs // optional: without it each process counts its own
	Agents map[chat.AgentKind]Agent
	// Owner names this process among all that ever worked on the store.
	Owner string
	// Grace is how long turns under way may go on once the process has to
	// end; 0 means [DefaultGrace].
	Grace   time.Duration
	Metrics Metrics // optional
	Logger  *slog.Logger
}

// DefaultGrace leaves a process that must end within 30 s time for the rest.
const DefaultGrace = 20 * time.Second

// actTimeout is how long one act of the store may take.
const actTimeout = 10 * time.Second

// Relay carries conversations. Its methods may be called at once.
type Relay struct {
	Options
	order  order
	queue  queue
	recent recent
	pens   chan struct{} // holds one for each note that is being written

	turns    context.Context // what agents run in; it ends when their grace is over
	cutTurns context.CancelCauseFunc
	acts     context.Context // what turns are ended in; it ends last
	cutActs  context.CancelFunc
	work     sync.WaitGroup // everything that runs for a turn

	mu       sync.Mutex
	running  map[chat.TurnID]*turn
	waiting  map[chat.ConversationID][]*waiting // questions asked here, in order
	doubtful map[chat.TurnID]doubt
	held     map[chat.TurnID]chat.SiteID // whose runs the fleet counts
	quiet    chan struct{}               // closed while no turn runs

	ends map[chat.TurnID]struct{} // that were looked at after their owner's death; Run's own

	doors    sync.RWMutex // held for reading while a question comes in
	draining bool
}

// New returns a relay. Its turns run by themselves; Run keeps them ours.
func New(o Options) *Relay {
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	if o.Metrics == nil {
		o.Metrics = unheard{}
	}
	r := &Relay{
		Options:  o,
		running:  map[chat.TurnID]*turn{},
		waiting:  map[chat.ConversationID][]*waiting{},
		doubtful: map[chat.TurnID]doubt{},
		held:     map[chat.TurnID]chat.SiteID{},
		recent:   newRecent(),
		quiet:    make(chan struct{}),
		pens:     make(chan struct{}, mostNoted),
	}
	close(r.quiet)
	r.turns, r.cutTurns = context.WithCancelCause(context.Background())
	r.acts, r.cutActs = context.WithCancel(context.Background())
	return r
}

// act returns the context of one act that must not be given up halfway.
func (r *Relay) act() (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.acts, actTimeout)
}

// append tells the conversation's followers of an event. A log that fails
// loses events and nothing else: followers see the gap and fetch anew.
func (r *Relay) append(c chat.ConversationID, e chat.Event) {
	ctx, cancel := r.act()
	defer cancel()
	if _, err := r.Log.Append(ctx, c, e); err != nil {
		r.Logger.LogAttrs(ctx, slog.LevelError, "event not told", slog.String("kind", string(e.Kind)),
			slog.String("turn", string(e.TurnID)), slog.Any("error", err))
	}
}

// begin runs a turn that the store has begun in our name.
func (r *Relay) begin(t *turn) {
	t.live, t.halt = context.WithCancelCause(r.turns)
	r.mu.Lock()
	if len(r.running) == 0 {
		r.quiet = make(chan struct{})
	}
	r.running[t.ID] = t
	r.mu.Unlock()
	r.work.Go(t.run)
}

// left takes out a turn that has ended.
func (r *Relay) left(t *turn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, t.ID)
	if len(r.running) == 0 {
		close(r.quiet)
	}
}

func (r *Relay) runs(t chat.TurnID) (*turn, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	running, ok := r.running[t]
	return running, ok
}

// Wait returns once no turn runs here.
func (r *Relay) Wait(ctx context.Context) error {
	select {
	case <-r.whenQuiet():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *Relay) whenQuiet() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.quiet
}

// longestComment is the longest comment on an answer, in characters.
const longestComment = 1000

// Rate keeps what a visitor thinks of an answer: 1, -1, or 0 to take it back.
// NotFound where the conversation has no such answer.
func (r *Relay) Rate(ctx context.Context, site chat.SiteID, c chat.ConversationID, m chat.MessageID, rating int, comment string) error {
	if rating < -1 || rating > 1 {
		return chat.Wrong("rating", "must be 1 or -1")
	}
	if utf8.RuneCountInString(comment) > longestComment {
		return chat.Wrong("comment", "must be at most 1000 characters")
	}
	return r.Store.Rate(ctx, site, c, m, rating, comment)
}

// unheard is metrics that nobody looks at.
type unheard struct{}

func (unheard) Started(time.Duration)                       {}
func (unheard) Spoke(time.Duration)                         {}
func (unheard) Ended(chat.TurnState, string, time.Duration) {}
