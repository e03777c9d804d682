package gate

import "time"

// Judge says whether one more drop fits into the bucket at a time, and when
// the bucket would then be dry: the generic cell rate algorithm (ITU-T I.371,
// in its virtual scheduling form). Times are nanoseconds of the Unix epoch. A
// refusal leaves the bucket as it was.
func (t Take) Judge(at, emptyAt int64) (Verdict, int64) {
	drop := t.Limit.drop()
	room := drop * int64(t.Limit.Burst)
	before := max(emptyAt, at)
	after := before + drop
	verdict := Verdict{Allowed: true, Name: t.Name, Limit: t.Limit}
	if wait := after - room - at; wait > 0 {
		verdict.Allowed = false
		verdict.RetryAfter = time.Duration(wait)
		verdict.Reset = time.Duration(before - at)
		return verdict, before
	}
	verdict.Remaining = int((room - (after - at)) / drop)
	verdict.Reset = time.Duration(after - at)
	return verdict, after
}

// drop is how long the bucket takes to leak what one take fills in.
func (l Limit) drop() int64 { return max(int64(l.Per)/int64(l.Burst), 1) }

// And is the verdict of two tiers: the refusal that lasts longest, or else the
// bucket with the least room.
func (v Verdict) And(o Verdict) Verdict {
	switch {
	case v.Name == "" && v.Allowed:
		return o
	case v.Allowed != o.Allowed:
		if v.Allowed {
			return o
		}
		return v
	case !v.Allowed && o.RetryAfter > v.RetryAfter, v.Allowed && o.Remaining < v.Remaining:
		return o
	}
	return v
}
