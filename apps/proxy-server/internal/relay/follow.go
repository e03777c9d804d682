package relay

import (
	"context"
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
		events, err := r.Log.Told(ctx, c, told.Turn.ID)
		if err != nil {
			return chat.Conversation{}, "", err
		}
		known := recall(*told.Turn, events)
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

// Follow yields what happened in the conversation after the cursor and then
// what happens; see [Log].
func (r *Relay) Follow(ctx context.Context, _ chat.SiteID, c chat.ConversationID, after chat.Cursor) iter.Seq2[chat.Event, error] {
	return r.Log.Follow(ctx, c, after)
}

// FollowTurn yields the events of one turn from its first to its last. One
// that has ended and that the log has forgotten is retold from the store. A
// log-reset ends the sequence: the conversation must be fetched.
func (r *Relay) FollowTurn(ctx context.Context, site chat.SiteID, c chat.ConversationID, id chat.TurnID) iter.Seq2[chat.Event, error] {
	return func(yield func(chat.Event, error) bool) {
		after, err := r.Log.End(ctx, c)
		if err != nil {
			yield(chat.Event{}, err)
			return
		}
		events, err := r.Log.Told(ctx, c, id)
		if err == nil && !r.tellsAll(id, events) {
			events, err = r.retell(ctx, site, c, id)
		}
		if err != nil {
			yield(chat.Event{}, err)
			return
		}
		seq := 0
		for _, e := range events {
			if !yield(e, nil) || e.Kind == chat.TurnEnded {
				return
			}
			seq = e.Seq
		}
		for e, err := range r.Log.Follow(ctx, c, after) {
			switch {
			case err != nil || e.Kind == chat.LogReset:
				yield(e, err)
				return
			case e.TurnID != id || e.Seq <= seq:
				continue
			case !yield(e, nil) || e.Kind == chat.TurnEnded:
				return
			}
		}
	}
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
