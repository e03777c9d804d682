package admin

import (
	"context"
	"time"

	"securechat/internal/chat"
)

// Store keeps what operators change. Each method is one atomic act.
type Store interface {
	// AddSite stores a new site; Conflict where its key is taken.
	AddSite(ctx context.Context, s chat.Site) error
	// Sites returns every site, oldest first.
	Sites(ctx context.Context) ([]chat.Site, error)
	// SiteByKey returns the site; NotFound where there is none.
	SiteByKey(ctx context.Context, key string) (chat.Site, error)
	// SaveSite replaces the site's settings where the stored UpdatedAt is
	// still was; Conflict where somebody else changed them meanwhile.
	SaveSite(ctx context.Context, s chat.Site, was time.Time) error
	// RemoveSite removes the site and all that belongs to it; NotFound where
	// there is none.
	RemoveSite(ctx context.Context, id chat.SiteID) error
}
