package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// Migrations are numbered through across all folders: an engine runs those
// that are common and its own, in order.
//
//go:embed migrations
var migrations embed.FS

// Migrate brings the schema up to date. It may be repeated, and many
// processes may do it at once.
func Migrate(ctx context.Context, engine Engine) error {
	dialect := engine.Dialect().Name
	files, err := migrationsFor(dialect)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	err = engine.Alone(ctx, func(db *sql.DB) error {
		provider, err := goose.NewProvider(gooseDialects[dialect], db, files, goose.WithDisableGlobalRegistry(true))
		if err != nil {
			return err
		}
		_, err = provider.Up(ctx)
		return err
	})
	return fault(engine, "migrate "+dialect, err)
}

var gooseDialects = map[string]goose.Dialect{
	"sqlite":   database.DialectSQLite3,
	"postgres": database.DialectPostgres,
}

// layers is several folders seen as one.
type layers []fs.FS

func migrationsFor(dialect string) (fs.FS, error) {
	common, err := fs.Sub(migrations, "migrations/common")
	if err != nil {
		return nil, err
	}
	own, err := fs.Sub(migrations, "migrations/"+dialect)
	if err != nil {
		return nil, err
	}
	return layers{common, own}, nil
}

func (l layers) Open(name string) (fs.File, error) {
	for _, folder := range l {
		if file, err := folder.Open(name); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists every layer's folder of that name; not all need have one.
func (l layers) ReadDir(name string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	for _, folder := range l {
		entries, err := fs.ReadDir(folder, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}
