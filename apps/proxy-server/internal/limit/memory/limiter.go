// Package memory limits by the generic cell rate algorithm (GCRA) in the
// memory of one process. It keeps the buckets used last and forgets the
// others; what is limited, and how strictly, is its caller's business.
package memory

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"securechat/internal/gate"
)

// Most is how many buckets a limiter usually remembers: a million take less
// than 64 MiB.
const Most = 1_000_000

// Limiter is a [gate.Limiter]. Its methods may be called at once.
type Limiter struct {
	seed maphash.Seed

	mu      sync.Mutex
	buckets recent
}

// New returns a limiter that remembers the most buckets used last. A
// forgotten bucket is a full one.
func New(most int) *Limiter {
	return &Limiter{seed: maphash.MakeSeed(), buckets: newRecent(most)}
}

// Take is described at [gate.Limiter].
func (l *Limiter) Take(_ context.Context, now time.Time, takes []gate.Take) (gate.Verdict, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	verdict := gate.Verdict{Allowed: true}
	due := make([]charge, 0, len(takes))
	for _, take := range takes {
		if take.Limit.Burst <= 0 {
			continue
		}
		bucket := l.bucket(take)
		emptyAt := l.emptyAt(bucket, due)
		one, after := take.Judge(now.UnixNano(), emptyAt)
		due = append(due, charge{bucket, after})
		verdict = verdict.And(one)
	}
	if verdict.Allowed {
		for _, c := range due {
			l.buckets.set(c.bucket, c.emptyAt)
		}
	}
	return verdict, nil
}

// charge is what a bucket will be if every tier agrees.
type charge struct {
	bucket  uint64
	emptyAt int64
}

// emptyAt is when the bucket will have leaked dry, in nanoseconds of the Unix
// epoch; the charges of the same call count already.
func (l *Limiter) emptyAt(bucket uint64, due []charge) int64 {
	for _, d := range slices.Backward(due) {
		if d.bucket == bucket {
			return d.emptyAt
		}
	}
	return l.buckets.get(bucket)
}

// bucket hashes name and key with a seed of this process, so that nobody can
// aim at another's bucket. The length in front keeps "a"+"bc" from "ab"+"c".
func (l *Limiter) bucket(take gate.Take) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(take.Name)))
	h.Write(length[:])
	h.WriteString(take.Name)
	h.WriteString(take.Key)
	return h.Sum64()
}
