package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// reader folds what it hears into the text of one answer, as contract.md
// tells clients to: deltas append, replacements set, a seq seen is ignored, a
// gap has the conversation fetched.
type reader struct {
	turn   string // the only one heeded, or ""
	cursor string
	seq    int
	text   string
	ended  bool
	reset  bool // the conversation is to be fetched anew
}

// hear takes the bytes of a stream; an event that is not whole yet is left.
func (r *reader) hear(stream []byte) error {
	for {
		frame, rest, whole := bytes.Cut(stream, []byte("\n\n"))
		if !whole {
			return nil
		}
		stream = rest
		var id, kind, data string
		for line := range strings.Lines(string(frame)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			switch name {
			case "id":
				id = value
			case "event":
				kind = value
			case "data":
				data = value
			}
		}
		if kind == "" {
			continue
		}
		r.cursor = id
		var event struct {
			Turn string `json:"turn_id"`
			Seq  int    `json:"seq"`
			Text string `json:"text"`
		}
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return err
		}
		if kind == "log-reset" {
			r.reset = true
			return nil
		}
		if kind == "message-added" || event.Seq <= r.seq || r.turn != "" && event.Turn != r.turn {
			continue
		}
		if event.Seq > r.seq+1 {
			r.reset = true
			return nil
		}
		r.seq = event.Seq
		switch kind {
		case "text-delta":
			r.text += event.Text
		case "text-replaced":
			r.text = event.Text
		case "turn-ended":
			r.ended = true
		}
	}
}

func TestAStreamCutAfterAnyByteEndsWithExactlyTheStoredText(t *testing.T) {
	p := newProgram(t)
	key := p.addSite(newWorkflow(t, time.Millisecond).URL)
	p.serve()
	v, err := p.visitor(key)
	if err != nil {
		t.Fatal(err)
	}
	before, err := v.history()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.send(newID(), "What do you sell?"); err != nil {
		t.Fatal(err)
	}
	whole := readStream(t, v, before.Cursor)
	all, err := v.quiet()
	if err != nil {
		t.Fatal(err)
	}
	stored := all.Messages[len(all.Messages)-1].Text
	if stored != wholeAnswer() {
		t.Fatalf("stored %q", stored)
	}
	for cut := range len(whole) + 1 {
		r := reader{cursor: before.Cursor}
		if err := r.hear(whole[:cut]); err != nil {
			t.Fatal(err)
		}
		if !r.ended {
			if err := r.hear(readStream(t, v, r.cursor)); err != nil {
				t.Fatal(err)
			}
		}
		if !r.ended || r.text != stored {
			t.Fatalf("cut after byte %d: heard %q, stored %q", cut, r.text, stored)
		}
	}
}

// readStream reads everything after the cursor up to the end of a turn.
func readStream(t *testing.T, v *visitor, cursor string) []byte {
	t.Helper()
	r, err := v.request(http.MethodGet, "/api/v1/session/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", cursor)
	answered, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answered.Body.Close()
	if answered.StatusCode != http.StatusOK {
		t.Fatalf("events after %q: %s", cursor, answered.Status)
	}
	var heard []byte
	part := make([]byte, 512)
	for {
		n, err := answered.Body.Read(part)
		heard = append(heard, part[:n]...)
		if end := bytes.Index(heard, []byte("event: turn-ended")); end >= 0 && bytes.Contains(heard[end:], []byte("\n\n")) {
			return heard
		}
		if err != nil {
			t.Fatalf("the stream ended before the turn did: %v", err)
		}
	}
}
