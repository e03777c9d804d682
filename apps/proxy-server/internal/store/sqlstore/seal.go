package sqlstore

import (
	"context"
	"encoding/json/v2"
	"fmt"

	"securechat/internal/chat"
)

// Sealer hides what is stored of a site. What Seal returned opens only for
// the same site and the same aad.
type Sealer interface {
	Seal(ctx context.Context, site chat.SiteID, plain, aad []byte) ([]byte, error)
	Open(ctx context.Context, site chat.SiteID, sealed, aad []byte) ([]byte, error)
}

// place is where a sealed value lives. A value moved to another place does
// not open.
type place struct {
	table, column string
	site          chat.SiteID
	row           string
}

func (p place) aad() []byte {
	return []byte(p.table + "|" + p.column + "|" + string(p.site) + "|" + p.row)
}

// columns seals and opens values. An empty text is stored as NULL.
type columns struct{ sealer Sealer }

func (c columns) text(ctx context.Context, p place, plain string) ([]byte, error) {
	if plain == "" {
		return nil, nil
	}
	sealed, err := c.sealer.Seal(ctx, p.site, []byte(plain), p.aad())
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", p.table, p.column, err)
	}
	return sealed, nil
}

func (c columns) openText(ctx context.Context, p place, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	plain, err := c.sealer.Open(ctx, p.site, sealed, p.aad())
	if err != nil {
		return "", fmt.Errorf("open %s.%s: %w", p.table, p.column, err)
	}
	return string(plain), nil
}

// sealedJSON is text for a value that is kept as JSON, and "" for its zero
// value.
func sealedJSON[T any](ctx context.Context, c columns, p place, value T, zero bool) ([]byte, error) {
	if zero {
		return nil, nil
	}
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode %s.%s: %w", p.table, p.column, err)
	}
	return c.text(ctx, p, string(plain))
}

func openJSON[T any](ctx context.Context, c columns, p place, sealed []byte) (value T, err error) {
	plain, err := c.openText(ctx, p, sealed)
	if err != nil || plain == "" {
		return value, err
	}
	if err := json.Unmarshal([]byte(plain), &value); err != nil {
		return value, fmt.Errorf("decode %s.%s: %w", p.table, p.column, err)
	}
	return value, nil
}
