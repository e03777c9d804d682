package sqlstore

import (
	"context"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// exchangeRows are a turn and all about it, as they lie in their tables.
type exchangeRows struct {
	turn     turnRow
	site     siteRow
	asker    holderRow
	asked    bool // asker is there
	question messageRow
	answer   messageRow
	answered bool // answer is there
}

func (r *exchangeRows) scanAsker(row Row) error {
	r.asked = true
	v, s := &r.asker.h.Visitor, &r.asker.h.Session
	return row.Scan(&v.SiteID, &v.ID, &r.asker.customer, &r.asker.visitorAt, &v.Returning,
		&s.ID, &s.ConversationID, &r.asker.client, &s.Fingerprint, &r.asker.sessionAt, &r.asker.seenAt, &r.asker.endedAt)
}

func (r *exchangeRows) scanMessage(row Row) error {
	var m messageRow
	if err := row.Scan(m.columns()...); err != nil {
		return err
	}
	if m.message.Author == chat.ByVisitor {
		r.question = m
	} else {
		r.answer, r.answered = m, true
	}
	return nil
}

// Recall implements relay.Store. A session that has been forgotten is known by
// its id.
func (s *Store) Recall(ctx context.Context, site chat.SiteID, id chat.TurnID) (relay.Recalled, error) {
	var r exchangeRows
	err := look(ctx, s.engine, "recall turn",
		turnByID.with(site, id).scan(func(row Row) error { return row.Scan(r.turn.columns()...) }).orElse(chat.Missing()),
		siteByID.with(site).scan(r.site.scan).orElse(chat.Missing()),
		askerOfTurn.with(site, id).scan(r.scanAsker),
		messagesOfTurn.with(site, id).scan(r.scanMessage))
	if err != nil {
		return relay.Recalled{}, err
	}
	return s.openRecalled(ctx, r)
}

func (s *Store) openRecalled(ctx context.Context, r exchangeRows) (told relay.Recalled, err error) {
	if told.Turn, err = s.openTurn(ctx, r.turn); err != nil {
		return relay.Recalled{}, err
	}
	if told.Asker.Site, err = s.openSite(ctx, r.site); err != nil {
		return relay.Recalled{}, err
	}
	t := told.Turn
	told.Asker.Visitor = chat.Visitor{ID: t.VisitorID, SiteID: t.SiteID}
	told.Asker.Session = chat.Session{ID: t.SessionID, SiteID: t.SiteID, VisitorID: t.VisitorID, ConversationID: t.ConversationID}
	if r.asked {
		h, err := s.openHolder(ctx, r.asker)
		if err != nil {
			return relay.Recalled{}, err
		}
		told.Asker.Visitor, told.Asker.Session = h.Visitor, h.Session
	}
	if told.Question, err = s.openMessage(ctx, r.question); err != nil {
		return relay.Recalled{}, err
	}
	if r.answered {
		answer, err := s.openMessage(ctx, r.answer)
		if err != nil {
			return relay.Recalled{}, err
		}
		told.Answer = &answer
	}
	return told, nil
}
