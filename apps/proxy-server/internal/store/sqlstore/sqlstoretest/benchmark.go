package sqlstoretest

import (
	"fmt"
	"sync"
	"testing"

	"securechat/internal/chat"
	"securechat/internal/relay/relaytest"
	"securechat/internal/store/sqlstore"
)

// Benchmark measures whole exchanges: a question stored and its turn begun,
// the answer stored and the turn ended, each on disk before the next step.
func Benchmark(b *testing.B, open Open) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("%dAtOnce", callers), func(b *testing.B) {
			threads := make([]relaytest.Thread, callers)
			for i := range threads {
				threads[i] = relaytest.NewThread()
			}
			s := Holding(b, Migrated(b, open), threads)
			var all sync.WaitGroup
			b.ResetTimer()
			for i, thread := range threads {
				share := b.N / callers
				if i < b.N%callers {
					share++
				}
				all.Go(func() {
					for range share {
						exchange(b, s, thread)
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "exchanges/s")
		})
	}
}

func exchange(b *testing.B, s *sqlstore.Store, thread relaytest.Thread) {
	q, turn := thread.Question("Do you have these shoes in size 42, and when would they be here?")
	_, turn, _, err := s.Begin(b.Context(), q, turn)
	if err != nil {
		b.Error(err)
		return
	}
	turn.State, turn.EndedAt = chat.TurnDone, turn.CreatedAt
	if _, err := s.Finish(b.Context(), turn, relaytest.Answer(turn, "Yes: they are in stock and leave today.")); err != nil {
		b.Error(err)
	}
}
