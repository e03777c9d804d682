package web

import (
	"context"
	"sync"
	"time"
)

// memoLife is how long the published keys may lag: far less than the time for
// which a next key is shown before it signs.
const memoLife = time.Minute

// memo remembers what is asked for by anybody and seldom changes.
type memo struct {
	mu   sync.Mutex
	text []byte
	made time.Time
}

// get returns what remake returned within the last minute, or asks it again.
func (m *memo) get(ctx context.Context, remake func(context.Context) ([]byte, error)) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.text != nil && time.Since(m.made) < memoLife {
		return m.text, nil
	}
	text, err := remake(ctx)
	if err != nil {
		return nil, err
	}
	m.text, m.made = text, time.Now()
	return text, nil
}
