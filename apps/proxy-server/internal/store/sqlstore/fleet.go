package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"securechat/internal/chat"
)

// leaseKept is how long after its end a lease's row is kept: far beyond any
// time in which its owner might still renew it.
const leaseKept = 24 * time.Hour

func (s *Store) leased(q query, args ...any) Statement {
	return Statement{Text: inWordsOf(s.engine.Dialect(), q.text), Args: args}
}

// Renew implements relay.Fleet.
func (s *Store) Renew(ctx context.Context, owner string, ttl time.Duration) error {
	return act(ctx, s.engine, "renew lease",
		s.leased(renewLease, owner, ttl.Microseconds()),
		s.leased(dropLeases, leaseKept.Microseconds()))
}

// Orphans implements relay.Fleet.
func (s *Store) Orphans(ctx context.Context, limit int) ([]chat.Turn, error) {
	return s.turns(ctx, "read orphans", s.leased(orphans, limit))
}

// LastEnded implements relay.Fleet.
func (s *Store) LastEnded(ctx context.Context, missed, within time.Duration, limit int) ([]chat.Turn, error) {
	return s.turns(ctx, "read what was ended last", s.leased(lastEnded, missed.Microseconds(), within.Microseconds(), limit))
}

func (s *Store) turns(ctx context.Context, doing string, statement Statement) ([]chat.Turn, error) {
	var rows []turnRow
	statement = statement.scan(func(row Row) error {
		rows = append(rows, turnRow{})
		return row.Scan(rows[len(rows)-1].columns()...)
	})
	if err := look(ctx, s.engine, doing, statement); err != nil {
		return nil, err
	}
	turns := make([]chat.Turn, 0, len(rows))
	for _, r := range rows {
		t, err := s.openTurn(ctx, r)
		if err != nil {
			return nil, err
		}
		turns = append(turns, t)
	}
	return turns, nil
}

// Take implements relay.Fleet.
func (s *Store) Take(ctx context.Context, t chat.Turn, owner string) error {
	return s.orMissing(ctx, t, act(ctx, s.engine, "take turn",
		s.leased(takeTurn, t.SiteID, t.ID, t.Owner, owner).orElse(errNotYours)))
}

// AskToStop implements relay.Fleet.
func (s *Store) AskToStop(ctx context.Context, site chat.SiteID, t chat.TurnID) error {
	return act(ctx, s.engine, "ask to stop a turn", askToStop.with(site, t).orElse(chat.Missing()))
}

// ToStop implements relay.Fleet.
func (s *Store) ToStop(ctx context.Context, owner string) ([]chat.TurnID, error) {
	var turns []chat.TurnID
	err := look(ctx, s.engine, "read what is to stop", turnsToStop.with(owner).scan(func(row Row) error {
		turns = append(turns, "")
		return row.Scan(&turns[len(turns)-1])
	}))
	return turns, err
}

// Pulse implements relay.Fleet.
func (s *Store) Pulse(ctx context.Context, c chat.ConversationID) (string, error) {
	var number int64
	var turn, state string
	var seq int
	err := look(ctx, s.engine, "feel pulse", pulse.with(c).
		scan(func(row Row) error { return row.Scan(&number, &turn, &state, &seq) }).orElse(chat.Missing()))
	return fmt.Sprint(number, turn, state, seq), err
}

var errNotDue = errors.New("not due")

// Due implements chores.Lease.
func (s *Store) Due(ctx context.Context, chore string, every time.Duration) (bool, error) {
	err := act(ctx, s.engine, "take chore",
		s.leased(takeChore, "chore "+chore, every.Microseconds()).orElse(errNotDue))
	if errors.Is(err, errNotDue) {
		return false, nil
	}
	return err == nil, err
}
