package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// freshSchema makes an empty schema for one run and returns the URL that
// works inside it, and what drops it again.
func freshSchema(ctx context.Context, address, name string) (scoped string, drop func(), err error) {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return "", nil, fmt.Errorf("open postgres: %w", err)
	}
	if _, err := db.ExecContext(ctx, "CREATE SCHEMA "+name); err != nil {
		db.Close()
		return "", nil, fmt.Errorf("create schema: %w", err)
	}
	drop = func() {
		_, _ = db.ExecContext(context.WithoutCancel(ctx), "DROP SCHEMA "+name+" CASCADE")
		db.Close()
	}
	u, err := url.Parse(address)
	if err != nil {
		drop()
		return "", nil, err
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String(), drop, nil
}
