// Package admin is what operators change: sites, with their origins, agents,
// looks and rules. It checks whatever it is told and names the member at
// fault. Who may call it, and in what words, is left to others.
package admin

// Admin changes what operators may change. Its methods may be called at once.
type Admin struct {
	store Store
}

// New returns an admin on a store.
func New(store Store) *Admin { return &Admin{store} }
