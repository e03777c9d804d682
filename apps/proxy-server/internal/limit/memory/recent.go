package memory

import (
	"math"
	"slices"
)

// recent is a map of bounded size that forgets what was set longest ago. Its
// entries lie in one slice and point at each other by number, which takes
// half the memory of a list of pointers and gives the collector nothing to
// follow.
type recent struct {
	most    int
	index   map[uint64]uint32
	entries []entry // [0] is the ring's anchor
}

type entry struct {
	bucket       uint64
	emptyAt      int64
	newer, older uint32
}

func newRecent(most int) recent {
	return recent{most: min(max(most, 1), math.MaxInt32), index: make(map[uint64]uint32), entries: make([]entry, 1)}
}

// get returns 0 for what is not remembered.
func (r *recent) get(bucket uint64) int64 { return r.entries[r.index[bucket]].emptyAt }

func (r *recent) set(bucket uint64, emptyAt int64) {
	at, known := r.index[bucket]
	switch {
	case known:
		r.unlink(at)
	case len(r.index) < r.most:
		if grown := len(r.entries); grown == cap(r.entries) {
			r.entries = slices.Grow(r.entries, min(grown, r.most+1-grown)) // never beyond what is needed in the end
		}
		r.entries = append(r.entries, entry{})
		at = uint32(len(r.entries) - 1) //nolint:gosec // bounded by newRecent
	default:
		at = r.entries[0].newer
		r.unlink(at)
		delete(r.index, r.entries[at].bucket)
	}
	r.index[bucket] = at
	r.entries[at] = entry{bucket: bucket, emptyAt: emptyAt}
	r.linkNewest(at)
}

// The anchor's newer is the oldest entry and its older the newest.
func (r *recent) linkNewest(at uint32) {
	newest := r.entries[0].older
	r.entries[at].older, r.entries[at].newer = newest, 0
	r.entries[newest].newer = at
	r.entries[0].older = at
}

func (r *recent) unlink(at uint32) {
	e := r.entries[at]
	r.entries[e.older].newer = e.newer
	r.entries[e.newer].older = e.older
}
