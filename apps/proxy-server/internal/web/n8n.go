package web

import (
	"encoding/json/jsontext"
	"errors"
	"net/http"
	"strings"

	"securechat/internal/chat"
	"securechat/internal/gate"
	"securechat/internal/relay"
)

const n8nPath = "/n8n/{site_key}/chat"

// n8nRequest is what the official @n8n/chat widget sends. Its metadata is
// read past: nothing that a page says goes to the agent unchecked.
type n8nRequest struct {
	Action    *string        `json:"action"`
	SessionID *string        `json:"sessionId"`
	ChatInput *string        `json:"chatInput"`
	Metadata  jsontext.Value `json:"metadata"`
}

// n8nChat is POST /n8n/{site_key}/chat: it takes what n8n's Chat Trigger takes
// and answers in its words.
func (s *server) n8nChat(w http.ResponseWriter, r *http.Request) error {
	asked, err := decode[n8nRequest](w, r)
	if err != nil {
		return err
	}
	action, err := required("action", asked.Action)
	if err != nil {
		return err
	}
	word, err := required("sessionId", asked.SessionID)
	if err != nil {
		return err
	}
	guest := gate.Guest{SiteKey: r.PathValue("site_key"), Word: word, UserAgent: r.UserAgent(), Caller: s.caller(r)}
	switch action {
	case "loadPreviousSession":
		return s.n8nPrevious(w, r, guest)
	case "sendMessage":
		return s.n8nSend(w, r, guest, asked)
	}
	return chat.Wrong("action", "must be sendMessage or loadPreviousSession")
}

// n8nMessage is a message as LangChain writes it, of which the widget reads
// the last name of ID and the content.
type n8nMessage struct {
	ID     []string `json:"id"`
	Kwargs n8nText  `json:"kwargs"`
}

type n8nText struct {
	Content string `json:"content"`
}

type n8nPrevious struct {
	Data []n8nMessage `json:"data"`
}

// n8nPrevious tells the history to the bearer of its word. Somebody unknown
// gets an empty one: merely looking opens no session.
func (s *server) n8nPrevious(w http.ResponseWriter, r *http.Request, guest gate.Guest) error {
	pass, err := s.Gate.Welcome(r.Context(), guest, gate.Reading)
	if chat.KindOf(err) == chat.Unauthorized {
		return answer(w, http.StatusOK, n8nPrevious{Data: []n8nMessage{}})
	}
	if err != nil {
		return err
	}
	thread, _, err := s.Relay.Snapshot(r.Context(), pass.Session.SiteID, pass.Session.ConversationID, "", mostAtOnce)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, n8nPrevious{Data: each(thread.Messages, toN8n)})
}

func toN8n(m chat.Message) n8nMessage {
	kind := "AIMessage"
	if m.Author == chat.ByVisitor {
		kind = "HumanMessage"
	}
	return n8nMessage{ID: []string{"langchain_core", "messages", kind}, Kwargs: n8nText{Content: m.Text}}
}

func (s *server) n8nSend(w http.ResponseWriter, r *http.Request, guest gate.Guest, asked n8nRequest) error {
	text, err := required("chatInput", asked.ChatInput)
	if err != nil {
		return err
	}
	pass, err := s.Gate.Welcome(r.Context(), guest, gate.Sending)
	if err != nil {
		return err
	}
	tellLimit(w, pass.Verdict)
	page, err := pass.Site.Policy.PageAddress("page_url", r.Referer())
	if err != nil {
		page = "" // a browser may send any referrer, or none
	}
	draft, err := chat.NewDraft(chat.NewID(), text, page, pass.Site.Policy.TextLimit())
	if told, ok := errors.AsType[*chat.Error](err); ok && told.Field == "text" {
		told.Field = "chatInput"
	}
	if err != nil {
		return err
	}
	sent, err := s.Relay.Send(r.Context(), s.asker(r, pass), draft)
	if err != nil {
		return err
	}
	if strings.Contains(r.Header.Get("Accept"), "text/plain") { // sent where the widget was told to stream
		return s.stream(w, r, pass, asN8n, s.followTurn(sent.Turn))
	}
	return s.n8nWhole(w, r, sent.Turn)
}

type n8nOutput struct {
	Output string `json:"output"`
}

// n8nWhole waits for the turn's end and answers all at once.
func (s *server) n8nWhole(w http.ResponseWriter, r *http.Request, turn chat.Turn) error {
	follow := s.followTurn(turn)
	for e, err := range relay.Hear(r.Context(), func(wake func()) (relay.Reader, error) { return follow(r.Context(), wake) }) {
		if err != nil {
			return err
		}
		if e.Kind != chat.TurnEnded {
			continue
		}
		if e.Message != nil && e.Message.Text != "" {
			return answer(w, http.StatusOK, n8nOutput{e.Message.Text})
		}
		if e.Problem != nil {
			return chat.E(chat.Cut, e.Problem.Code, e.Problem.Title)
		}
		return answer(w, http.StatusOK, n8nOutput{})
	}
	return r.Context().Err()
}

// n8nChunk is one line of n8n's streaming answer.
type n8nChunk struct {
	Type     string  `json:"type"`
	Content  string  `json:"content,omitzero"`
	Metadata n8nNode `json:"metadata"`
}

// n8nNode is where a chunk says it comes from. Ours names no node of anybody.
type n8nNode struct {
	NodeID   string `json:"nodeId"`
	NodeName string `json:"nodeName"`
	Item     int    `json:"itemIndex"`
	Run      int    `json:"runIndex"`
}

func n8nLine(kind, content string) []byte {
	line, err := encode(n8nChunk{Type: kind, Content: content, Metadata: n8nNode{NodeID: "assistant", NodeName: "Assistant"}})
	if err != nil {
		panic(err) // our own shapes encode, or the program is wrong
	}
	return append(line, '\n')
}

// n8nLines is an event in n8n's words. A text that replaces another begins
// anew, which the widget shows as a further message.
func n8nLines(e chat.Event) []byte {
	switch e.Kind {
	case chat.TurnStarted:
		return n8nLine("begin", "")
	case chat.TextDelta:
		return n8nLine("item", e.Text)
	case chat.TextReplaced:
		return append(append(n8nLine("end", ""), n8nLine("begin", "")...), n8nLine("item", e.Text)...)
	case chat.TurnEnded:
		if e.Problem != nil {
			return append(n8nLine("error", e.Problem.Title), n8nLine("end", "")...)
		}
		return n8nLine("end", "")
	}
	return nil
}

// asN8n is n8n's streaming answer: a JSON object a line.
var asN8n = wording{
	kind:   "application/json; charset=utf-8",
	beat:   `{"type":"keepalive"}` + "\n",
	append: func(line []byte, e chat.Event) ([]byte, error) { return append(line, n8nLines(e)...), nil },
}

// n8nProblem has the member that the widget shows, whatever the status.
type n8nProblem struct {
	problem
	Message string `json:"message"`
}

func asksForN8n(r *http.Request) bool { return notes(r.Context()).route == http.MethodPost+" "+n8nPath }
