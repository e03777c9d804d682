// Package sqlstore is the one store: every statement, the schema, and the
// sealing of what people wrote, in one SQL text for SQLite and PostgreSQL.
// How a statement reaches its engine is left to sqlite and postgres, clocks
// and ids to the callers, and keys to whoever is handed in as [Sealer].
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"securechat/internal/chat"
)

// Store keeps sites, visitors, sessions, conversations and turns.
type Store struct {
	engine Engine
	seal   columns
}

// New returns a store on an engine whose schema [Migrate] has brought up to
// date.
func New(engine Engine, sealer Sealer) *Store {
	return &Store{engine: engine, seal: columns{sealer}}
}

// Ping says whether the engine answers.
func (s *Store) Ping(ctx context.Context) error {
	return look(ctx, s.engine, "ping", ping.with().scan(func(row Row) error {
		var one int
		return row.Scan(&one)
	}))
}

// Keys keeps the keyring's own rows, which come sealed; hence it needs no
// [Sealer], and one can be built on it.
type Keys struct {
	engine Engine
}

// NewKeys returns the keys of an engine whose schema [Migrate] has brought up
// to date.
func NewKeys(engine Engine) *Keys { return &Keys{engine} }

// Prepare has the engine read every statement there is, and tells the first
// that it cannot.
func Prepare(ctx context.Context, engine Engine) error {
	for _, q := range queries {
		if err := engine.Prepare(ctx, inWordsOf(engine.Dialect(), q.text)); err != nil {
			return fault(engine, "prepare "+q.name, err)
		}
	}
	return nil
}

// look and act run statements, and turn what an engine says into what a
// caller can act on. doing goes into the log.
func look(ctx context.Context, engine Engine, doing string, statements ...Statement) error {
	return fault(engine, doing, engine.Look(ctx, statements...))
}

func act(ctx context.Context, engine Engine, doing string, statements ...Statement) error {
	return fault(engine, doing, engine.Act(ctx, statements...))
}

// fault leaves nothing of the engine's words in what may be told.
func fault(engine Engine, doing string, err error) error {
	if err == nil {
		return nil
	}
	if _, told := errors.AsType[*chat.Error](err); told {
		return err
	}
	err = fmt.Errorf("%s: %w", doing, err)
	if errors.Is(err, context.Canceled) {
		return err
	}
	var e *chat.Error
	switch kind := engine.Dialect().Kind(err); {
	case kind == chat.Conflict:
		e = chat.E(chat.Conflict, "conflict", "This clashes with what is stored.")
	case kind == chat.NotFound:
		e = chat.Missing()
	case kind == chat.Full:
		e = chat.E(chat.Full, "store_full", "There is no room to store this.")
	case kind == chat.Unavailable, errors.Is(err, context.DeadlineExceeded):
		e = chat.E(chat.Unavailable, "store_unavailable", "The chat cannot be reached. Try again in a moment.")
	default:
		return err
	}
	e.Err = err
	return e
}

// inWordsOf fills in the one expression that engines write differently.
func inWordsOf(d Dialect, text string) string { return strings.ReplaceAll(text, "{now}", d.Now) }

// micros is a time as it is stored; the zero time is NULL.
func micros(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

// wholeMicros is a time as it comes back after it was stored.
func wholeMicros(t time.Time) time.Time { return moment(micros(t)) }

// moment is a time as it is told, in UTC.
func moment(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return time.UnixMicro(*us).UTC()
}
