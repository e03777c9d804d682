package relay

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"securechat/internal/chat"
)

const lineEvery = time.Second // between two looks at a place in line

var errStopped = errors.New("stopped by the visitor")

// turn is one question from its beginning to its end. One goroutine hears the
// agent out, which may take longer than the turn; whatever ends the turn
// before that does so beside it.
type turn struct {
	chat.Turn
	relay    *Relay
	asker    Asker
	question chat.Message
	err      error // how it ended before it came here, or nil
	taken    bool  // from a process that was believed dead

	live  context.Context // ends, with its cause, when the turn is to end
	halt  context.CancelCauseFunc
	over  sync.Once
	ended chan struct{} // closed once it has ended
	asked time.Time     // zero where its agent was not

	mu     sync.Mutex // held while something is told of the answer
	answer answer
	mouth  mouth
	notes  notes
	before *past // what the agent was told of the conversation; nil before it was
	deaf   bool  // nothing more that the agent says is told
}

// run brings the turn to its end.
func (t *turn) run() {
	defer t.halt(nil)
	err := t.err
	if err == nil {
		err = t.perform()
	}
	if t.live.Err() != nil {
		err = context.Cause(t.live)
	}
	t.conclude(err)
}

// conclude ends the turn for the first cause there is. For any other it waits
// until it has ended.
func (t *turn) conclude(cause error) {
	t.over.Do(func() {
		defer close(t.ended)
		defer t.relay.left(t)
		t.fallSilent()
		if !errors.Is(cause, errLost) {
			t.end(cause)
		}
	})
}

// perform has the agent asked and tells what it says. It returns why it said
// no more.
func (t *turn) perform() (err error) {
	defer caught(&err)
	if err := t.know(); err != nil {
		return err
	}
	place := t.relay.queue.enter(t.SiteID, t.VisitorID, t.asker.Site.Agent.MaxRuns)
	defer place.leave()
	defer t.leaveRun()
	if err := t.standInLine(place); err != nil {
		return err
	}
	t.declare(chat.Event{Kind: chat.TurnStarted, QuestionID: t.QuestionID})
	t.asked = time.Now()
	return t.listen()
}

// caught makes a panic an error, so that it ends one turn and nothing else.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v\n%s", errPanicked, p, debug.Stack())
	}
}

// know completes what is known of who asked, and what.
func (t *turn) know() error {
	if err := t.recall(); err != nil {
		return err
	}
	t.asker.Site.Agent = t.asker.Site.Agent.WithDefaults()
	return nil
}

// recall looks it up where this process did not hear it.
func (t *turn) recall() error {
	heard := t.asker.Site.ID != ""
	if heard && t.question.ID != "" {
		return nil
	}
	ctx, cancel := t.relay.act()
	defer cancel()
	r, err := t.relay.Store.Recall(ctx, t.SiteID, t.ID)
	if err != nil {
		return broken(chat.Unavailable, "agent_unavailable", err)
	}
	t.question = r.Question
	if !heard {
		t.asker = r.Asker
	}
	return nil
}

// standInLine returns once the agent may be asked: first among those who ask
// here, then among all processes.
func (t *turn) standInLine(p *place) error {
	entered, told := time.Now(), 0
	tell := func(position int) {
		if position != told {
			t.declare(chat.Event{Kind: chat.TurnQueued, Position: position})
			told = position
		}
	}
	look := time.NewTicker(lineEvery)
	defer look.Stop()
	for position := p.stand(); position > 0; position = p.stand() {
		tell(position)
		select {
		case <-p.granted:
		case <-look.C:
		case <-t.live.Done():
			return context.Cause(t.live)
		}
	}
	if err := t.shareRun(tell); err != nil {
		return err
	}
	t.relay.Metrics.Started(time.Since(entered))
	return nil
}

// listen hears the agent out. The turn ends with its run, or before it: a run
// that the visitor stopped goes on at the agent's, and holds its place until
// it ends.
func (t *turn) listen() error {
	ctx, done := context.WithTimeoutCause(t.relay.turns, t.asker.Site.Agent.Total, errTotal)
	defer done()
	defer context.AfterFunc(ctx, func() { t.halt(context.Cause(ctx)) })()
	defer context.AfterFunc(t.live, func() { t.conclude(context.Cause(t.live)) })()
	if err := t.hear(ctx); err != nil {
		return err
	}
	if t.fallSilent(); t.silent() {
		return errEmpty
	}
	return nil
}

// hear runs the agent once and returns how it ended.
func (t *turn) hear(ctx context.Context) error {
	answer, err := t.ask(ctx)
	if err != nil {
		return broken(chat.Unavailable, "agent_unavailable", err)
	}
	for piece, err := range answer {
		if err == nil {
			t.hears(func() error { return t.take(piece) })
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	return nil
}

// ask makes the run, which begins when it is heard.
func (t *turn) ask(ctx context.Context) (iter.Seq2[chat.Piece, error], error) {
	agent, ok := t.relay.Agents[t.asker.Site.Agent.Kind]
	if !ok {
		return nil, fmt.Errorf("no agent is of kind %q", t.asker.Site.Agent.Kind)
	}
	prompt, err := t.relay.prompt(ctx, t)
	if err != nil {
		return nil, err
	}
	return agent.Ask(ctx, prompt), nil
}

// silent says whether nothing was told of an answer.
func (t *turn) silent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.answer.empty()
}

// toldSoFar is a copy of what has been told of the answer.
func (t *turn) toldSoFar() answer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return answer{seq: t.answer.seq, text: slices.Clone(t.answer.text), ended: t.answer.ended}
}

// hears has something told unless the turn falls silent before it. An error
// ends the turn.
func (t *turn) hears(tell func() error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.deaf {
		return
	}
	if err := attempt(tell); err != nil {
		t.deaf = true
		t.halt(err)
	}
}

func attempt(do func() error) (err error) {
	defer caught(&err)
	return do()
}

// declare tells what happens to the turn before its agent is heard.
func (t *turn) declare(e chat.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tell(e)
}

// tell adds one event of this turn to the log, and to the answer. Once the turn
// runs it is called under the lock.
func (t *turn) tell(e chat.Event) {
	e.TurnID, e.MessageID, e.Seq = t.ID, t.AnswerID, t.answer.seq+1
	t.answer.fold(e)
	t.relay.append(t.ConversationID, e)
}
