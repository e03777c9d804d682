package redis

import (
	"slices"
	"time"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// feed is one conversation as this process hears it: the log's end, and those
// of the events before it that some reader has yet to read. What its readers
// need beyond that they read from Redis. The log's lock guards it.
type feed struct {
	conversation chat.ConversationID
	line         rueidis.DedicatedClient // on which it is heard
	end          relay.Place             // zero before anything is known
	window       []chat.Event
	readers      []*reader
	waiting      []*reader // to be woken
	used         time.Time // when somebody last joined or left
	over         bool      // nothing more is heard
}

// first is the offset before the window.
func (f *feed) first() int64 { return f.end.Offset - int64(len(f.window)) }

// take adds an event that was heard, whose place is the one after it. A repeat
// is left out, and a gap is left to Redis. Whoever told last knows the epoch.
func (f *feed) take(at relay.Place, e chat.Event) {
	switch {
	case at.Epoch == f.end.Epoch && at.Offset <= f.end.Offset:
		return
	case at.Epoch != f.end.Epoch || at.Offset != f.end.Offset+1 || len(f.readers) == 0:
		f.window = nil
	case len(f.window) >= mostAtOnce:
		f.window = slices.Clone(f.window[mostAtOnce/2:])
	}
	f.end = at
	if len(f.readers) > 0 {
		e.Cursor = at.Cursor()
		f.window = append(f.window, e)
	}
}

// skip goes on from where the log is known to stand.
func (f *feed) skip(end relay.Place) {
	if end.Epoch > f.end.Epoch || end.Epoch == f.end.Epoch && end.Offset > f.end.Offset {
		f.end, f.window = end, nil
	}
}

// from returns what the window has after an offset that does not lie before it,
// up to a number. A reader that reads from Redis may be ahead of it.
func (f *feed) from(offset int64) []chat.Event {
	start := min(int(offset-f.first()), len(f.window))
	return slices.Clone(f.window[start:min(len(f.window), start+mostAtOnce)])
}

// shed drops what every reader has read.
func (f *feed) shed() {
	low := f.end.Offset
	for _, r := range f.readers {
		if r.place.Epoch == f.end.Epoch {
			low = min(low, r.place.Offset)
		}
	}
	if read := int(low - f.first()); read == len(f.window) {
		f.window = nil
	} else if read > 0 {
		f.window = f.window[read:]
	}
}

// wake returns those who wait, once.
func (f *feed) wake() []*reader {
	waiting := f.waiting
	f.waiting = nil
	return waiting
}

func wakeAll(readers []*reader) {
	for _, r := range readers {
		r.wake()
	}
}
