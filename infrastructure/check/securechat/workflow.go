package securechat

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Workflow is a streaming webhook of n8n that says a word of its answer each
// time it is told one, and ends the answer when it is told to.
type Workflow struct {
	URL string

	words chan string
}

// NewWorkflow starts one. It answers one question at a time.
func NewWorkflow(t testing.TB) *Workflow {
	w := &Workflow{words: make(chan string)}
	server := httptest.NewServer(http.HandlerFunc(w.answer))
	w.URL = server.URL + "/webhook/test"
	t.Cleanup(server.Close)
	return w
}

// Say has the answer under way go on by a word, and End closes it. Both
// return once the workflow has taken that up.
func (w *Workflow) Say(word string) { w.words <- word }
func (w *Workflow) End()            { w.words <- "" }

func (w *Workflow) answer(out http.ResponseWriter, r *http.Request) {
	write := func(kind, content string) {
		_ = json.NewEncoder(out).Encode(map[string]any{"type": kind, "content": content,
			"metadata": map[string]any{"nodeId": "1", "nodeName": "AI Agent", "itemIndex": 0, "runIndex": 0}})
		_ = http.NewResponseController(out).Flush()
	}
	out.Header().Set("Content-Type", "application/json")
	write("begin", "")
	for {
		select {
		case <-r.Context().Done():
			return
		case word := <-w.words:
			if word == "" {
				write("end", "")
				return
			}
			write("item", word)
		}
	}
}
