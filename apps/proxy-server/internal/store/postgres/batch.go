package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"securechat/internal/store/sqlstore"
)

// idle is the status of a connection outside any transaction.
const idle = 'I'

// uncertain is the error of a commit: where the connection broke, it may have
// been done all the same.
type uncertain struct{ error }

func (u uncertain) Unwrap() error { return u.error }

// severed is the error of a connection that is closed after it, whatever the
// server, or something between, has said on it.
type severed struct{ error }

func (s severed) Unwrap() error { return s.error }

// lost is how a batch failed whose connection is closed by now.
func lost(err error) error {
	if _, said := errors.AsType[*pgconn.PgError](err); said || err == nil {
		return err
	}
	return severed{err}
}

// batch is statements that travel together, in a transaction where begin says
// how one begins.
type batch struct {
	begin      string
	statements []sqlstore.Statement
	told       bool // a row has been read by whoever asked
}

func (b *batch) run(ctx context.Context, conn *pgx.Conn) error {
	err := b.send(ctx, conn)
	if b.begin == "" {
		if conn.IsClosed() {
			return lost(err)
		}
		return err
	}
	if err == nil {
		if _, err = conn.Exec(ctx, "COMMIT"); err != nil {
			return uncertain{err}
		}
		return nil
	}
	if conn.IsClosed() {
		return lost(err)
	}
	if conn.PgConn().TxStatus() == idle {
		return err
	}
	if _, undone := conn.Exec(ctx, "ROLLBACK"); undone != nil {
		return errors.Join(err, conn.Close(ctx))
	}
	return err
}

// send returns the first error. The results after it are read to their end,
// so that the connection can be used again.
func (b *batch) send(ctx context.Context, conn *pgx.Conn) error {
	var queue pgx.Batch
	if b.begin != "" {
		queue.Queue(b.begin)
	}
	for _, s := range b.statements {
		queue.Queue(s.Text, s.Args...)
	}
	results := conn.SendBatch(ctx, &queue)
	err := b.read(results)
	return firstOf(err, results.Close())
}

func (b *batch) read(results pgx.BatchResults) error {
	if b.begin != "" {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	for _, s := range b.statements {
		touched, err := b.touch(results, s)
		if err != nil {
			return err
		}
		if s.Else != nil && touched != 1 {
			return s.Else
		}
	}
	return nil
}

// touch returns how many rows the statement returned, or changed where nobody
// reads them.
func (b *batch) touch(results pgx.BatchResults, s sqlstore.Statement) (int64, error) {
	if s.Scan == nil {
		tag, err := results.Exec()
		return tag.RowsAffected(), err
	}
	rows, err := results.Query()
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var count int64
	for ; rows.Next(); count++ {
		b.told = true
		if err := s.Scan(rows); err != nil {
			return count, err
		}
	}
	return count, rows.Err()
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
