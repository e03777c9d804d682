package sqlstore

import (
	"context"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

// client is what a session says of the browser, sealed as one value.
type client struct {
	Origin    chat.Origin `json:"origin"`
	UserAgent string      `json:"user_agent"`
	Locale    string      `json:"locale"`
}

func clientPlace(site chat.SiteID, id chat.SessionID) place {
	return place{table: "sessions", column: "client", site: site, row: string(id)}
}

func customerPlace(site chat.SiteID, id chat.VisitorID) place {
	return place{table: "visitors", column: "customer", site: site, row: string(id)}
}

// holderRow is a credential with its session and visitor as they lie in their
// tables.
type holderRow struct {
	h                    gate.Holder
	customer, client     []byte
	visitorAt, sessionAt int64
	seenAt, madeAt       int64
	until                int64
	endedAt, usedAt      *int64
}

func (r *holderRow) scan(row Row) error {
	v, s := &r.h.Visitor, &r.h.Session
	return row.Scan(&v.SiteID, &v.ID, &r.customer, &r.visitorAt, &v.Returning,
		&s.ID, &s.ConversationID, &r.client, &s.Fingerprint, &r.sessionAt, &r.seenAt, &r.endedAt,
		&r.madeAt, &r.usedAt, &r.until, &r.h.Current)
}

func (s *Store) openHolder(ctx context.Context, r holderRow) (gate.Holder, error) {
	h := r.h
	v, session := &h.Visitor, &h.Session
	customer, err := s.seal.openText(ctx, customerPlace(v.SiteID, v.ID), r.customer)
	if err != nil {
		return gate.Holder{}, err
	}
	c, err := openJSON[client](ctx, s.seal, clientPlace(v.SiteID, session.ID), r.client)
	if err != nil {
		return gate.Holder{}, err
	}
	v.CustomerID, v.CreatedAt = customer, moment(&r.visitorAt)
	session.SiteID, session.VisitorID = v.SiteID, v.ID
	session.Origin, session.UserAgent, session.Locale = c.Origin, c.UserAgent, c.Locale
	session.CreatedAt, session.SeenAt, session.EndedAt = moment(&r.sessionAt), moment(&r.seenAt), moment(r.endedAt)
	h.CredentialMade, h.CredentialUntil = moment(&r.madeAt), moment(&r.until)
	return h, nil
}

// Holder implements gate.Store. It writes at a credential's first use only.
func (s *Store) Holder(ctx context.Context, hash []byte, now time.Time) (gate.Holder, error) {
	var r holderRow
	at := now.UnixMicro()
	read := holder.with(hash, at).scan(r.scan).orElse(chat.Missing())
	if err := look(ctx, s.engine, "read credential", read); err != nil {
		return gate.Holder{}, err
	}
	if r.usedAt == nil {
		if err := act(ctx, s.engine, "use credential",
			useCredential.with(hash, at),
			endPredecessors.with(hash, now.Add(chat.CredentialGrace).UnixMicro())); err != nil {
			return gate.Holder{}, err
		}
	}
	return s.openHolder(ctx, r)
}

// Open implements gate.Store.
func (s *Store) Open(ctx context.Context, o gate.Opening) error {
	v, session := o.Visitor, o.Session
	site := session.SiteID
	customer, err := s.seal.text(ctx, customerPlace(site, v.ID), v.CustomerID)
	if err != nil {
		return err
	}
	about := client{Origin: session.Origin, UserAgent: session.UserAgent, Locale: session.Locale}
	sealed, err := sealedJSON(ctx, s.seal, clientPlace(site, session.ID), about, about == client{})
	if err != nil {
		return err
	}
	return act(ctx, s.engine, "open session",
		addVisitor.with(site, v.ID, customer, v.CreatedAt.UnixMicro()),
		addConversation.with(site, session.ConversationID, v.ID, session.CreatedAt.UnixMicro()),
		addSession.with(site, session.ID, v.ID, session.ConversationID, sealed, session.Fingerprint,
			session.CreatedAt.UnixMicro(), session.SeenAt.UnixMicro()),
		addCredential.with(site, o.Hash, session.ID, o.Follows, o.Made.UnixMicro(), o.Until.UnixMicro()))
}

// Touch implements gate.Store.
func (s *Store) Touch(ctx context.Context, session chat.Session, now time.Time) error {
	return act(ctx, s.engine, "touch session", touchSession.with(session.SiteID, session.ID, now.UnixMicro()))
}

// End implements gate.Store.
func (s *Store) End(ctx context.Context, session chat.Session, now time.Time) error {
	return act(ctx, s.engine, "end session",
		endSession.with(session.SiteID, session.ID, now.UnixMicro()),
		endCredentials.with(session.SiteID, session.ID, now.UnixMicro()))
}

// NewConversation implements gate.Store.
func (s *Store) NewConversation(ctx context.Context, session chat.Session, c chat.ConversationID, now time.Time) error {
	return act(ctx, s.engine, "open conversation",
		addConversation.with(session.SiteID, c, session.VisitorID, now.UnixMicro()),
		openConversation.with(session.SiteID, session.ID, session.VisitorID, c).orElse(chat.Missing()))
}

// Forget implements gate.Store. What hangs on a session's row goes with it.
func (s *Store) Forget(ctx context.Context, at time.Time, limit int) (int, error) {
	gone := make(map[string]bool)
	note := func(row Row) error {
		var session string
		if err := row.Scan(&session); err != nil {
			return err
		}
		gone[session] = true
		return nil
	}
	err := act(ctx, s.engine, "forget what is over",
		forgetSessions.with(at.UnixMicro(), limit).scan(note),
		forgetCredentials.with(at.UnixMicro(), limit).scan(note))
	return len(gone), err
}
