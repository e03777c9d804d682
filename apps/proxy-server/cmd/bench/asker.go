package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"uuid"
)

// sample is what one question took, from the moment it was due.
type sample struct {
	event time.Duration // until the first byte of news
	token time.Duration // until the first token of the answer
}

// asker asks one question and checks the whole answer.
type asker interface {
	ask(ctx context.Context, due time.Time, tokens int, gap time.Duration) (sample, error)
}

var client = &http.Client{Transport: &http.Transport{
	MaxIdleConnsPerHost: 10000, MaxIdleConns: 20000, DisableCompression: true,
	ReadBufferSize: 2048, WriteBufferSize: 2048,
}}

// webhook asks the way a page does that talks to n8n by itself.
type webhook struct{ address string }

func (w webhook) ask(ctx context.Context, due time.Time, tokens int, gap time.Duration) (sample, error) {
	body, err := json.Marshal(map[string]string{
		"action": "sendMessage", "sessionId": uuid.NewV7().String(), "chatInput": question(tokens, gap),
	})
	if err != nil {
		return sample{}, err
	}
	answered, err := post(ctx, w.address, body, nil)
	if err != nil {
		return sample{}, err
	}
	defer answered.Body.Close()
	var took sample
	var text strings.Builder
	lines := bufio.NewScanner(answered.Body)
	for lines.Scan() {
		if took.event == 0 {
			took.event = time.Since(due)
		}
		var frame struct{ Type, Content string }
		if err := json.Unmarshal(lines.Bytes(), &frame); err != nil {
			return took, err
		}
		if frame.Type == "item" {
			if took.token == 0 {
				took.token = time.Since(due)
			}
			text.WriteString(frame.Content)
		}
	}
	return took, errors.Join(lines.Err(), compare(text.String(), tokens))
}

// visitor asks the way the widget does.
type visitor struct {
	address string
	token   string
}

// enter makes a session as a page of the site's own would.
func enter(ctx context.Context, address, siteKey string) (*visitor, error) {
	body, err := json.Marshal(map[string]string{"site_key": siteKey, "page_url": origin + "/"})
	if err != nil {
		return nil, err
	}
	answered, err := post(ctx, address+"/api/v1/sessions", body, http.Header{"Origin": {origin}})
	if err != nil {
		return nil, err
	}
	defer answered.Body.Close()
	var made struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(answered.Body).Decode(&made); err != nil {
		return nil, err
	}
	if made.Token == "" {
		return nil, errors.New("a session without a token")
	}
	return &visitor{address: address, token: made.Token}, nil
}

func (v *visitor) header(accept string) http.Header {
	return http.Header{"Origin": {origin}, "Authorization": {"Bearer " + v.token}, "Accept": {accept}}
}

func (v *visitor) send(ctx context.Context, accept string, tokens int, gap time.Duration) (*http.Response, error) {
	body, err := json.Marshal(map[string]string{"id": uuid.NewV7().String(), "text": question(tokens, gap)})
	if err != nil {
		return nil, err
	}
	return post(ctx, v.address+"/api/v1/session/messages", body, v.header(accept))
}

func (v *visitor) ask(ctx context.Context, due time.Time, tokens int, gap time.Duration) (sample, error) {
	answered, err := v.send(ctx, "text/event-stream", tokens, gap)
	if err != nil {
		return sample{}, err
	}
	defer answered.Body.Close()
	return hear(answered.Body, due, tokens)
}

// follow opens the visitor's stream of events, from now on.
func (v *visitor) follow(ctx context.Context) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.address+"/api/v1/session/events", nil)
	if err != nil {
		return nil, err
	}
	request.Header = v.header("text/event-stream")
	answered, err := do(request)
	if err != nil {
		return nil, err
	}
	return answered.Body, nil
}

// hear reads a stream of events up to the end of one turn.
func hear(stream io.Reader, due time.Time, tokens int) (sample, error) {
	var took sample
	var text strings.Builder
	var kind string
	seen := 0
	lines := bufio.NewReaderSize(stream, 1024)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return took, fmt.Errorf("the stream broke off: %w", err)
		}
		if name, ok := bytes.CutPrefix(line, []byte("event: ")); ok {
			kind = string(bytes.TrimSpace(name))
			if took.event == 0 {
				took.event = time.Since(due)
			}
			continue
		}
		data, ok := bytes.CutPrefix(line, []byte("data: "))
		if !ok || kind == "message-added" {
			continue
		}
		var event struct {
			Seq    int    `json:"seq"`
			Text   string `json:"text"`
			Status string `json:"status"`
		}
		if err := json.Unmarshal(data, &event); err != nil {
			return took, err
		}
		if event.Seq != seen+1 {
			return took, fmt.Errorf("event %d came after event %d", event.Seq, seen)
		}
		seen = event.Seq
		switch kind {
		case "text-delta":
			if took.token == 0 {
				took.token = time.Since(due)
			}
			text.WriteString(event.Text)
		case "turn-ended":
			if event.Status != "done" {
				return took, fmt.Errorf("the turn ended as %s", event.Status)
			}
			return took, compare(text.String(), tokens)
		}
	}
}

func compare(text string, tokens int) error {
	if strings.TrimSpace(text) != strings.TrimSpace(answer(tokens)) {
		return errors.New("tokens were lost, doubled or displaced")
	}
	return nil
}

func post(ctx context.Context, address string, body []byte, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("Content-Type", "application/json")
	return do(request)
}

func do(request *http.Request) (*http.Response, error) {
	answered, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if answered.StatusCode > 299 {
		said, _ := io.ReadAll(io.LimitReader(answered.Body, 300))
		answered.Body.Close()
		return nil, fmt.Errorf("%s %s: %s: %s", request.Method, request.URL.Path, answered.Status, said)
	}
	return answered, nil
}
