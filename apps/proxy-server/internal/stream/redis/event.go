package redis

import (
	"context"
	"encoding/json/v2"
	"fmt"

	"securechat/internal/chat"
)

// Sealer hides what people say from whoever reads Redis. What Seal returned
// opens only with the same aad.
type Sealer interface {
	Seal(ctx context.Context, site chat.SiteID, plain, aad []byte) ([]byte, error)
	Open(ctx context.Context, site chat.SiteID, sealed, aad []byte) ([]byte, error)
}

// told is an event as it is kept. Replicas of two versions read each other's:
// members may be added, and none may change its meaning.
type told struct {
	Kind       chat.EventKind `json:"k"`
	TurnID     chat.TurnID    `json:"t,omitzero"`
	Seq        int            `json:"n,omitzero"`
	QuestionID chat.MessageID `json:"q,omitzero"`
	MessageID  chat.MessageID `json:"m,omitzero"`
	Text       string         `json:"x,omitzero"`
	Label      string         `json:"l,omitzero"`
	Position   int            `json:"p,omitzero"`
	Card       *chat.Card     `json:"card,omitzero"`
	Status     chat.TurnState `json:"status,omitzero"`
	Problem    *chat.Problem  `json:"problem,omitzero"`
	Message    *chat.Message  `json:"message,omitzero"`
}

// aad binds an event to its conversation.
func aad(c chat.ConversationID) []byte { return []byte("log|" + string(c)) }

func (l *Log) seal(ctx context.Context, c chat.ConversationID, e chat.Event) (string, error) {
	plain, err := json.Marshal(told{
		Kind: e.Kind, TurnID: e.TurnID, Seq: e.Seq, QuestionID: e.QuestionID, MessageID: e.MessageID, Text: e.Text,
		Label: e.Label, Position: e.Position, Card: e.Card, Status: e.Status, Problem: e.Problem, Message: e.Message,
	}, json.FormatNilSliceAsNull(true))
	if err != nil {
		return "", fmt.Errorf("write event: %w", err)
	}
	sealed, err := l.Sealer.Seal(ctx, "", plain, aad(c))
	if err != nil {
		return "", fmt.Errorf("seal event: %w", err)
	}
	return string(sealed), nil
}

// open returns the event without its cursor.
func (l *Log) open(ctx context.Context, c chat.ConversationID, sealed string) (chat.Event, error) {
	plain, err := l.Sealer.Open(ctx, "", []byte(sealed), aad(c))
	if err != nil {
		return chat.Event{}, fmt.Errorf("open event: %w", err)
	}
	var t told
	if err := json.Unmarshal(plain, &t); err != nil {
		return chat.Event{}, fmt.Errorf("read event: %w", err)
	}
	return chat.Event{
		Kind: t.Kind, TurnID: t.TurnID, Seq: t.Seq, QuestionID: t.QuestionID, MessageID: t.MessageID, Text: t.Text,
		Label: t.Label, Position: t.Position, Card: t.Card, Status: t.Status, Problem: t.Problem, Message: t.Message,
	}, nil
}
