package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Copy writes the database at path, as it is at one moment, into a new file
// that is the owner's only. Servers may be at work on it meanwhile. On an
// error there is no new file.
func Copy(ctx context.Context, path, into string) (err error) {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("find the database: %w", err)
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return err
	}
	made, err := os.OpenFile(into, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make the copy: %w", err)
	}
	defer func() {
		if err = errors.Join(err, made.Close()); err != nil {
			_ = os.Remove(into)
		}
	}()
	db, err := sql.Open("sqlite", source(path))
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// Into a file that is there and empty, so that its mode is ours.
	if _, err := db.ExecContext(ctx, "VACUUM INTO $1", into); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	if err := made.Sync(); err != nil { // which SQLite leaves to us
		return fmt.Errorf("write the copy to disk: %w", err)
	}
	return nil
}
