package web

import (
	"context"
	"net/http"
	"strings"

	"securechat/internal/chat"
	"securechat/internal/gate"
	"securechat/internal/relay"
)

// events is GET /api/v1/session/events.
func (s *server) events(w http.ResponseWriter, r *http.Request) error {
	pass, err := s.pass(w, r, gate.Reading)
	if err != nil {
		return err
	}
	after, err := cursorOf(r)
	if err != nil {
		return err
	}
	return s.stream(w, r, pass, asEvents, func(ctx context.Context, wake func()) (relay.Reader, error) {
		return s.Relay.Follow(ctx, pass.Session.SiteID, pass.Session.ConversationID, after, wake)
	})
}

// longestCursor is far more than any log's own.
const longestCursor = 128

// cursorOf is where the reader wants to go on: the header that browsers send
// by themselves wins over the address that a stream was first asked with.
func cursorOf(r *http.Request) (chat.Cursor, error) {
	text := r.URL.Query().Get("cursor")
	if values := r.Header.Values("Last-Event-ID"); len(values) > 0 {
		text = strings.Join(values, ",")
	}
	if len(text) > longestCursor {
		return "", &chat.Error{Kind: chat.Malformed, Code: "bad_cursor", Field: "cursor", Text: "is not a cursor of ours"}
	}
	return chat.Cursor(text), nil
}
