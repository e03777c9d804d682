package memory

import (
	"container/list"
	"slices"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// entry is one event. Nearly all are deltas, so those are kept as a few
// numbers: where their text lies in that of their turn.
type entry struct {
	at       int64       // when it was appended, in ns since 1970
	event    *chat.Event // anything but a delta; its cursor follows from its place
	turn     *turnText   // of a delta
	seq      int32
	from, to int32 // turn.text[from:to]
}

// turnText is what the deltas of one turn have said, one after the other.
type turnText struct {
	turn   chat.TurnID
	answer chat.MessageID
	text   []byte
}

// record is the log of one conversation.
type record struct {
	conversation chat.ConversationID
	epoch        relay.Epoch
	first        int64 // offset of entries[0]
	entries      []entry
	open         map[chat.TurnID]int64 // where each open turn began
	texts        map[chat.TurnID]*turnText
	followers    int
	waiting      []*reader     // to be woken at the next append
	used         time.Time     // when somebody last appended to it, joined or left
	looked       time.Time     // when it was last used or looked over
	turn         *list.Element // its place in the order of that
}

func (r *record) end() int64 { return r.first + int64(len(r.entries)) }

func (r *record) place(offset int64) relay.Place { return relay.Place{Epoch: r.epoch, Offset: offset} }

// add appends the event and returns its cursor.
func (r *record) add(e chat.Event, now time.Time) chat.Cursor {
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
	if e.Kind == chat.TextDelta {
		r.entries = append(r.entries, r.delta(e, now))
	} else {
		r.entries = append(r.entries, entry{at: now.UnixNano(), event: &e})
	}
	if e.Kind == chat.TurnEnded {
		delete(r.texts, e.TurnID)
	}
	return r.place(r.end()).Cursor()
}

func (r *record) delta(e chat.Event, now time.Time) entry {
	of := r.texts[e.TurnID]
	if of == nil {
		if r.texts == nil {
			r.texts = map[chat.TurnID]*turnText{}
		}
		of = &turnText{turn: e.TurnID, answer: e.MessageID}
		r.texts[e.TurnID] = of
	}
	from := len(of.text)
	of.text = append(of.text, e.Text...)
	return entry{at: now.UnixNano(), turn: of, seq: int32(e.Seq), from: int32(from), to: int32(len(of.text))} //nolint:gosec // an answer is far shorter
}

// tell makes the event of an entry; the first event lies at offset 0.
func (r *record) tell(at int) chat.Event {
	of := r.entries[at]
	cursor := r.place(r.first + int64(at) + 1).Cursor()
	if of.event != nil {
		told := *of.event
		told.Cursor = cursor
		return told
	}
	return chat.Event{
		Cursor: cursor, Kind: chat.TextDelta, TurnID: of.turn.turn, MessageID: of.turn.answer,
		Seq: int(of.seq), Text: string(of.turn.text[of.from:of.to]),
	}
}

// abandon forgets open turns that nobody will ever end.
func (r *record) abandon(now time.Time) {
	if last := len(r.entries) - 1; last >= 0 && r.entries[last].age(now) > lifeOfTurn {
		r.open, r.texts = nil, nil
	}
}

func (e entry) age(now time.Time) time.Duration { return time.Duration(now.UnixNano() - e.at) }

// trim drops what is too much or too old, but nothing since the start of an
// open turn.
func (r *record) trim(now time.Time) {
	cut := max(0, len(r.entries)-mostEvents)
	for cut < len(r.entries) && r.entries[cut].age(now) > lifeOfEvent {
		cut++
	}
	for _, start := range r.open {
		cut = min(cut, int(start-r.first))
	}
	if cut > 0 {
		r.entries = slices.Clone(r.entries[cut:])
		r.first += int64(cut)
	}
}

// honours says whether a reader can go on from there.
func (r *record) honours(p relay.Place) bool {
	return p.Epoch == r.epoch && r.first <= p.Offset && p.Offset <= r.end()
}

// from returns some of the events at offset and after it; false where they
// have been trimmed.
func (r *record) from(offset int64) ([]chat.Event, bool) {
	if offset < r.first {
		return nil, false
	}
	start := int(offset - r.first)
	number := min(len(r.entries)-start, mostAtOnce)
	if number == 0 {
		return nil, true
	}
	events := make([]chat.Event, number)
	for i := range events {
		events[i] = r.tell(start + i)
	}
	return events, true
}

// told returns the events of one turn.
func (r *record) told(t chat.TurnID) []chat.Event {
	var events []chat.Event
	for at, of := range r.entries {
		if of.turn != nil && of.turn.turn == t || of.event != nil && of.event.TurnID == t {
			events = append(events, r.tell(at))
		}
	}
	return events
}
