package relay

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"securechat/internal/chat"
)

const (
	patience     = time.Minute // how long followers wait for an answer to be stored
	shortPause   = 250 * time.Millisecond
	longestPause = 5 * time.Second // between two tries to store it
)

// end stores how the turn ended and what was answered, tells of it, and goes
// on with whoever waits. While the store is away it keeps trying; followers
// are told after a minute that the answer was not kept.
func (t *turn) end(cause error) {
	problem := t.decide(cause)
	begun, pause, unsure := time.Now(), shortPause, false
	for {
		err := t.finish(problem)
		if chat.KindOf(err) == chat.Conflict && unsure {
			err = t.finishedBefore()
		}
		switch chat.KindOf(err) {
		case chat.Conflict:
			return // another process ended it, and tells so
		case chat.NotFound:
			t.tellEnd(problem, nil) // the site is gone, and all of it
			return
		}
		if err == nil {
			return
		}
		unsure = true
		if time.Since(begun) >= patience && !t.answer.ended {
			problem = t.decide(errUnkept)
			t.tellEnd(problem, nil)
		}
		select {
		case <-time.After(pause):
		case <-t.relay.acts.Done():
			t.relay.Logger.LogAttrs(context.Background(), slog.LevelError, "turn not ended",
				slog.String("turn", string(t.ID)), slog.String("site", string(t.SiteID)), slog.Any("error", err))
			return
		}
		pause = min(2*pause, longestPause)
	}
}

// decide sets how the turn ends.
func (t *turn) decide(cause error) *chat.Problem {
	t.State, t.Owner, t.EndedAt = stateAfter(cause), t.relay.Owner, now()
	problem := t.problem(cause)
	code := ""
	if problem != nil {
		code = problem.Code
	}
	var took time.Duration
	if !t.asked.IsZero() {
		took = time.Since(t.asked)
	}
	t.relay.Metrics.Ended(t.State, code, took)
	return problem
}

// finish tries once to end the turn, in the store and then for its followers.
func (t *turn) finish(problem *chat.Problem) (err error) {
	defer caught(&err)
	leave, err := t.relay.order.enter(t.relay.acts, t.ConversationID)
	if err != nil {
		return err
	}
	defer leave()
	var reply *chat.Message
	if t.State != chat.TurnStopped || !t.answer.empty() {
		reply = t.answer.message(t.Turn, problem)
	}
	t.Seq = t.answer.seq
	if !t.answer.ended {
		t.Seq++
	}
	ctx, cancel := t.relay.act()
	defer cancel()
	next, err := t.relay.Store.Finish(ctx, t.Turn, reply)
	if err != nil {
		return err
	}
	if before := t.toldBefore(); before != nil {
		t.relay.recent.keep(*before, t.question, reply)
	}
	t.tellEnd(problem, reply)
	if next != nil {
		t.relay.goOn(next.Turn, next.Question)
	}
	return nil
}

func (t *turn) toldBefore() *past {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.before
}

// finishedBefore looks whether a try that seemed to fail has ended the turn
// after all. It returns Conflict where somebody else did.
func (t *turn) finishedBefore() error {
	leave, err := t.relay.order.enter(t.relay.acts, t.ConversationID)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := t.relay.act()
	defer cancel()
	r, err := t.relay.Store.Recall(ctx, t.SiteID, t.ID)
	if err != nil {
		return err
	}
	if r.Turn.Owner != t.relay.Owner || r.Turn.State.Open() {
		return chat.E(chat.Conflict, "turn_not_yours", "The turn goes on elsewhere.")
	}
	t.State = r.Turn.State
	var problem *chat.Problem
	if r.Answer != nil {
		problem = r.Answer.Problem
	}
	t.tellEnd(problem, r.Answer)
	c, err := t.relay.Store.Conversation(ctx, t.SiteID, t.ConversationID, "", 1)
	if err == nil && c.Turn != nil {
		t.relay.adopt(*c.Turn)
	}
	return err
}

// tellEnd tells followers that the turn has ended; only once.
func (t *turn) tellEnd(problem *chat.Problem, reply *chat.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.answer.ended {
		return
	}
	t.tell(chat.Event{Kind: chat.TurnEnded, Status: t.State, Problem: problem, Message: reply})
	if t.taken { // its former owner may have told more before it knew, under the same numbers
		t.relay.append(t.ConversationID, chat.Event{Kind: chat.LogReset})
	}
}

// now is the time as precisely as it is stored.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

var errElsewhere = chat.E(chat.Unavailable, "turn_elsewhere", "This answer cannot be stopped right now. Please try again.")

// Stop ends a turn of the conversation at once: what was told of its answer is
// stored, and its agent is heard out where nobody listens. A turn that has
// ended stays as it is. NotFound where the conversation has no such turn,
// Unavailable where another process works on it and does not end it soon.
func (r *Relay) Stop(ctx context.Context, site chat.SiteID, c chat.ConversationID, id chat.TurnID) error {
	t, ok := r.runs(id)
	if !ok {
		var err error
		t, err = r.stopInLine(ctx, site, c, id)
		if errors.Is(err, errElsewhere) {
			return r.stopElsewhere(ctx, site, id)
		}
		if t == nil {
			return err
		}
	}
	if t.SiteID != site || t.ConversationID != c {
		return chat.Missing()
	}
	t.halt(errStopped)
	select {
	case <-t.ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stopInLine ends a turn that waits for its conversation. It returns the turn
// where that runs here by now, and errElsewhere where another process runs it.
func (r *Relay) stopInLine(ctx context.Context, site chat.SiteID, c chat.ConversationID, id chat.TurnID) (*turn, error) {
	leave, err := r.order.enter(ctx, c)
	if err != nil {
		return nil, err
	}
	defer leave()
	if t, ok := r.runs(id); ok {
		return t, nil
	}
	stored, err := r.Store.Turn(ctx, site, id)
	switch {
	case err != nil:
		return nil, err
	case stored.ConversationID != c:
		return nil, chat.Missing()
	case stored.State == chat.TurnRunning:
		return nil, errElsewhere
	case !stored.State.Open():
		return nil, nil
	}
	t := r.recallTurn(stored)
	t.State, t.EndedAt, t.Seq = chat.TurnStopped, now(), t.answer.seq+1
	act, cancel := r.act()
	defer cancel()
	next, err := r.Store.Finish(act, t.Turn, nil)
	if chat.KindOf(err) == chat.Conflict { // it has begun meanwhile
		return nil, errElsewhere
	}
	if err != nil {
		return nil, err
	}
	r.leaveLine(c, id)
	t.tellEnd(nil, nil)
	r.tellPlaces(c)
	if next != nil {
		r.goOn(next.Turn, next.Question)
	}
	return nil, nil
}

const (
	stopPatience = 5 * time.Second // with the process that runs a turn: it looks once a second
	stopLook     = 100 * time.Millisecond
)

// stopElsewhere has the process that runs a turn end it, and returns once it
// has.
func (r *Relay) stopElsewhere(ctx context.Context, site chat.SiteID, id chat.TurnID) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stopPatience, errElsewhere)
	defer cancel()
	err := r.Fleet.AskToStop(ctx, site, id)
	if chat.KindOf(err) == chat.NotFound {
		return nil // it has ended
	}
	for err == nil {
		var now chat.Turn
		if now, err = r.Store.Turn(ctx, site, id); err == nil && !now.State.Open() {
			return nil
		}
		select {
		case <-time.After(stopLook):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return err
}
