package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"securechat/internal/store/sqlstore"
)

const (
	mostWaiting = 1024 // acts; beyond it a caller had better come again later
	mostGrouped = 128  // acts in one commit; so that the first does not wait for ever
)

var (
	errClosed  = errors.New("the store is closed")
	errCrowded = errors.New("too many acts wait to be written")
)

// writer is the only one that writes: SQLite has room for no other. What
// waits while one commit is on its way to the disk goes into the next one
// together.
type writer struct {
	db       *sql.DB
	conn     *sql.Conn
	prepared map[string]*sql.Stmt // by text; there are only so many texts
	ended    chan struct{}

	gate    sync.RWMutex // held for reading while something is handed in
	closed  bool
	waiting chan *handed
}

// handed is an act on its way. Its result is told once.
type handed struct {
	ctx        context.Context
	statements []sqlstore.Statement
	result     chan error // holds one, so that telling never waits
}

func newWriter(ctx context.Context, path string) (*writer, error) {
	db, err := sql.Open("sqlite", source(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	w := &writer{
		db: db, conn: conn, prepared: map[string]*sql.Stmt{}, ended: make(chan struct{}),
		waiting: make(chan *handed, mostWaiting),
	}
	go w.write()
	return w, nil
}

// act hands the statements in and waits for their commit.
func (w *writer) act(ctx context.Context, statements []sqlstore.Statement) error {
	h := &handed{ctx: ctx, statements: statements, result: make(chan error, 1)}
	if err := w.hand(h); err != nil {
		return err
	}
	select {
	case err := <-h.result:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *writer) hand(h *handed) error {
	w.gate.RLock()
	defer w.gate.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.waiting <- h:
		return nil
	default:
		return errCrowded
	}
}

func (w *writer) close() error {
	w.gate.Lock()
	if !w.closed {
		w.closed = true
		close(w.waiting)
	}
	w.gate.Unlock()
	<-w.ended
	return w.db.Close()
}

func (w *writer) write() {
	defer close(w.ended)
	defer w.conn.Close()
	for first := range w.waiting {
		w.commit(w.gather(first))
	}
	for _, s := range w.prepared {
		s.Close()
	}
}

// gather takes what waits already and has not been given up.
func (w *writer) gather(first *handed) []*handed {
	group := make([]*handed, 0, 1+len(w.waiting))
	for h, more := first, true; more; {
		if err := h.ctx.Err(); err != nil {
			h.result <- err
		} else {
			group = append(group, h)
		}
		if len(group) == mostGrouped {
			break
		}
		select {
		case h, more = <-w.waiting:
		default:
			more = false
		}
	}
	return group
}

// commit runs a group in one transaction. An act that fails is undone alone;
// what fails besides fails for all, since then nothing of it is on the disk.
func (w *writer) commit(group []*handed) {
	if len(group) == 0 {
		return
	}
	// The group's own: a caller who gives up must not undo the others' acts.
	ctx := context.Background()
	results := make([]error, len(group))
	err := w.exec(ctx, "BEGIN IMMEDIATE")
	for i := 0; i < len(group) && err == nil; i++ {
		results[i], err = w.step(ctx, group[i].statements)
	}
	if err == nil {
		err = w.exec(ctx, "COMMIT")
	}
	if err != nil {
		// The engine may have rolled back by itself, and says so by an error.
		_ = w.exec(ctx, "ROLLBACK")
	}
	for i, h := range group {
		if results[i] == nil {
			results[i] = err
		}
		h.result <- results[i]
	}
}

// step runs one act in a savepoint. result is the act's own; err says that
// the transaction around it is lost.
func (w *writer) step(ctx context.Context, statements []sqlstore.Statement) (result, err error) {
	if err := w.exec(ctx, "SAVEPOINT act"); err != nil {
		return nil, err
	}
	for _, s := range statements {
		if result = run(ctx, w, s); result != nil {
			break
		}
	}
	if result != nil {
		if err := w.exec(ctx, "ROLLBACK TO act"); err != nil {
			return result, errors.Join(result, err)
		}
	}
	return result, w.exec(ctx, "RELEASE act")
}

func (w *writer) exec(ctx context.Context, text string) error {
	if _, err := w.ExecContext(ctx, text); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return nil
}

// ExecContext and QueryContext run a text on the writer's connection, which
// reads each text once.
func (w *writer) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	statement, err := w.prepare(ctx, text) //nolint:sqlclosecheck // it is kept as long as its connection
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, args...)
}

func (w *writer) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	statement, err := w.prepare(ctx, text) //nolint:sqlclosecheck // it is kept as long as its connection
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, args...)
}

func (w *writer) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := w.prepared[text]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, text)
	if err == nil {
		w.prepared[text] = s
	}
	return s, err
}
