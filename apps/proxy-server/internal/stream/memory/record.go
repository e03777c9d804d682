package memory

import (
	"container/list"
	"slices"
	"time"

	"securechat/internal/chat"
)

// entry is one event and when it was appended.
type entry struct {
	event chat.Event
	at    time.Time
}

// record is the log of one conversation. What has been appended is never
// changed in place: followers read the list without holding the lock.
type record struct {
	conversation chat.ConversationID
	epoch        epoch
	first        int64 // offset of entries[0]
	entries      []entry
	open         map[chat.TurnID]int64 // where each open turn began
	followers    int
	changed      chan struct{} // closed at the next append; nil while nobody waits
	used         time.Time     // when somebody last appended to it, joined or left
	looked       time.Time     // when it was last used or looked over
	turn         *list.Element // its place in the order of that
}

func (r *record) end() int64 { return r.first + int64(len(r.entries)) }

// add appends the event and returns it with its cursor.
func (r *record) add(e chat.Event, now time.Time) chat.Event {
	if e.TurnID != "" {
		if _, known := r.open[e.TurnID]; e.Kind == chat.TurnEnded {
			delete(r.open, e.TurnID)
		} else if !known {
			if r.open == nil {
				r.open = map[chat.TurnID]int64{}
			}
			r.open[e.TurnID] = r.end()
		}
	}
	e.Cursor = cursorAt(r.epoch, r.end()+1)
	r.entries = append(r.entries, entry{e, now})
	return e
}

// abandon forgets open turns that nobody will ever end.
func (r *record) abandon(now time.Time) {
	if len(r.entries) > 0 && now.Sub(r.entries[len(r.entries)-1].at) > lifeOfTurn {
		r.open = nil
	}
}

// trim drops what is too much or too old, but nothing since the start of an
// open turn.
func (r *record) trim(now time.Time) {
	cut := max(0, len(r.entries)-mostEvents)
	for cut < len(r.entries) && now.Sub(r.entries[cut].at) > lifeOfEvent {
		cut++
	}
	for _, start := range r.open {
		cut = min(cut, int(start-r.first))
	}
	if cut > 0 {
		r.entries = slices.Clone(r.entries[cut:]) // the old array goes with its last reader
		r.first += int64(cut)
	}
}

// honours says whether a reader can go on from there.
func (r *record) honours(e epoch, offset int64) bool {
	return e == r.epoch && r.first <= offset && offset <= r.end()
}

// from returns some of the entries at offset and after it; false where they
// have been trimmed.
func (r *record) from(offset int64) ([]entry, bool) {
	if offset < r.first {
		return nil, false
	}
	rest := r.entries[offset-r.first:]
	return rest[:min(len(rest), mostAtOnce)], true
}

// told returns the events of one turn.
func (r *record) told(t chat.TurnID) []chat.Event {
	var events []chat.Event
	for _, entry := range r.entries {
		if entry.event.TurnID == t {
			events = append(events, entry.event)
		}
	}
	return events
}
