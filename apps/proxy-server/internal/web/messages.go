package web

import (
	"context"
	"net/http"
	"strings"

	"securechat/internal/chat"
	"securechat/internal/gate"
	"securechat/internal/relay"
)

type sendRequest struct {
	ID          *string  `json:"id"`
	Text        *string  `json:"text"`
	PageURL     *string  `json:"page_url"`
	Attachments []string `json:"attachments"`
}

// draft is the message that the request asks to send.
func (m sendRequest) draft(policy chat.Policy) (chat.Draft, error) {
	id, err := required("id", m.ID)
	if err != nil {
		return chat.Draft{}, err
	}
	text, err := required("text", m.Text)
	if err != nil {
		return chat.Draft{}, err
	}
	page, err := optional("page_url", m.PageURL, longestURL)
	if err != nil {
		return chat.Draft{}, err
	}
	if m.PageURL != nil && page == "" {
		return chat.Draft{}, errNoPage
	}
	if len(m.Attachments) > 0 {
		return chat.Draft{}, chat.Wrong("attachments", "must be empty: this site takes no files")
	}
	return chat.NewDraft(id, text, page, policy.TextLimit())
}

// send is POST /api/v1/session/messages. The answer begins once question and
// turn are on disk; asked for as a stream it is the turn's events.
func (s *server) send(w http.ResponseWriter, r *http.Request) error {
	pass, err := s.pass(w, r, gate.Sending)
	if err != nil {
		return err
	}
	asked, err := decode[sendRequest](w, r)
	if err != nil {
		return err
	}
	draft, err := asked.draft(pass.Site.Policy)
	if err != nil {
		return err
	}
	sent, err := s.Relay.Send(r.Context(), s.asker(r, pass), draft)
	if err != nil {
		return err
	}
	if wantsStream(r) {
		return s.stream(w, r, pass, asAnswer, s.followTurn(sent.Turn))
	}
	return answer(w, http.StatusAccepted, sentJSON{
		Message: toMessage(sent.Question),
		Turn:    sentTurn{ID: string(sent.Turn.ID), State: string(sent.Turn.State)},
	})
}

// asker is what the relay is told of who asks.
func (s *server) asker(r *http.Request, pass gate.Pass) relay.Asker {
	return relay.Asker{Site: pass.Site, Visitor: pass.Visitor, Session: pass.Session, Place: s.placeOf(r)}
}

// followTurn opens the events of one turn.
func (s *server) followTurn(t chat.Turn) follow {
	return func(ctx context.Context, wake func()) (relay.Reader, error) {
		return s.Relay.FollowTurn(ctx, t.SiteID, t.ConversationID, t.ID, wake)
	}
}

func wantsStream(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), asEvents.kind)
}

// stop is POST /api/v1/session/turns/{id}/stop.
func (s *server) stop(w http.ResponseWriter, r *http.Request) error {
	pass, err := s.pass(w, r, gate.Acting)
	if err != nil {
		return err
	}
	id, err := chat.ParseMessageID("id", r.PathValue("id"))
	if err != nil {
		return chat.Missing()
	}
	if err := s.Relay.Stop(r.Context(), pass.Session.SiteID, pass.Session.ConversationID, chat.TurnID(id)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

type feedbackRequest struct {
	Rating  *int    `json:"rating"`
	Comment *string `json:"comment"`
}

const longestComment = 1000

// rate is POST /api/v1/session/messages/{id}/feedback.
func (s *server) rate(w http.ResponseWriter, r *http.Request) error {
	pass, err := s.pass(w, r, gate.Acting)
	if err != nil {
		return err
	}
	id, err := chat.ParseMessageID("id", r.PathValue("id"))
	if err != nil {
		return chat.Missing()
	}
	given, err := decode[feedbackRequest](w, r)
	if err != nil {
		return err
	}
	if given.Rating == nil {
		return chat.Wrong("rating", "is required")
	}
	if *given.Rating != 1 && *given.Rating != -1 {
		return chat.Wrong("rating", "must be 1 or -1")
	}
	comment, err := optional("comment", given.Comment, longestComment)
	if err != nil {
		return err
	}
	if err := s.Relay.Rate(r.Context(), pass.Session.SiteID, pass.Session.ConversationID, id, *given.Rating, comment); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
