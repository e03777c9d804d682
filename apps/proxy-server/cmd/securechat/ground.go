package main

import (
	"context"
	"errors"
	"fmt"

	"securechat/internal/config"
	"securechat/internal/keyring"
	"securechat/internal/store/postgres"
	"securechat/internal/store/sqlite"
	"securechat/internal/store/sqlstore"
)

// ground is what every command that touches data stands on.
type ground struct {
	config config.Config
	folder folder
	engine sqlstore.Engine
	keys   *keyring.Keyring
	store  *sqlstore.Store
	fleet  *sqlstore.Store // the same, for what must not wait for visitors
}

// openGround opens the database, brings it up to date and opens its keys. The
// caller ends it by close.
func openGround(ctx context.Context, c config.Config) (*ground, error) {
	engine, err := openEngine(ctx, c)
	if err != nil {
		return nil, err
	}
	g := &ground{config: c, folder: folder(c.Data), engine: engine}
	if err := g.open(ctx); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return g, nil
}

// openEngine opens the database. Only one that lies in the data folder needs it.
func openEngine(ctx context.Context, c config.Config) (sqlstore.Engine, error) {
	if c.DatabaseURL != "" {
		return postgres.Open(ctx, c.DatabaseURL)
	}
	f, err := openFolder(c.Data)
	if err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, f.database())
}

func (g *ground) open(ctx context.Context) error {
	if err := sqlstore.Migrate(ctx, g.engine); err != nil {
		return fmt.Errorf("bring the database up to date: %w", err)
	}
	rows := sqlstore.NewKeys(g.engine)
	file, err := g.keyFile(ctx, rows)
	if err != nil {
		return err
	}
	if g.keys, err = keyring.Open(ctx, file, rows); err != nil {
		return fmt.Errorf("open the keys: %w", err)
	}
	g.store = sqlstore.New(g.engine, g.keys)
	g.fleet = g.store
	if pg, ok := g.engine.(*postgres.Engine); ok {
		g.fleet = sqlstore.New(pg.Aside(), g.keys)
	}
	return nil
}

func (g *ground) close() error { return g.engine.Close() }

// keyFile returns the content of the key file. Only an embedded database that
// has nothing sealed yet gets a new one: a key that lies on one replica's disk
// alone would be lost with it, and everything it sealed as well.
func (g *ground) keyFile(ctx context.Context, rows keyring.Store) ([]byte, error) {
	path, setting := g.config.KeyFile, "SECURECHAT_KEY_FILE"
	if path == "" {
		path, setting = g.folder.key(), "in SECURECHAT_DATA"
	}
	content, err := readKey(path, setting)
	if err != nil || content != nil {
		return content, err
	}
	used, err := keyring.Used(ctx, rows)
	switch {
	case err != nil:
		return nil, err
	case used:
		return nil, fmt.Errorf("the key file %s is missing, and what is stored cannot be opened without it: bring it back from your backup", path)
	case g.config.DatabaseURL != "":
		return nil, fmt.Errorf("the key file %s is missing: make one with `(umask 077; securechat key > FILE)`, give the same to every replica, and name it in SECURECHAT_KEY_FILE", path)
	}
	made, err := keyring.NewKeyFile()
	if err != nil {
		return nil, err
	}
	if err := writeKey(path, made); err != nil {
		return nil, err
	}
	return readKey(path, setting)
}

type migrateCommand struct{}

func (migrateCommand) Run(ctx context.Context, w world) (err error) {
	c, err := w.settings()
	if err != nil {
		return err
	}
	engine, err := openEngine(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	if err := sqlstore.Migrate(ctx, engine); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.out, "the database is up to date")
	return err
}

type keyCommand struct{}

func (keyCommand) Run(w world) error {
	content, err := keyring.NewKeyFile()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.out, string(content))
	return err
}
