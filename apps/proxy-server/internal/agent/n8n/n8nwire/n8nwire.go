// Package n8nwire serves an agent of ours as an n8n workflow would: a webhook
// that takes the envelope and streams n8n's chunks. With it the demo shop can
// be answered through the n8n adapter, by a process of its own. It checks no
// credential and has no editor, queue or memory.
package n8nwire

import (
	"context"
	"encoding/json/v2"
	"fmt"
	"io"
	"iter"
	"net/http"
	"sync"
	"time"

	"securechat/internal/chat"
)

// Agent is who answers.
type Agent interface {
	Ask(ctx context.Context, p chat.Prompt) iter.Seq2[chat.Piece, error]
}

const (
	longestBody = 16 << 20         // bytes; n8n's own default
	keepalive   = 30 * time.Second // n8n's own, whether or not anything else is sent
)

// Handler answers every POST with the agent's answer to the envelope in its
// body, in the streaming response mode. When the client goes away the agent is
// stopped, which n8n would not do.
func Handler(agent Agent) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			problem(w, http.StatusNotFound, "This webhook is not registered for "+r.Method+" requests. Did you mean to make a POST request?")
			return
		}
		prompt, err := readPrompt(http.MaxBytesReader(w, r.Body, longestBody))
		if err != nil {
			problem(w, http.StatusUnprocessableEntity, "Failed to parse request body")
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache, no-transform")
		s := &stream{w: w, flush: http.NewResponseController(w)}
		s.flushNow()
		stop := s.keepAlive()
		defer stop()
		s.play(agent.Ask(r.Context(), prompt))
	})
}

func problem(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, map[string]string{"message": message})
}

// envelope is what an agent needs of the body.
type envelope struct {
	SessionID string `json:"sessionId"`
	ChatInput string `json:"chatInput"`
	Metadata  struct {
		Site      struct{ ID string } `json:"site"`
		PageURL   string              `json:"page_url"`
		UserAgent string              `json:"user_agent"`
		Locale    string              `json:"locale"`
		Time      time.Time           `json:"time"`
		Geo       struct {
			Country string `json:"country"`
			Region  string `json:"region"`
			City    string `json:"city"`
		} `json:"geo"`
		Visitor struct {
			ID         string `json:"id"`
			Returning  bool   `json:"returning"`
			CustomerID string `json:"customer_id"`
		} `json:"visitor"`
		History []struct {
			Role string    `json:"role"`
			Text string    `json:"text"`
			At   time.Time `json:"at"`
		} `json:"history"`
	} `json:"metadata"`
}

func readPrompt(body io.Reader) (chat.Prompt, error) {
	var e envelope
	if err := json.UnmarshalRead(body, &e); err != nil {
		return chat.Prompt{}, fmt.Errorf("read envelope: %w", err)
	}
	p := chat.Prompt{
		ConversationID: chat.ConversationID(e.SessionID),
		Text:           e.ChatInput,
		PageURL:        e.Metadata.PageURL,
		UserAgent:      e.Metadata.UserAgent,
		Locale:         e.Metadata.Locale,
		Time:           e.Metadata.Time,
		Place:          chat.Place{Country: e.Metadata.Geo.Country, Region: e.Metadata.Geo.Region, City: e.Metadata.Geo.City},
		Visitor: chat.Visitor{
			ID:         chat.VisitorID(e.Metadata.Visitor.ID),
			Returning:  e.Metadata.Visitor.Returning,
			CustomerID: e.Metadata.Visitor.CustomerID,
		},
	}
	for _, said := range e.Metadata.History {
		author := chat.ByAgent
		if said.Role == "user" {
			author = chat.ByVisitor
		}
		p.History = append(p.History, chat.Message{Author: author, Text: said.Text, CreatedAt: said.At})
	}
	return p, nil
}

// chunk is one line of the stream.
type chunk struct {
	Type     string `json:"type"`
	Content  string `json:"content,omitempty"`
	Metadata *about `json:"metadata,omitempty"`
}

// about names the step that speaks.
type about struct {
	NodeID    string `json:"nodeId"`
	NodeName  string `json:"nodeName"`
	ItemIndex int    `json:"itemIndex"`
	RunIndex  int    `json:"runIndex"`
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970
}

const (
	speaker = "AI Agent"
	aside   = "securechat:meta"
)

var nodeIDs = map[string]string{
	speaker: "00000000-0000-4000-8000-000000000501",
	aside:   "00000000-0000-4000-8000-000000000502",
}

// stream writes chunks; the keepalive's timer writes beside the answer.
type stream struct {
	mu    sync.Mutex
	w     io.Writer
	flush *http.ResponseController
}

func (s *stream) keepAlive() (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var timer *time.Timer
	ended := false
	timer = time.AfterFunc(keepalive, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if ended { // nothing may be written once the handler has returned
			return
		}
		s.write(chunk{Type: "keepalive"})
		timer.Reset(keepalive)
	})
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		ended = true
		timer.Stop()
	}
}

// play writes the answer as one step, and notes and cards as the aside.
func (s *stream) play(answer iter.Seq2[chat.Piece, error]) {
	s.say("begin", speaker, "")
	for piece, err := range answer {
		switch {
		case err != nil:
			s.say("error", speaker, "The agent failed")
			return
		case piece.Card != nil, piece.Label != "":
			s.note(piece)
		case piece.Replace:
			s.say("begin", speaker, "") // begins the step again
			s.say("item", speaker, piece.Text)
		default:
			s.say("item", speaker, piece.Text)
		}
	}
	s.say("end", speaker, "")
}

// note is what is said beside the text.
type note struct {
	Activity string `json:"activity,omitempty"`
	Cards    []card `json:"cards,omitempty"`
}

type card struct {
	Title    string   `json:"title"`
	Subtitle string   `json:"subtitle,omitempty"`
	Price    string   `json:"price,omitempty"`
	OldPrice string   `json:"old_price,omitempty"`
	URL      string   `json:"url,omitempty"`
	Buttons  []button `json:"buttons,omitempty"`
}

type button struct {
	Label string `json:"label"`
	URL   string `json:"url,omitempty"`
	Say   string `json:"say,omitempty"`
}

// note sends what is no text as one line of JSON under the aside's name.
func (s *stream) note(piece chat.Piece) {
	n := note{Activity: piece.Label}
	if c := piece.Card; c != nil {
		shown := card{Title: c.Title, Subtitle: c.Subtitle, Price: c.Price, OldPrice: c.OldPrice, URL: c.URL}
		for _, b := range c.Buttons {
			shown.Buttons = append(shown.Buttons, button(b))
		}
		n.Cards = []card{shown}
	}
	line, err := json.Marshal(n)
	if err != nil {
		return // text that is no UTF-8 is not worth a broken answer
	}
	s.say("begin", aside, "")
	s.say("item", aside, string(line))
	s.say("end", aside, "")
}

func (s *stream) say(kind, node, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(chunk{Type: kind, Content: content, Metadata: &about{NodeID: nodeIDs[node], NodeName: node, Timestamp: time.Now().UnixMilli()}})
}

func (s *stream) write(c chunk) {
	line, err := json.Marshal(c)
	if err != nil {
		return
	}
	_, _ = s.w.Write(append(line, '\n')) // a client that is gone ends the answer by its context
	_ = s.flush.Flush()
}

func (s *stream) flushNow() { _ = s.flush.Flush() }
