package sqlstore

import (
	"context"
	"database/sql"

	"securechat/internal/chat"
)

// Engine is one open database. The packages sqlite and postgres
// open one.
type Engine interface {
	// Dialect returns what this engine says in its own way.
	Dialect() Dialect
	// Look runs statements that only read, all on one snapshot.
	Look(ctx context.Context, statements ...Statement) error
	// Act runs the statements in order and commits them together, or nothing
	// of them. It returns nil once they are on disk. A caller whose ctx ends
	// does not learn whether they are.
	Act(ctx context.Context, statements ...Statement) error
	// Prepare has the engine read the text and run nothing.
	Prepare(ctx context.Context, text string) error
	// Alone runs fn on a handle with no time limits, while no other process
	// runs its own on the same database.
	Alone(ctx context.Context, fn func(db *sql.DB) error) error
	// Close ends what is under way and refuses what comes after it.
	Close() error
}

// Statement is one step of an act. The whole act is known before it begins,
// so an engine may send it in one piece or share one commit among many.
type Statement struct {
	Text string // one statement with placeholders $1, $2 …
	Args []any
	// Scan reads one returned row; it is called once for each, in order. What
	// it has read counts only if the act succeeds.
	Scan func(row Row) error
	// Else, where set, is what the act ends in unless this statement touches
	// or returns exactly one row.
	Else error
}

// scan has each returned row read.
func (s Statement) scan(read func(Row) error) Statement { s.Scan = read; return s }

// orElse has the act end in err unless exactly one row is touched.
func (s Statement) orElse(err error) Statement { s.Else = err; return s }

// Row is a returned row.
type Row interface {
	Scan(dest ...any) error
}

// Dialect is what engines do not have in common.
type Dialect struct {
	Name string // "sqlite" or "postgres"; also the folder of its migrations
	// Now is an expression for the server's clock in microseconds since 1970,
	// used for leases only: every other time is handed in.
	Now string
	// Kind tells what an engine's error means: Conflict where a unique value
	// is taken, NotFound where a row it refers to is missing, Full, or
	// Unavailable; Internal for anything else.
	Kind func(err error) chat.Kind
}
