package keyring

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Period is how long a key signs unless the operator says otherwise.
const Period = 90 * 24 * time.Hour

// published is how long a key must have been shown before it signs by
// schedule: twice as long as receivers usually keep our key set.
const published = 10 * time.Minute

// Rotate lets the next key take over wherever the current one has signed for
// period, and makes the one after that. Replicas that rotate at once do it
// once. One site's trouble does not keep the others from rotating.
func (k *Keyring) Rotate(ctx context.Context, now time.Time, period time.Duration) error {
	var errs []error
	for _, use := range []Use{UseTicket, UseES256, UseRS256} {
		rows, err := k.store.AllKeys(ctx, use)
		if err != nil {
			errs = append(errs, fmt.Errorf("read %s keys: %w", use, err))
			continue
		}
		sites := make(map[ringID][]Key)
		for _, row := range rows {
			id := ringID{row.Site, row.Use}
			sites[id] = append(sites[id], row)
		}
		for id, rows := range sites {
			if err := k.turn(ctx, id, rows, now, period); err != nil {
				errs = append(errs, fmt.Errorf("rotate %s key of site %q: %w", use, id.site, err))
			}
		}
	}
	return errors.Join(errs...)
}

// turn does one step for one ring: promote the next key when it is due, or
// make it where a replica died between promoting and making.
func (k *Keyring) turn(ctx context.Context, id ringID, rows []Key, now time.Time, period time.Duration) error {
	var current, next Key
	for _, row := range rows {
		if row.Signs {
			current = row
		}
	}
	for _, row := range rows {
		if row.Number == current.Number+1 {
			next = row
		}
	}
	switch {
	case current.Number == 0:
		return errors.New("no key is the current one")
	case next.Number == 0:
		return k.add(ctx, id, Key{Number: current.Number + 1, MadeAt: now})
	case now.Sub(current.SignsAt) < period, now.Sub(next.MadeAt) < published:
		return nil
	}
	return k.promote(ctx, id, current.Number, next.Number, now)
}

// promote makes key to the current one unless another replica was first, sees
// that a next one exists, and drops what no receiver needs any longer.
func (k *Keyring) promote(ctx context.Context, id ringID, from, to int, now time.Time) error {
	defer k.forget(id)
	done, err := k.store.Promote(ctx, id.site, id.use, from, to, now)
	if err != nil {
		return fmt.Errorf("promote %s key: %w", id.use, err)
	}
	if !done {
		return nil
	}
	if err := k.add(ctx, id, Key{Number: to + 1, MadeAt: now}); err != nil {
		return err
	}
	rows, err := k.store.Keys(ctx, id.site, id.use)
	if err != nil {
		return fmt.Errorf("read %s keys: %w", id.use, err)
	}
	for _, row := range rows {
		if row.Number < to-1 {
			if err := k.store.DropKey(ctx, id.site, id.use, row.Number); err != nil {
				return fmt.Errorf("drop %s key: %w", id.use, err)
			}
		}
	}
	return nil
}
