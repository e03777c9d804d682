package cached

import "time"

// Unsure has the store keep what it reads so soon after a change.
func (s *Store) Unsure(d time.Duration) *Store {
	s.unsure = d
	return s
}
