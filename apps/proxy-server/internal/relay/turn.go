package relay

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"securechat/internal/chat"
)

const lineEvery = time.Second // between two looks at a place in line

var errStopped = errors.New("stopped by the visitor")

// turn is one question from its beginning to its end. Its own goroutine tells
// every event and ends it; another hears the agent out, which may take longer.
type turn struct {
	chat.Turn
	relay    *Relay
	asker    Asker
	question chat.Message
	err      error // how it ended before it came here, or nil

	answer  answer
	mouth   mouth
	notes   notes
	askedAt time.Time

	stop  sync.Once
	stops chan struct{} // closed when the visitor wants no more of it
	ended chan struct{} // closed once it has ended
}

// run brings the turn to its end.
func (t *turn) run() {
	defer close(t.ended)
	defer t.relay.left(t)
	err := t.err
	if err == nil {
		err = t.perform()
	}
	if !errors.Is(err, errLost) {
		t.end(err)
	}
}

// perform has the agent asked and tells what it says. It returns why it said
// no more.
func (t *turn) perform() (err error) {
	defer caught(&err)
	if err := t.know(); err != nil {
		return err
	}
	place := t.relay.queue.enter(t.SiteID, t.VisitorID, t.asker.Site.Agent.MaxRuns)
	asked := false
	defer func() {
		if !asked {
			place.leave()
		}
	}()
	if err := t.standInLine(place); err != nil {
		return err
	}
	t.tell(chat.Event{Kind: chat.TurnStarted, QuestionID: t.QuestionID})
	asked, t.askedAt = true, time.Now()
	return t.listen(place)
}

// caught makes a panic an error, so that it ends one turn and nothing else.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v\n%s", errPanicked, p, debug.Stack())
	}
}

// know looks up who asked, and what, where this process did not hear it.
func (t *turn) know() error {
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

// standInLine returns once the agent may be asked.
func (t *turn) standInLine(p *place) error {
	entered, told := time.Now(), 0
	look := time.NewTicker(lineEvery)
	defer look.Stop()
	for {
		position := p.stand()
		if position == 0 {
			t.relay.Metrics.Started(time.Since(entered))
			return nil
		}
		if position != told {
			t.tell(chat.Event{Kind: chat.TurnQueued, Position: position})
			told = position
		}
		select {
		case <-p.granted:
		case <-look.C:
		case <-t.stops:
			return errStopped
		case <-t.relay.turns.Done():
			return context.Cause(t.relay.turns)
		}
	}
}

// heard is what the agent said, or how it ended.
type heard struct {
	piece chat.Piece
	over  bool
	err   error
}

// ask has the agent heard out, whether or not anybody listens: a run that the
// visitor stopped goes on at the agent's, and holds its place until it ends.
func (t *turn) ask(ctx context.Context, done context.CancelFunc, p *place, deaf <-chan struct{}) <-chan heard {
	all := make(chan heard)
	say := func(h heard) {
		select {
		case all <- h:
		case <-deaf:
		}
	}
	t.relay.work.Go(func() {
		defer p.leave()
		defer done()
		err := t.hear(ctx, func(piece chat.Piece) { say(heard{piece: piece}) })
		say(heard{over: true, err: err})
	})
	return all
}

// hear runs the agent once and returns how it ended.
func (t *turn) hear(ctx context.Context, say func(chat.Piece)) (err error) {
	defer caught(&err)
	agent, ok := t.relay.Agents[t.asker.Site.Agent.Kind]
	if !ok {
		return broken(chat.Unavailable, "agent_unavailable", fmt.Errorf("no agent is of kind %q", t.asker.Site.Agent.Kind))
	}
	prompt, err := t.relay.prompt(ctx, t)
	if err != nil {
		return broken(chat.Unavailable, "agent_unavailable", err)
	}
	for piece, err := range agent.Ask(ctx, prompt) {
		if err == nil {
			say(piece)
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	return nil
}

// listen tells what the agent says until there is a reason to stop.
func (t *turn) listen(p *place) error {
	defer t.fallSilent()
	deaf := make(chan struct{})
	defer close(deaf)
	ctx, cancel := context.WithTimeoutCause(t.relay.turns, t.asker.Site.Agent.WithDefaults().Total, errTotal)
	all := t.ask(ctx, cancel, p, deaf)
	for {
		select {
		case h := <-all:
			if h.over {
				return t.heardOut(h.err)
			}
			if err := t.take(h.piece); err != nil {
				return err
			}
		case <-t.mouth.due.C:
			t.speak()
		case <-t.notes.due.C:
			t.note()
		case err := <-t.notes.kept:
			if t.noted(err) {
				return errLost
			}
		case <-t.stops:
			return errStopped
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// heardOut is how a turn ends whose agent ended with err.
func (t *turn) heardOut(err error) error {
	t.fallSilent()
	if err == nil && t.answer.empty() {
		return errEmpty
	}
	return err
}

// tell adds one event of this turn to the log, and to the answer.
func (t *turn) tell(e chat.Event) {
	e.TurnID, e.MessageID, e.Seq = t.ID, t.AnswerID, t.answer.seq+1
	t.answer.fold(e)
	t.relay.append(t.ConversationID, e)
}
