package relay

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"securechat/internal/chat"
)

const (
	charactersPerToken = 4  // of English; a guess that every model's makers give
	tokensPerMessage   = 4  // who spoke, and when
	mostRemembered     = 50 // messages looked at
)

// prompt is what the agent is told.
func (r *Relay) prompt(ctx context.Context, t *turn) (chat.Prompt, error) {
	before, err := r.saidBefore(ctx, t)
	if err != nil {
		return chat.Prompt{}, err
	}
	t.mu.Lock()
	t.before = &before
	t.mu.Unlock()
	return chat.Prompt{
		Site:           t.asker.Site,
		ConversationID: t.ConversationID,
		TurnID:         t.ID,
		Text:           t.question.Text,
		History:        before.said,
		Visitor:        t.asker.Visitor,
		PageURL:        t.question.PageURL,
		UserAgent:      t.asker.Session.UserAgent,
		Locale:         t.asker.Session.Locale,
		Time:           time.Now(),
		Place:          t.asker.Place,
	}, nil
}

// saidBefore is what was said last in the turn's conversation, without a look
// where its question is the first or the conversation was active lately.
func (r *Relay) saidBefore(ctx context.Context, t *turn) (past, error) {
	p := past{until: t.question.Number - 1, budget: t.asker.Site.Policy.HistoryBudget()}
	if p.until == 0 {
		return p, nil
	}
	var known bool
	if p.said, known = r.recent.before(t.question, p.budget); known {
		return p, nil
	}
	ctx, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	c, err := r.Store.Conversation(ctx, t.SiteID, t.ConversationID, "", mostRemembered)
	p.said = history(c.Messages, t.question, p.budget)
	return p, err
}

// history is the latest of what was said before the question that fits the
// budget, oldest first. An answer to an earlier question may stand after the
// question, if that had to wait; questions after it do not count.
func history(messages []chat.Message, question chat.Message, budget int) []chat.Message {
	var told []chat.Message
	for _, m := range slices.Backward(messages) {
		if m.Text == "" || m.Author == chat.ByVisitor && m.Number >= question.Number {
			continue
		}
		budget -= tokens(m)
		if budget < 0 {
			break
		}
		told = append(told, m)
	}
	slices.Reverse(told)
	return told
}

func tokens(m chat.Message) int {
	return tokensPerMessage + (utf8.RuneCountInString(m.Text)+charactersPerToken-1)/charactersPerToken
}
