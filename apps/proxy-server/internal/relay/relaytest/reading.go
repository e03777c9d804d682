package relaytest

import (
	"fmt"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

func recalled(f fixture) {
	q, turn := f.begin("who?")
	f.begin("and who else?")
	want := relay.Recalled{Turn: turn, Question: q, Asker: relay.Asker{Site: f.mine.Site, Visitor: f.mine.Visitor, Session: f.mine.Session}}
	same(f, "open turn", want, f.recall(turn.ID))
	f.finish(turn, chat.TurnDone, "you.")
	got := f.recall(turn.ID)
	if got.Answer == nil || got.Answer.Text != "you." || got.Answer.ID != turn.AnswerID || got.Turn.State != chat.TurnDone {
		f.Errorf("ended turn = %+v", got)
	}
	_, err := f.store.Recall(f.Context(), f.theirs.Site.ID, turn.ID)
	f.notFound("Recall by another site", err)
	_, err = f.store.Recall(f.Context(), f.mine.Site.ID, chat.TurnID(chat.NewID()))
	f.notFound("Recall of nothing", err)
}

func pages(f fixture) {
	var want []chat.MessageID
	for i := range 3 {
		q, turn := f.begin(fmt.Sprint(i))
		f.finish(turn, chat.TurnDone, "answer")
		want = append(want, q.ID, turn.AnswerID)
	}
	var got []chat.MessageID
	before, more := chat.MessageID(""), true
	for more {
		c := f.conversation(before, 4)
		var page []chat.MessageID
		for _, m := range c.Messages {
			page = append(page, m.ID)
		}
		got, before, more = append(page, got...), page[0], c.More
	}
	same(f, "messages", want, got)
	if c := f.conversation(want[0], 4); len(c.Messages) != 0 || c.More {
		f.Errorf("before the first there is %+v", c)
	}
	if c := f.conversation("", 6); c.More {
		f.Error("more is told where there is none")
	}
}

func foreign(f fixture) {
	q, turn := f.begin("secret?")
	ctx, theirs := f.Context(), f.theirs.Site.ID
	stolen := turn
	stolen.SiteID = theirs
	f.notFound("Note", f.store.Note(ctx, stolen, 1, "x"))
	stolen.State, stolen.EndedAt = chat.TurnStopped, start
	_, err := f.store.Finish(ctx, stolen, Answer(stolen, "x"))
	f.notFound("Finish", err)
	_, err = f.store.Turn(ctx, theirs, turn.ID)
	f.notFound("Turn", err)
	_, err = f.store.Conversation(ctx, theirs, q.ConversationID, "", 10)
	f.notFound("Conversation", err)
	f.notFound("Rate", f.store.Rate(ctx, theirs, q.ConversationID, turn.AnswerID, 1, ""))
	intruding, other := f.theirs.Question("let me in")
	intruding.ConversationID = q.ConversationID
	_, _, _, err = f.store.Begin(ctx, intruding, other)
	f.notFound("Begin", err)
	same, other := f.theirs.Question("the same id is free elsewhere")
	same.ID = q.ID
	if got, _, fresh, err := f.store.Begin(ctx, same, other); err != nil || !fresh || got.Text != same.Text {
		f.Errorf("Begin = %+v, %v, %v", got, fresh, err)
	}
}

func missing(f fixture) {
	q, turn := f.mine.Question("?")
	ctx := f.Context()
	f.notFound("Note", f.store.Note(ctx, turn, 1, "x"))
	_, err := f.store.Turn(ctx, turn.SiteID, turn.ID)
	f.notFound("Turn", err)
	_, err = f.store.Conversation(ctx, q.SiteID, chat.ConversationID(chat.NewID()), "", 10)
	f.notFound("Conversation", err)
	_, err = f.store.Conversation(ctx, q.SiteID, q.ConversationID, q.ID, 10)
	f.notFound("Conversation before an unknown message", err)
	q.ConversationID = chat.ConversationID(chat.NewID())
	_, _, _, err = f.store.Begin(ctx, q, turn)
	f.notFound("Begin", err)
}
