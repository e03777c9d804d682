package web

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"strings"

	"securechat/internal/chat"
)

type ofTurn struct {
	TurnID string `json:"turn_id"`
	Seq    int    `json:"seq"`
}

type ofAnswer struct {
	ofTurn
	MessageID string `json:"message_id"`
}

type messageAdded struct {
	Message messageJSON `json:"message"`
}

type turnQueued struct {
	ofTurn
	Position int `json:"position"`
}

type turnStarted struct {
	ofTurn
	QuestionID string `json:"question_id"`
	MessageID  string `json:"message_id"`
}

type textTold struct {
	ofAnswer
	Text string `json:"text"`
}

type activityNoted struct {
	ofTurn
	Label string `json:"label"`
}

type cardAdded struct {
	ofAnswer
	Card cardJSON `json:"card"`
}

type turnEnded struct {
	ofAnswer
	Status  string       `json:"status"`
	Error   *answerError `json:"error,omitzero"`
	Message *messageJSON `json:"message,omitzero"`
}

// encode is json.Marshal for our own shapes. Text that is not UTF-8 is written
// with U+FFFD in place of what is not, rather than not at all.
func encode[T any](value T) ([]byte, error) {
	return json.Marshal(value, jsontext.AllowInvalidUTF8(true))
}

// eventData is the data of an event: one line of JSON.
func eventData(e chat.Event) ([]byte, error) {
	turn := ofTurn{TurnID: string(e.TurnID), Seq: e.Seq}
	answer := ofAnswer{ofTurn: turn, MessageID: string(e.MessageID)}
	switch e.Kind {
	case chat.MessageAdded:
		if e.Message == nil {
			return nil, fmt.Errorf("encode %s: it has no message", e.Kind)
		}
		return encode(messageAdded{toMessage(*e.Message)})
	case chat.TurnQueued:
		return encode(turnQueued{turn, e.Position})
	case chat.TurnStarted:
		return encode(turnStarted{turn, string(e.QuestionID), string(e.MessageID)})
	case chat.TextDelta, chat.TextReplaced:
		return encode(textTold{answer, e.Text})
	case chat.ActivityNoted:
		return encode(activityNoted{turn, e.Label})
	case chat.CardAdded:
		if e.Card == nil {
			return nil, fmt.Errorf("encode %s: it has no card", e.Kind)
		}
		return encode(cardAdded{answer, toCard(*e.Card)})
	case chat.TurnEnded:
		ended := turnEnded{ofAnswer: answer, Status: string(e.Status), Error: toAnswerError(e.Problem)}
		if e.Message != nil {
			stored := toMessage(*e.Message)
			ended.Message = &stored
		}
		return encode(ended)
	case chat.LogReset:
		return []byte("{}"), nil
	}
	return nil, fmt.Errorf("encode event: %q is not a kind", e.Kind)
}

// appendEvent appends the frame of one event to buffer. It is the only maker
// of frames: the data cannot hold a line break, because JSON escapes it, and
// an id or kind that does is refused.
func appendEvent(buffer []byte, e chat.Event) ([]byte, error) {
	data, err := eventData(e)
	if err != nil {
		return buffer, err
	}
	if strings.ContainsAny(string(e.Cursor), "\x00\r\n") {
		return buffer, fmt.Errorf("encode %s: its cursor holds a line break or NUL", e.Kind)
	}
	if e.Cursor != "" {
		buffer = append(append(append(buffer, "id: "...), e.Cursor...), '\n')
	}
	buffer = append(append(append(buffer, "event: "...), e.Kind...), '\n')
	return append(append(append(buffer, "data: "...), data...), "\n\n"...), nil
}
