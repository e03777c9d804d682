package sqlstore

import (
	"context"
	"errors"
	"time"

	"securechat/internal/chat"
	"securechat/internal/keyring"
)

var errSignsNot = errors.New("another key signs by now")

func readKeys(into *[]keyring.Key) func(Row) error {
	return func(row Row) error {
		var (
			k       keyring.Key
			madeAt  int64
			signsAt *int64
		)
		if err := row.Scan(&k.Site, &k.Use, &k.Number, &k.Name, &k.Sealed, &madeAt, &k.Signs, &signsAt); err != nil {
			return err
		}
		k.MadeAt, k.SignsAt = moment(&madeAt), moment(signsAt)
		*into = append(*into, k)
		return nil
	}
}

// Keys implements keyring.Store.
func (k *Keys) Keys(ctx context.Context, site chat.SiteID, use keyring.Use) ([]keyring.Key, error) {
	var keys []keyring.Key
	err := look(ctx, k.engine, "read keys", keysOfSite.with(site, use).scan(readKeys(&keys)))
	return keys, err
}

// AllKeys implements keyring.Store.
func (k *Keys) AllKeys(ctx context.Context, use keyring.Use) ([]keyring.Key, error) {
	var keys []keyring.Key
	err := look(ctx, k.engine, "read all keys", keysOfAll.with(use).scan(readKeys(&keys)))
	return keys, err
}

// AddKey implements keyring.Store.
func (k *Keys) AddKey(ctx context.Context, key keyring.Key) (added bool, err error) {
	var number int
	err = act(ctx, k.engine, "add key",
		addKey.with(key.Site, key.Use, key.Number, key.Name, key.Sealed, key.MadeAt.UnixMicro(), key.Signs, micros(key.SignsAt)).
			scan(func(row Row) error { return row.Scan(&number) }))
	return err == nil && number == key.Number, err
}

// DropKey implements keyring.Store.
func (k *Keys) DropKey(ctx context.Context, site chat.SiteID, use keyring.Use, number int) error {
	return act(ctx, k.engine, "drop key", dropKey.with(site, use, number))
}

// Promote implements keyring.Store.
func (k *Keys) Promote(ctx context.Context, site chat.SiteID, use keyring.Use, from, to int, at time.Time) (done bool, err error) {
	var statements []Statement
	if from != 0 {
		statements = append(statements, retireKey.with(site, use, from).orElse(errSignsNot))
	}
	statements = append(statements, promoteKey.with(site, use, to, at.UnixMicro()).orElse(errSignsNot))
	err = act(ctx, k.engine, "promote key", statements...)
	if errors.Is(err, errSignsNot) || chat.KindOf(err) == chat.Conflict {
		return false, nil
	}
	return err == nil, err
}
