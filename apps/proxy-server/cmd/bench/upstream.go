package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A question says how it wants to be answered: "N tokens every D".
func question(tokens int, gap time.Duration) string {
	return fmt.Sprintf("%d tokens every %s", tokens, gap)
}

func parseQuestion(text string) (tokens int, gap time.Duration, err error) {
	number, rest, _ := strings.Cut(text, " tokens every ")
	if tokens, err = strconv.Atoi(number); err != nil {
		return 0, 0, err
	}
	gap, err = time.ParseDuration(rest)
	return tokens, gap, err
}

// answer is the whole text of an answer of so many tokens; a lost, doubled or
// displaced token makes another text.
func answer(tokens int) string {
	var b strings.Builder
	for i := range tokens {
		b.WriteString(token(i))
	}
	return b.String()
}

func token(i int) string { return "w" + strconv.Itoa(i) + " " }

// serveUpstream is a workflow with a streaming webhook and no thinking time,
// in n8n's own frames.
func serveUpstream(ctx context.Context) error {
	return serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		var asked struct {
			ChatInput string `json:"chatInput"`
		}
		if err != nil || json.Unmarshal(body, &asked) != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		tokens, gap, err := parseQuestion(asked.ChatInput)
		if err != nil {
			http.Error(w, "no such question", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		writer := http.NewResponseController(w)
		const about = `"metadata":{"nodeId":"00000000-0000-4000-8000-000000000501","nodeName":"AI Agent","itemIndex":0,"runIndex":0}`
		fmt.Fprintf(w, `{"type":"begin",%s}`+"\n", about)
		for i := range tokens {
			if i > 0 {
				select {
				case <-r.Context().Done():
					return
				case <-time.After(gap):
				}
			}
			fmt.Fprintf(w, `{"type":"item","content":%q,%s}`+"\n", token(i), about)
			if writer.Flush() != nil {
				return
			}
		}
		fmt.Fprintf(w, `{"type":"end",%s}`+"\n", about)
	}))
}

// serveReverseProxy is the least that any proxy does.
func serveReverseProxy(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("reverse-proxy wants the address to pass on to")
	}
	target, err := url.Parse(args[0])
	if err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 10000, DisableCompression: true}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		FlushInterval: -1,
		Transport:     transport,
		ErrorLog:      slog.NewLogLogger(slog.DiscardHandler, 0), // clients that hang up when a run ends
	}
	return serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Handed on as it comes, a body costs a few answers of a thousand:
		// golang/go#40747.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
}

// serve listens on a free port of the loopback and prints its address.
func serve(ctx context.Context, handler http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stopped()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
