// Package postgres keeps the store in a PostgreSQL that many replicas share.
// An act travels as one batch and waits for two round trips. Statements are
// left to sqlstore.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"securechat/internal/store/sqlstore"
)

const (
	connections = 16               // a replica's share of a server's usual hundred
	aside       = 2                // beside them, for what must not wait
	idleLife    = 5 * time.Minute  // of a connection nobody needs
	longestLife = time.Hour        // of any; so that a moved server is found again
	connectTime = 5 * time.Second  // to a server that does not answer
	patience    = 15 * time.Second // with one act, waiting for a connection included
	attempts    = 3                // at one act
)

// limits end on the server what nobody waits for any more. In milliseconds.
var limits = map[string]string{
	"statement_timeout":                   "10000",
	"lock_timeout":                        "5000",
	"idle_in_transaction_session_timeout": "15000",
}

// migrationLock is the number of the advisory lock that migrations run under.
const migrationLock = 0x7365637572656368

var errClosed = errors.New("the store is closed")

// Engine is an open database. It implements [sqlstore.Engine].
type Engine struct {
	config *pgx.ConnConfig
	db     *sql.DB
	apart  *Engine // of Aside, or nil
	closed atomic.Bool
}

// Open connects to a database, named as in
// "postgres://user:password@host:5432/name?sslmode=verify-full". Close must be
// called in the end.
func Open(ctx context.Context, address string) (*Engine, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTime
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "securechat"
	}
	e := &Engine{config: config, db: pool(config, connections), apart: &Engine{config: config, db: pool(config, aside)}}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := e.db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open postgres: %w", err), e.Close())
	}
	return e, nil
}

func pool(config *pgx.ConnConfig, most int) *sql.DB {
	hasty := config.Copy()
	maps.Copy(hasty.RuntimeParams, limits)
	db := stdlib.OpenDB(*hasty)
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	db.SetConnMaxIdleTime(idleLife)
	db.SetConnMaxLifetime(longestLife)
	return db
}

// Aside returns an engine of the same database with two connections of its
// own, for what must be done in time however much visitors ask. It ends with
// this one.
func (e *Engine) Aside() *Engine { return e.apart }

// Dialect implements [sqlstore.Engine].
func (e *Engine) Dialect() sqlstore.Dialect {
	return sqlstore.Dialect{
		Name: "postgres",
		Now:  "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
		Kind: kindOf,
	}
}

// Act implements [sqlstore.Engine].
func (e *Engine) Act(ctx context.Context, statements ...sqlstore.Statement) error {
	return e.run(ctx, &batch{begin: "BEGIN", statements: statements})
}

// Look implements [sqlstore.Engine].
func (e *Engine) Look(ctx context.Context, statements ...sqlstore.Statement) error {
	if len(statements) == 1 {
		return e.run(ctx, &batch{statements: statements})
	}
	return e.run(ctx, &batch{begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", statements: statements})
}

// run repeats what failed only because it stood in another's way, or met a
// connection that had been cut. No row is told twice.
func (e *Engine) run(ctx context.Context, b *batch) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for range attempts {
		err = e.on(ctx, func(conn *pgx.Conn) error { return b.run(ctx, conn) })
		if b.told || !worthRepeating(err) {
			break
		}
	}
	return err
}

// on lends a connection of the pool to fn.
func (e *Engine) on(ctx context.Context, fn func(conn *pgx.Conn) error) error {
	pooled, err := e.db.Conn(ctx)
	if err != nil {
		if e.closed.Load() {
			return errClosed
		}
		return err
	}
	defer pooled.Close() // gives it back, or drops it where it has broken
	return pooled.Raw(func(driver any) error {
		return fn(driver.(*stdlib.Conn).Conn()) //nolint:forcetypeassert // Open takes no other driver
	})
}

// Prepare implements [sqlstore.Engine].
func (e *Engine) Prepare(ctx context.Context, text string) error {
	return e.on(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Prepare(ctx, "", text)
		return err
	})
}

// Alone implements [sqlstore.Engine]. The lock ends with its connection.
func (e *Engine) Alone(ctx context.Context, fn func(db *sql.DB) error) (err error) {
	db := stdlib.OpenDB(*e.config)
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := lock.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return err
	}
	return fn(db)
}

// Close implements [sqlstore.Engine].
func (e *Engine) Close() error {
	e.closed.Store(true)
	if e.apart != nil {
		return errors.Join(e.db.Close(), e.apart.Close())
	}
	return e.db.Close()
}
