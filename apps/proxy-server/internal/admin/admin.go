// Package admin is what operators change: sites, with their origins, agents,
// looks and rules. It checks whatever it is told and names the member at
// fault. Who may call it, and in what words, is left to others.
package admin

import (
	"context"

	"securechat/internal/chat"
)

// Admin changes what operators may change. Its methods may be called at once.
type Admin struct {
	store  Store
	review Review
}

// Review looks at how an agent is reached before that is stored or changed,
// once the settings have been checked for themselves. Its error keeps them
// from being stored.
type Review func(ctx context.Context, settings chat.AgentSettings) error

// New returns an admin on a store. Where review is nil, nothing is asked of
// the world outside.
func New(store Store, review Review) *Admin {
	if review == nil {
		review = func(context.Context, chat.AgentSettings) error { return nil }
	}
	return &Admin{store: store, review: review}
}
