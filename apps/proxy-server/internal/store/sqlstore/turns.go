package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// turnRow is a row as it lies in the table.
type turnRow struct {
	turn      chat.Turn
	text      []byte
	createdAt int64
	endedAt   *int64
}

// columns are the places for a row selected as turnColumns.
func (r *turnRow) columns() []any {
	t := &r.turn
	return []any{&t.SiteID, &t.ID, &t.ConversationID, &t.VisitorID, &t.SessionID, &t.QuestionID, &t.AnswerID,
		&t.State, &t.Owner, &t.Seq, &r.text, &r.createdAt, &r.endedAt}
}

func turnPlace(site chat.SiteID, id chat.TurnID) place {
	return place{table: "turns", column: "text", site: site, row: string(id)}
}

func (s *Store) openTurn(ctx context.Context, r turnRow) (t chat.Turn, err error) {
	t = r.turn
	t.Text, err = s.seal.openText(ctx, turnPlace(t.SiteID, t.ID), r.text)
	t.CreatedAt, t.EndedAt = moment(&r.createdAt), moment(r.endedAt)
	return t, err
}

// exchange is a turn with its question.
type exchange struct {
	question messageRow
	turn     turnRow
}

func (e *exchange) scan(row Row) error {
	return row.Scan(append(e.question.columns(), e.turn.columns()...)...)
}

func (s *Store) openExchange(ctx context.Context, e exchange) (chat.Message, chat.Turn, error) {
	question, err := s.openMessage(ctx, e.question)
	if err != nil {
		return chat.Message{}, chat.Turn{}, err
	}
	turn, err := s.openTurn(ctx, e.turn)
	return question, turn, err
}

// queueMoves is about what an answer takes: then another question may wait.
const queueMoves = 5 * time.Second

var (
	errIDTaken   = errors.New("the message id is stored already, or an answer's")
	errQueueFull = &chat.Error{Kind: chat.Limited, Code: "queue_full", Text: "Too many questions wait for an answer. Try again once one has come.", RetryAfter: queueMoves}
	errNotYours  = chat.E(chat.Conflict, "turn_not_yours", "This turn has ended or goes on elsewhere.")
)

// Begin implements relay.Store.
func (s *Store) Begin(ctx context.Context, q chat.Message, t chat.Turn) (chat.Message, chat.Turn, bool, error) {
	q.TurnID, t.QuestionID = t.ID, q.ID
	t.SiteID, t.ConversationID = q.SiteID, q.ConversationID
	store, err := s.addMessage(ctx, q)
	if err != nil {
		return chat.Message{}, chat.Turn{}, false, err
	}
	err = act(ctx, s.engine, "begin turn",
		advanceForQuestion.with(q.SiteID, q.ConversationID, q.ID).
			scan(func(row Row) error { return row.Scan(&q.Number) }).orElse(errIDTaken),
		store.orElse(errIDTaken),
		addTurn.with(q.SiteID, q.ConversationID, t.ID, t.VisitorID, t.SessionID, q.ID, t.AnswerID,
			t.Owner, t.Seq, t.CreatedAt.UnixMicro(), relay.MostWaiting).
			scan(func(row Row) error { return row.Scan(&t.State, &t.Owner) }).orElse(errQueueFull))
	if errors.Is(err, errIDTaken) {
		return s.toldBefore(ctx, q)
	}
	if err != nil {
		return chat.Message{}, chat.Turn{}, false, err
	}
	q.CreatedAt, t.CreatedAt = wholeMicros(q.CreatedAt), wholeMicros(t.CreatedAt)
	return q, t, true, nil
}

// toldBefore returns what is stored under the question's id, and Conflict
// where that is not a question.
func (s *Store) toldBefore(ctx context.Context, q chat.Message) (chat.Message, chat.Turn, bool, error) {
	var (
		e      exchange
		found  bool
		number int64
	)
	err := look(ctx, s.engine, "read question",
		conversationByID.with(q.SiteID, q.ConversationID, q.ID).
			scan(func(row Row) error { return row.Scan(&number) }).orElse(chat.Missing()),
		questionAndTurn.with(q.SiteID, q.ConversationID, q.ID).scan(func(row Row) error {
			found = true
			return e.scan(row)
		}))
	if err != nil {
		return chat.Message{}, chat.Turn{}, false, err
	}
	if !found {
		return chat.Message{}, chat.Turn{}, false, chat.E(chat.Conflict, "id_taken", "This id belongs to another message.")
	}
	question, turn, err := s.openExchange(ctx, e)
	return question, turn, false, err
}

// Note implements relay.Store.
func (s *Store) Note(ctx context.Context, t chat.Turn, seq int, text string) error {
	sealed, err := s.seal.text(ctx, turnPlace(t.SiteID, t.ID), text)
	if err != nil {
		return err
	}
	return s.orMissing(ctx, t, act(ctx, s.engine, "note turn",
		noteTurn.with(t.SiteID, t.ID, t.Owner, seq, sealed).orElse(errNotYours)))
}

// Finish implements relay.Store.
func (s *Store) Finish(ctx context.Context, t chat.Turn, reply *chat.Message) (*relay.Next, error) {
	if t.State.Open() {
		return nil, fmt.Errorf("finish turn: state %q is no end", t.State)
	}
	var (
		promoted chat.TurnID
		next     exchange
		grows    int
		store    Statement
		err      error
	)
	if reply != nil {
		answer := *reply
		answer.SiteID, answer.ConversationID, answer.TurnID = t.SiteID, t.ConversationID, t.ID
		grows = 1
		if store, err = s.addMessage(ctx, answer); err != nil {
			return nil, err
		}
	}
	statements := []Statement{
		advance.with(t.SiteID, t.ConversationID, grows).orElse(chat.Missing()),
		endTurn.with(t.SiteID, t.ID, t.Owner, t.State, t.Seq, t.EndedAt.UnixMicro(), t.ConversationID).orElse(errNotYours),
	}
	if reply != nil {
		statements = append(statements, store.orElse(errNotYours))
	}
	statements = append(statements,
		promoteTurn.with(t.SiteID, t.ConversationID, t.Owner).scan(func(row Row) error { return row.Scan(&promoted) }),
		runningTurn.with(t.SiteID, t.ConversationID).scan(next.scan))
	if err := s.orMissing(ctx, t, act(ctx, s.engine, "finish turn", statements...)); err != nil || promoted == "" {
		return nil, err
	}
	question, turn, err := s.openExchange(ctx, next)
	if err != nil {
		return nil, err
	}
	return &relay.Next{Turn: turn, Question: question}, nil
}

// Turn implements relay.Store.
func (s *Store) Turn(ctx context.Context, site chat.SiteID, id chat.TurnID) (chat.Turn, error) {
	var r turnRow
	err := look(ctx, s.engine, "read turn", turnByID.with(site, id).
		scan(func(row Row) error { return row.Scan(r.columns()...) }).orElse(chat.Missing()))
	if err != nil {
		return chat.Turn{}, err
	}
	return s.openTurn(ctx, r)
}

// orMissing tells a turn that another owns from one that is not there.
func (s *Store) orMissing(ctx context.Context, t chat.Turn, err error) error {
	if chat.KindOf(err) != chat.Conflict {
		return err
	}
	if _, missing := s.Turn(ctx, t.SiteID, t.ID); missing != nil {
		return missing
	}
	return err
}
