package relay

import (
	"context"
	"log/slog"
	"time"

	"securechat/internal/chat"
)

// RunLife is how long a run counts of which nothing is heard any more.
const RunLife = 4 * time.Second

// sharedLook is how often a turn looks whether a run is free in the fleet.
const sharedLook = 250 * time.Millisecond

// shareRun waits until the fleet has a run to spare for a turn that may run by
// what this process knows. Where the others cannot be asked, each process
// keeps to the site's number by itself.
func (t *turn) shareRun(tell func(position int)) error {
	r, most := t.relay, t.asker.Site.Agent.MaxRuns
	if r.Runs == nil || most == 0 {
		return nil
	}
	r.holds(t)
	look := time.NewTicker(sharedLook)
	defer look.Stop()
	for {
		position, err := r.Runs.Enter(t.live, t.SiteID, t.ID, most)
		if t.live.Err() != nil {
			return context.Cause(t.live)
		}
		if err != nil {
			r.Logger.LogAttrs(t.live, slog.LevelWarn, "runs are not shared", slog.Any("error", err))
			return nil
		}
		if position == 0 {
			return nil
		}
		tell(position)
		select {
		case <-look.C:
		case <-t.live.Done():
			return context.Cause(t.live)
		}
	}
}

// holds has the turn's run, or its place in line, kept by Run.
func (r *Relay) holds(t *turn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[t.ID] = t.SiteID
}

// leaveRun gives the run back to the fleet. A run that could not be given back
// is forgotten after RunLife.
func (t *turn) leaveRun() {
	r := t.relay
	r.mu.Lock()
	_, held := r.held[t.ID]
	delete(r.held, t.ID)
	r.mu.Unlock()
	if !held {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), tickTimeout)
	defer cancel()
	if err := r.Runs.Leave(ctx, t.SiteID, t.ID); err != nil {
		r.Logger.LogAttrs(ctx, slog.LevelDebug, "run not given back", slog.Any("error", err))
	}
}

// keepRuns has every run of this process count.
func (r *Relay) keepRuns(ctx context.Context) {
	sites := map[chat.SiteID][]chat.TurnID{}
	r.mu.Lock()
	for t, site := range r.held {
		sites[site] = append(sites[site], t)
	}
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, tickTimeout)
	defer cancel()
	for site, turns := range sites {
		if err := r.Runs.Keep(ctx, site, turns); err != nil {
			r.Logger.LogAttrs(ctx, slog.LevelDebug, "runs not kept", slog.Any("error", err))
			return
		}
	}
}
