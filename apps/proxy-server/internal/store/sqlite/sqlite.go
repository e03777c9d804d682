// Package sqlite keeps the store in one file on this machine: one writer that
// commits many acts at once, and a few readers beside it. Other processes may
// use the file at the same time. Statements are left to sqlstore.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"securechat/internal/chat"
	"securechat/internal/store/sqlstore"
)

const (
	readers  = 8               // more gain nothing: readers are bound by the processor
	idleLife = 5 * time.Minute // of a reader nobody needs
)

// Engine is an open file. It implements [sqlstore.Engine].
type Engine struct {
	path   string
	reader *reader
	writer *writer
	closed atomic.Bool
}

// Open opens the file and makes it, readable by its owner only, where it is
// not there. Close must be called in the end.
func Open(ctx context.Context, path string) (*Engine, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	writer, err := newWriter(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	reads, err := sql.Open("sqlite", source(path, "query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open sqlite: %w", err), writer.close())
	}
	reads.SetMaxOpenConns(readers)
	reads.SetMaxIdleConns(readers)
	reads.SetConnMaxIdleTime(idleLife)
	return &Engine{path: path, reader: &reader{db: reads, prepared: map[string]*sql.Stmt{}}, writer: writer}, nil
}

// create makes the file private from its first byte on; what SQLite puts
// beside it takes over its mode.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// source is the driver's name for the file. Every commit waits for the disk:
// in WAL mode only synchronous=FULL keeps the last ones over a power cut.
func source(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}}
	for _, p := range append([]string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)",
	}, pragmas...) {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}

// Dialect implements [sqlstore.Engine].
func (e *Engine) Dialect() sqlstore.Dialect {
	return sqlstore.Dialect{
		Name: "sqlite",
		Now:  "CAST(unixepoch('subsec') * 1000000 AS BIGINT)",
		Kind: kindOf,
	}
}

// Act implements [sqlstore.Engine].
func (e *Engine) Act(ctx context.Context, statements ...sqlstore.Statement) error {
	return e.writer.act(ctx, statements)
}

// Look implements [sqlstore.Engine].
func (e *Engine) Look(ctx context.Context, statements ...sqlstore.Statement) error {
	err := e.reader.look(ctx, statements)
	if err != nil && e.closed.Load() {
		return errClosed
	}
	return err
}

// Prepare implements [sqlstore.Engine].
func (e *Engine) Prepare(ctx context.Context, text string) error {
	statement, err := e.reader.db.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	return statement.Close() //nolint:sqlclosecheck // at once, and an error counts
}

// Alone implements [sqlstore.Engine]. The lock is a second, empty SQLite file
// that is held open for writing: it works wherever SQLite does, and ends with
// the process.
func (e *Engine) Alone(ctx context.Context, fn func(db *sql.DB) error) (err error) {
	beside := e.path + "-lock"
	if err := create(beside); err != nil {
		return err
	}
	lock, err := sql.Open("sqlite", source(beside))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	held, err := lock.BeginTx(ctx, nil)
	for ctx.Err() == nil && busy(err) {
		held, err = lock.BeginTx(ctx, nil)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Rollback()) }()
	db, err := sql.Open("sqlite", source(e.path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return fn(db)
}

// Close implements [sqlstore.Engine]. Acts that wait are still committed.
func (e *Engine) Close() error {
	e.closed.Store(true)
	return errors.Join(e.writer.close(), e.reader.close())
}

func busy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func kindOf(err error) chat.Kind {
	if errors.Is(err, errClosed) || errors.Is(err, errCrowded) || errors.Is(err, sql.ErrConnDone) {
		return chat.Unavailable
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return chat.Internal
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return chat.Conflict
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return chat.NotFound
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return chat.Full
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return chat.Unavailable
	}
	return chat.Internal
}
