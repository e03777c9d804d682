package sqlite

import (
	"context"
	"database/sql"
	"sync"

	"securechat/internal/store/sqlstore"
)

// reader is the pool that reads. To read a text takes SQLite longer than to
// run it, so each is read once per connection.
type reader struct {
	db *sql.DB

	mu       sync.Mutex
	prepared map[string]*sql.Stmt // by text; there are only so many texts
}

// look runs statements on one snapshot.
func (r *reader) look(ctx context.Context, statements []sqlstore.Statement) error {
	// Before a connection is taken for the snapshot: preparing takes another.
	ready := make(shelf, len(statements))
	for _, s := range statements {
		prepared, err := r.prepare(ctx, s.Text) //nolint:sqlclosecheck // it is kept as long as its pool
		if err != nil {
			return err
		}
		ready[s.Text] = prepared
	}
	if len(statements) == 1 {
		return run(ctx, ready, statements[0])
	}
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // ends the snapshot; nothing was written
	for _, s := range statements {
		ready[s.Text] = tx.StmtContext(ctx, ready[s.Text])
		if err := run(ctx, ready, s); err != nil {
			return err
		}
	}
	return nil
}

// prepare holds no lock while it waits for a connection: whoever has one may
// wait for the lock.
func (r *reader) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if s := r.known(text); s != nil {
		return s, nil
	}
	s, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, ok := r.prepared[text]; ok {
		return first, s.Close() //nolint:sqlclosecheck // only where another was quicker
	}
	r.prepared[text] = s
	return s, nil
}

func (r *reader) known(text string) *sql.Stmt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.prepared[text]
}

// close ends the pool, and what is prepared on it.
func (r *reader) close() error { return r.db.Close() }

// shelf runs texts that are prepared.
type shelf map[string]*sql.Stmt

func (s shelf) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	return s[text].ExecContext(ctx, args...)
}

func (s shelf) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return s[text].QueryContext(ctx, args...)
}
