package sqlite

import (
	"context"
	"database/sql"

	"securechat/internal/store/sqlstore"
)

// runner is a handle, a transaction or the writer.
type runner interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// run runs one statement and returns its Else where that is due.
func run(ctx context.Context, on runner, s sqlstore.Statement) error {
	touched, err := touch(ctx, on, s)
	if err == nil && s.Else != nil && touched != 1 {
		return s.Else
	}
	return err
}

// touch returns how many rows the statement returned, or changed where nobody
// reads them.
func touch(ctx context.Context, on runner, s sqlstore.Statement) (int64, error) {
	if s.Scan == nil {
		result, err := on.ExecContext(ctx, s.Text, s.Args...)
		if err != nil {
			return 0, err
		}
		return result.RowsAffected()
	}
	rows, err := on.QueryContext(ctx, s.Text, s.Args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var count int64
	for ; rows.Next(); count++ {
		if err := s.Scan(rows); err != nil {
			return count, err
		}
	}
	return count, rows.Err()
}
