package web

import (
	"net/http"
	"strconv"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

type enterRequest struct {
	SiteKey     *string `json:"site_key"`
	Ticket      *string `json:"ticket"`
	PageURL     *string `json:"page_url"`
	Referrer    *string `json:"referrer"`
	Locale      *string `json:"locale"`
	Fingerprint *string `json:"fingerprint"`
	Identity    *string `json:"identity"`
}

const (
	longestName  = 256  // of keys, locales and hints
	longestToken = 8192 // of tickets
	longestURL   = 32 << 10
)

// errIdentity refuses what nobody here can check: taken in silence it would
// look as if the visitor had been verified.
var errIdentity = &chat.Error{Kind: chat.Invalid, Code: "identity_unsupported", Field: "identity", Text: "must be left out: no site can check who its visitors are"}

// errNoPage refuses an empty address, which inside the house means that none
// was told.
var errNoPage = chat.Wrong("page_url", "must be an address such as https://shop.example/lamps")

// entry checks everything about the request that needs no site.
func (e enterRequest) entry() (gate.Entry, error) {
	var checked gate.Entry
	var err error
	if checked.SiteKey, err = required("site_key", e.SiteKey); err != nil {
		return gate.Entry{}, err
	}
	if e.Identity != nil {
		return gate.Entry{}, errIdentity
	}
	page, err := required("page_url", e.PageURL)
	if err != nil {
		return gate.Entry{}, err
	}
	if page == "" {
		return gate.Entry{}, errNoPage
	}
	if _, err = (chat.Policy{}).PageAddress("page_url", page); err != nil {
		return gate.Entry{}, err
	}
	for _, member := range []struct {
		name  string
		value *string
		most  int
		into  *string
	}{
		{"site_key", e.SiteKey, longestName, &checked.SiteKey},
		{"ticket", e.Ticket, longestToken, &checked.Ticket},
		{"referrer", e.Referrer, longestURL, new(string)},
		{"locale", e.Locale, longestName, &checked.Locale},
		{"fingerprint", e.Fingerprint, longestName, &checked.Fingerprint},
	} {
		if *member.into, err = optional(member.name, member.value, member.most); err != nil {
			return gate.Entry{}, err
		}
	}
	return checked, nil
}

// enter is POST /api/v1/sessions.
func (s *server) enter(w http.ResponseWriter, r *http.Request) error {
	if s.streams.isDraining() {
		return errDraining
	}
	asked, err := decode[enterRequest](w, r)
	if err != nil {
		return err
	}
	entry, err := asked.entry()
	if err != nil {
		return err
	}
	entry.Caller, entry.Credentials, entry.UserAgent = s.caller(r), credentials(r), r.UserAgent()
	entered, err := s.Gate.Enter(r.Context(), entry)
	if err != nil {
		return err
	}
	thread, err := s.thread(r, entered.Session, "", latest)
	if err != nil {
		return err
	}
	if entered.Framed && entered.Minted {
		setCookie(w, entered.CookieName, entered.Token.Reveal())
	}
	now := toCurrent(entered.Session, entered.Visitor)
	return answer(w, http.StatusCreated, enteredJSON{
		Session:      now.Session,
		Visitor:      now.Visitor,
		Token:        entered.Token.Reveal(),
		Site:         toSite(entered.Site),
		Conversation: thread,
		Cursor:       thread.Cursor,
	})
}

// current is GET /api/v1/session.
func (s *server) current(w http.ResponseWriter, r *http.Request) error {
	pass, err := s.pass(w, r, gate.Reading)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, toCurrent(pass.Session, pass.Visitor))
}

// leave is DELETE /api/v1/session.
func (s *server) leave(w http.ResponseWriter, r *http.Request) error {
	pass, err := s.pass(w, r, gate.Acting)
	if err != nil {
		return err
	}
	if err := s.Gate.Leave(r.Context(), pass); err != nil {
		return err
	}
	s.streams.end(pass.Session.ID)
	if credentials(r).Bearer == "" {
		dropCookie(w, gate.CookieName(pass.Site))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

const (
	latest     = 50 // messages told where no number was asked for
	mostAtOnce = 100
)

// conversation is GET /api/v1/session/conversation.
func (s *server) conversation(w http.ResponseWriter, r *http.Request) error {
	pass, err := s.pass(w, r, gate.Reading)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	limit := latest
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > mostAtOnce {
			return chat.Wrong("limit", "must be a whole number from 1 to 100")
		}
	}
	var before chat.MessageID
	if text := query.Get("before"); text != "" {
		if before, err = chat.ParseMessageID("before", text); err != nil {
			return err
		}
	}
	thread, err := s.thread(r, pass.Session, before, limit)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, thread)
}

// newConversation is POST /api/v1/session/conversations.
func (s *server) newConversation(w http.ResponseWriter, r *http.Request) error {
	pass, err := s.pass(w, r, gate.Acting)
	if err != nil {
		return err
	}
	session, err := s.Gate.NewConversation(r.Context(), pass)
	if err != nil {
		return err
	}
	s.streams.end(session.ID) // they follow the thread that was left
	thread, err := s.thread(r, session, "", latest)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, thread)
}

// thread is a stretch of the session's conversation, as it is told.
func (s *server) thread(r *http.Request, of chat.Session, before chat.MessageID, limit int) (conversationJSON, error) {
	told, cursor, err := s.Relay.Snapshot(r.Context(), of.SiteID, of.ConversationID, before, limit)
	if err != nil {
		return conversationJSON{}, err
	}
	return toConversation(told, cursor), nil
}
