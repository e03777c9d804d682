package relay

import (
	"context"
	"log/slog"
	"time"

	"securechat/internal/chat"
)

const (
	leaseEvery   = time.Second
	leaseLife    = 3 * time.Second
	tickTimeout  = 900 * time.Millisecond // so that what is slow does not cost the lease
	mostOrphans  = 100                    // taken at once
	mostResolved = 10                     // a tick
	lifeOfDoubt  = time.Minute            // no act of the store is under way for so long
	lastActs     = 5 * time.Second        // to store what is left when the grace is over
	missedFor    = time.Minute            // how long a death is thought about
	lastMoments  = 10 * time.Second       // before the end of a lease, in which its owner died; clocks may differ
	mostEnded    = 500                    // turns that it ended then, looked at once each
)

// Run tells the fleet that this process lives, and ends the turns of those
// that do not, until ctx ends. Then it takes no more questions, waits for the
// turns under way, and ends what is left after [Options.Grace]. It returns nil
// once nothing runs any more.
func (r *Relay) Run(ctx context.Context) error {
	tick := time.NewTicker(leaseEvery)
	defer tick.Stop()
	held := true
	for ctx.Err() == nil {
		if held = r.renew(leaseLife, held); held {
			r.sweep(ctx)
			r.tellEnds(ctx)
			r.stopAsked(ctx)
			r.resolve(ctx)
		}
		r.keepRuns(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	r.drain(tick)
	return nil
}

// renew holds the lease, and logs when it is lost and when it is back.
func (r *Relay) renew(life time.Duration, held bool) bool {
	ctx, cancel := context.WithTimeout(context.Background(), tickTimeout)
	defer cancel()
	err := r.Fleet.Renew(ctx, r.Owner, life)
	if err != nil && held {
		r.Logger.LogAttrs(ctx, slog.LevelError, "lease not renewed", slog.Any("error", err))
	} else if err == nil && !held {
		r.Logger.LogAttrs(ctx, slog.LevelInfo, "lease renewed again")
	}
	return err == nil
}

// sweep ends turns whose process died: to what was known of them, marked as
// interrupted. What waited behind them goes on here.
func (r *Relay) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, tickTimeout)
	defer cancel()
	orphans, err := r.Fleet.Orphans(ctx, mostOrphans)
	for _, orphan := range orphans {
		if err == nil {
			err = r.takeOver(ctx, orphan)
		}
	}
	if err != nil {
		r.Logger.LogAttrs(ctx, slog.LevelWarn, "orphans not taken over", slog.Any("error", err))
	}
}

func (r *Relay) takeOver(ctx context.Context, orphan chat.Turn) error {
	leave, err := r.order.enter(ctx, orphan.ConversationID)
	if err != nil {
		return err
	}
	defer leave()
	err = r.Fleet.Take(ctx, orphan, r.Owner)
	if kind := chat.KindOf(err); kind == chat.Conflict || kind == chat.NotFound {
		return nil // somebody else was first, or it is no orphan any more
	}
	if err != nil {
		return err
	}
	t := r.recallTurn(orphan)
	t.Owner, t.err, t.taken = r.Owner, errCrashed, true
	r.begin(t)
	return nil
}

// tellEnds tells of turns whose owner has stored their end and died before it
// told so: whoever follows would wait for ever. Where several processes do so,
// the seq makes them one.
func (r *Relay) tellEnds(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, tickTimeout)
	defer cancel()
	turns, err := r.Fleet.LastEnded(ctx, missedFor, lastMoments, mostEnded)
	ends := make(map[chat.TurnID]struct{}, len(turns))
	for _, t := range turns {
		if _, known := r.ends[t.ID]; !known && err == nil {
			err = r.tellEndOf(ctx, t)
		}
		if err == nil {
			ends[t.ID] = struct{}{}
		}
	}
	r.ends = ends
	if err != nil {
		r.Logger.LogAttrs(ctx, slog.LevelWarn, "ends of turns not told", slog.Any("error", err))
	}
}

func (r *Relay) tellEndOf(ctx context.Context, t chat.Turn) error {
	events, err := r.Log.Told(ctx, t.ConversationID, t.ID)
	if err != nil || len(events) > 0 && events[len(events)-1].Kind == chat.TurnEnded {
		return err // where nothing is known of it, its owner may have told it to nobody else
	}
	known, err := r.Store.Recall(ctx, t.SiteID, t.ID)
	if chat.KindOf(err) == chat.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	told := retold(known)
	end := told[len(told)-1]
	end.TurnID, end.MessageID, end.Seq = t.ID, t.AnswerID, t.Seq
	_, err = r.Log.Append(ctx, t.ConversationID, end)
	return err
}

// stopAsked ends the turns that visitors have stopped by way of another
// process.
func (r *Relay) stopAsked(ctx context.Context) {
	r.mu.Lock()
	idle := len(r.running) == 0
	r.mu.Unlock()
	if idle {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tickTimeout)
	defer cancel()
	turns, err := r.Fleet.ToStop(ctx, r.Owner)
	if err != nil {
		r.Logger.LogAttrs(ctx, slog.LevelWarn, "stops not heard", slog.Any("error", err))
	}
	for _, id := range turns {
		if t, here := r.runs(id); here {
			t.halt(errStopped)
		}
	}
}

// resolve finds out whether turns have begun whose beginning was not
// acknowledged, and has them answered.
func (r *Relay) resolve(ctx context.Context) {
	r.mu.Lock()
	var some []doubt
	for _, d := range r.doubtful {
		if some = append(some, d); len(some) == mostResolved {
			break
		}
	}
	r.mu.Unlock()
	for _, d := range some {
		r.resolveOne(ctx, d)
	}
}

func (r *Relay) resolveOne(ctx context.Context, d doubt) {
	ctx, cancel := context.WithTimeout(ctx, tickTimeout)
	defer cancel()
	leave, err := r.order.enter(ctx, d.turn.ConversationID)
	if err != nil {
		return
	}
	defer leave()
	known, err := r.Store.Recall(ctx, d.turn.SiteID, d.turn.ID)
	switch {
	case err == nil && r.settle(d.turn.ID):
		r.announce(d.asker, known.Question, known.Turn)
	case chat.KindOf(err) == chat.NotFound && time.Since(d.turn.CreatedAt) > lifeOfDoubt:
		r.settle(d.turn.ID)
	}
}

// drain brings what is under way to an end.
func (r *Relay) drain(tick *time.Ticker) {
	r.doors.Lock() // once every question that was let in has its turn
	r.draining = true
	r.doors.Unlock()
	grace := time.NewTimer(r.Grace)
	defer grace.Stop()
	for quiet := r.whenQuiet(); quiet != nil; {
		select {
		case <-quiet:
			quiet = nil
		case <-grace.C:
			r.cutTurns(errShutdown)
			defer time.AfterFunc(lastActs, r.cutActs).Stop()
		case <-tick.C:
			r.renew(leaseLife, true)
			r.keepRuns(context.Background())
		}
	}
	r.cutTurns(errShutdown) // the runs that nobody listens to
	r.work.Wait()
	r.cutActs()
	r.renew(0, true)
}
