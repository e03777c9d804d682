package relay

import (
	"time"

	"securechat/internal/chat"
)

// calm is the least time between two texts told: the first is told at once,
// and what comes faster than people read is told together.
const calm = 20 * time.Millisecond

// mouth is what stands between what an agent says and what is told.
type mouth struct {
	speech speech
	held   []byte      // text that is about to be told
	due    *time.Timer // when it is; nil before it first was
	toldAt time.Time   // when text was last told
	told   int         // bytes told, with all that was replaced
	labels int
}

// take tells a piece of what the agent says, or holds it for a moment. An
// error means that nothing more is to be heard.
func (t *turn) take(p chat.Piece) error {
	m := &t.mouth
	switch {
	case p.Replace:
		m.held, m.speech.rest = nil, ""
		return t.replace(m.speech.clean(p.Text))
	case p.Label != "":
		t.speak()
		if m.labels++; m.labels <= mostLabels {
			t.tell(chat.Event{Kind: chat.ActivityNoted, Label: cut(oneLine(p.Label), longestLabel)})
		}
	case p.Card != nil:
		t.speak()
		if len(t.answer.cards) < mostCards {
			t.tell(chat.Event{Kind: chat.CardAdded, Card: p.Card})
		}
	default:
		return t.add(m.speech.clean(p.Text))
	}
	return nil
}

// add holds text until it is due.
func (t *turn) add(text string) error {
	m := &t.mouth
	room := min(longestAnswer-len(t.answer.text), longestSpeech-m.told) - len(m.held)
	m.held = append(m.held, cut(text, max(0, room))...)
	if len(text) > room {
		return errTooLong
	}
	if since := time.Since(m.toldAt); since >= calm {
		t.speak()
	} else {
		again(&m.due, calm-since, t.speakNow)
	}
	return nil
}

func (t *turn) speakNow() { t.hears(func() error { t.speak(); return nil }) }

// again sets the timer, made where there is none.
func again(timer **time.Timer, pause time.Duration, do func()) {
	if *timer == nil {
		*timer = time.AfterFunc(pause, do)
		return
	}
	(*timer).Reset(pause)
}

func still(timer *time.Timer) {
	if timer != nil {
		timer.Stop()
	}
}

// replace tells that text takes the place of all there is.
func (t *turn) replace(text string) error {
	m := &t.mouth
	fits := cut(text, min(longestAnswer, longestSpeech-m.told))
	m.told += len(fits)
	m.toldAt = time.Now()
	t.tell(chat.Event{Kind: chat.TextReplaced, Text: fits})
	t.noteSoon()
	if len(fits) < len(text) {
		return errTooLong
	}
	return nil
}

// speak tells what is held.
func (t *turn) speak() {
	m := &t.mouth
	still(m.due)
	if len(m.held) == 0 {
		return
	}
	if m.told == 0 {
		t.relay.Metrics.Spoke(time.Since(t.asked))
	}
	text := string(m.held)
	m.held = m.held[:0]
	m.told += len(text)
	m.toldAt = time.Now()
	t.tell(chat.Event{Kind: chat.TextDelta, Text: text})
	t.noteSoon()
}

// fallSilent tells what is held, and nothing after it.
func (t *turn) fallSilent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.deaf {
		t.deaf = true
		t.mouth.held = append(t.mouth.held, t.mouth.speech.end()...)
	}
	t.speak()
	still(t.notes.due)
}
