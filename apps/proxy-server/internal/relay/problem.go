package relay

import (
	"context"
	"errors"
	"log/slog"

	"securechat/internal/chat"
)

// titles are what people are told of a turn that went wrong. Whatever an agent
// says of its failure, only these words reach a visitor.
var titles = map[string]string{
	"agent_unavailable": "The assistant cannot be reached at the moment.",
	"agent_busy":        "The assistant is busy at the moment.",
	"agent_timeout":     "The assistant took too long to answer.",
	"agent_failed":      "The assistant could not finish its answer.",
	"agent_interrupted": "The answer broke off before its end.",
	"agent_empty":       "The assistant had no answer.",
	"agent_too_long":    "The answer was too long and was cut.",
	"store_unavailable": "The answer could not be kept. Please ask again.",
}

func broken(kind chat.Kind, code string, cause error) error {
	return &chat.Error{Kind: kind, Code: code, Text: titles[code], Err: cause}
}

var (
	errLost     = errors.New("the turn goes on elsewhere")
	errPanicked = errors.New("panicked")
	errEmpty    = broken(chat.Unavailable, "agent_empty", nil)
	errTooLong  = broken(chat.Cut, "agent_too_long", nil)
	errTotal    = broken(chat.Cut, "agent_timeout", errors.New("the answer took longer than the site allows"))
	errShutdown = broken(chat.Cut, "agent_interrupted", errors.New("the process had to end"))
	errCrashed  = broken(chat.Cut, "agent_interrupted", errors.New("the process that worked on it ended"))
	errUnkept   = broken(chat.Cut, "store_unavailable", errors.New("the store was away for too long"))
)

// stateAfter is how a turn ends that err ended.
func stateAfter(err error) chat.TurnState {
	switch {
	case err == nil:
		return chat.TurnDone
	case errors.Is(err, errStopped):
		return chat.TurnStopped
	case chat.KindOf(err) == chat.Cut:
		return chat.TurnInterrupted
	}
	return chat.TurnFailed
}

// problem is what is told of err: fixed words, and an id under which the cause
// stands in the log. It is nil where nothing went wrong.
func (t *turn) problem(err error) *chat.Problem {
	if err == nil || errors.Is(err, errStopped) {
		return nil
	}
	code := chat.CodeOf(err)
	if _, known := titles[code]; !known {
		code = "agent_failed"
	}
	p := &chat.Problem{Code: code, Title: titles[code], ID: chat.NewID()}
	t.relay.Logger.LogAttrs(context.Background(), slog.LevelWarn, "turn broke off", slog.String("problem", p.ID),
		slog.String("code", code), slog.String("turn", string(t.ID)), slog.String("site", string(t.SiteID)),
		slog.Any("error", err))
	return p
}
