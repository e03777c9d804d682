package relay

import (
	"context"
	"errors"
	"io"
	"iter"

	"securechat/internal/chat"
)

// rereads is how often a snapshot is taken again because a turn ended while it
// was taken.
const rereads = 3

// Snapshot returns the latest limit messages before the given one ("" for the
// latest of all), the open turn as far as it has been told, and the cursor to
// follow from: what falls between is told twice rather than never, and known
// by its seq. NotFound where the site has no such conversation.
func (r *Relay) Snapshot(ctx context.Context, site chat.SiteID, c chat.ConversationID, before chat.MessageID, limit int) (chat.Conversation, chat.Cursor, error) {
	for tries := 1; ; tries++ {
		cursor, err := r.Log.End(ctx, c)
		if err != nil {
			return chat.Conversation{}, "", err
		}
		told, err := r.Store.Conversation(ctx, site, c, before, limit)
		if err != nil || told.Turn == nil {
			return told, cursor, err
		}
		known, err := r.known(ctx, c, *told.Turn)
		if err != nil {
			return chat.Conversation{}, "", err
		}
		if !known.ended {
			told.Turn.Seq, told.Turn.Text = known.seq, string(known.text)
			return told, cursor, nil
		}
		if tries == rereads { // the store is slower to know than the followers
			told.Turn = nil
			return told, cursor, nil
		}
	}
}

// known returns how far an open turn has been told. The process that runs it
// knows best; elsewhere the log and the store do.
func (r *Relay) known(ctx context.Context, c chat.ConversationID, open chat.Turn) (answer, error) {
	if t, here := r.runs(open.ID); here {
		return t.toldSoFar(), nil
	}
	events, err := r.Log.Told(ctx, c, open.ID)
	return recall(open, events), err
}

// Follow reads what happened in the conversation after the cursor and then
// what happens; see [Log].
func (r *Relay) Follow(ctx context.Context, _ chat.SiteID, c chat.ConversationID, after chat.Cursor, wake func()) (Reader, error) {
	return r.Log.Follow(ctx, c, after, wake)
}

// FollowTurn reads the events of one turn from its first to its last, and ends
// in io.EOF. One that has ended and that the log has forgotten is retold from
// the store. After a log-reset it ends: the conversation must be fetched.
func (r *Relay) FollowTurn(ctx context.Context, site chat.SiteID, c chat.ConversationID, id chat.TurnID, wake func()) (Reader, error) {
	after, err := r.Log.End(ctx, c)
	if err != nil {
		return nil, err
	}
	events, err := r.Log.Told(ctx, c, id)
	if err == nil && !r.tellsAll(id, events) {
		events, err = r.retell(ctx, site, c, id)
	}
	if err != nil {
		return nil, err
	}
	live, err := r.Log.Follow(ctx, c, after, wake)
	if err != nil {
		return nil, err
	}
	return &turnReader{turn: id, told: events, live: live}, nil
}

// turnReader picks one turn out of what happens.
type turnReader struct {
	turn chat.TurnID
	told []chat.Event // to be read first
	live Reader
	seq  int // of what was read last
	over bool
}

// Next implements [Reader].
func (r *turnReader) Next() ([]chat.Event, error) {
	for !r.over {
		events := r.told
		if r.told = nil; events == nil {
			var err error
			if events, err = r.live.Next(); err != nil || len(events) == 0 {
				return nil, err
			}
		}
		if events = r.pick(events); len(events) > 0 {
			return events, nil
		}
	}
	return nil, io.EOF
}

// pick leaves out what is another turn's or has been read.
func (r *turnReader) pick(events []chat.Event) (picked []chat.Event) {
	for _, e := range events {
		reset := e.Kind == chat.LogReset
		if !reset && (e.TurnID != r.turn || e.Seq <= r.seq) {
			continue
		}
		picked, r.seq = append(picked, e), e.Seq
		if r.over = reset || e.Kind == chat.TurnEnded; r.over {
			break
		}
	}
	return picked
}

// Close implements [Reader].
func (r *turnReader) Close() { r.live.Close() }

// Hear yields what a reader reads, waiting where there is nothing, until it or
// ctx ends.
func Hear(ctx context.Context, open func(wake func()) (Reader, error)) iter.Seq2[chat.Event, error] {
	return func(yield func(chat.Event, error) bool) {
		more := make(chan struct{}, 1)
		reader, err := open(func() {
			select {
			case more <- struct{}{}:
			default: // it knows already
			}
		})
		if err != nil {
			if ctx.Err() == nil {
				yield(chat.Event{}, err)
			}
			return
		}
		defer reader.Close()
		for ctx.Err() == nil {
			events, err := reader.Next()
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(chat.Event{}, err)
				return
			case len(events) == 0:
				select {
				case <-more:
				case <-ctx.Done():
				}
			case !handOver(ctx, events, yield):
				return
			}
		}
	}
}

// handOver says whether the listener wants more.
func handOver(ctx context.Context, events []chat.Event, yield func(chat.Event, error) bool) bool {
	for _, e := range events {
		if ctx.Err() != nil || !yield(e, nil) {
			return false
		}
	}
	return true
}

// tellsAll says whether events, with those to come, are the whole turn: one
// that runs here and has not told anything yet will tell it to whoever follows.
func (r *Relay) tellsAll(id chat.TurnID, events []chat.Event) bool {
	if len(events) > 0 {
		return events[0].Seq == 1
	}
	_, here := r.runs(id)
	return here
}

// retell makes events of what the store knows of a turn.
func (r *Relay) retell(ctx context.Context, site chat.SiteID, c chat.ConversationID, id chat.TurnID) ([]chat.Event, error) {
	known, err := r.Store.Recall(ctx, site, id)
	if err != nil {
		return nil, err
	}
	t := known.Turn
	if t.ConversationID != c {
		return nil, chat.Missing()
	}
	if live, here := r.runs(id); here && t.State == chat.TurnRunning {
		said := live.toldSoFar()
		t.Seq, t.Text = said.seq, string(said.text)
	}
	if t.State == chat.TurnWaiting || t.State == chat.TurnRunning && t.Seq == 0 {
		return nil, nil // nothing has been told yet
	}
	events := []chat.Event{{Kind: chat.TurnStarted, QuestionID: t.QuestionID}}
	if t.State == chat.TurnRunning {
		events = append(events, chat.Event{Kind: chat.TextReplaced, Text: t.Text})
	} else {
		events = append(events, retold(known)...)
	}
	for i := range events {
		events[i].TurnID, events[i].MessageID, events[i].Seq = t.ID, t.AnswerID, i+1
	}
	if t.State == chat.TurnRunning {
		events[len(events)-1].Seq = t.Seq
	}
	return events, nil
}

// retold is what a stored answer amounts to, and how it ended.
func retold(known Recalled) []chat.Event {
	end := chat.Event{Kind: chat.TurnEnded, Status: known.Turn.State, Message: known.Answer}
	if known.Answer == nil {
		return []chat.Event{end}
	}
	var events []chat.Event
	if known.Answer.Text != "" {
		events = append(events, chat.Event{Kind: chat.TextDelta, Text: known.Answer.Text})
	}
	for i := range known.Answer.Cards {
		events = append(events, chat.Event{Kind: chat.CardAdded, Card: &known.Answer.Cards[i]})
	}
	end.Problem = known.Answer.Problem
	return append(events, end)
}
