package main

import (
	"context"
	"errors"
	"fmt"

	"securechat/internal/config"
	"securechat/internal/store/sqlite"
)

type backupCommand struct {
	File string `arg:"" help:"File to make; it must not be there yet."`
}

// Run copies the embedded database. The key file is left out, so that the
// copy is of no use to a thief; scripts/backup.sh keeps both, apart.
func (c backupCommand) Run(ctx context.Context, w world) error {
	settings, err := config.Read(w.getenv)
	if err != nil {
		return err
	}
	if settings.DatabaseURL != "" {
		return errors.New("SECURECHAT_DATABASE_URL names a PostgreSQL: copy it by pg_dump")
	}
	if err := sqlite.Copy(ctx, folder(settings.Data).database(), c.File); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.out, c.File)
	return err
}
