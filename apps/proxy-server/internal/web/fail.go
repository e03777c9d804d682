package web

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

// problem is an application/problem+json body (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitzero"`
	ID     string `json:"id"`
	Code   string `json:"code"`
	Field  string `json:"field,omitzero"`
}

// statuses says what each kind of error is in HTTP.
var statuses = map[chat.Kind]int{
	chat.Internal:     http.StatusInternalServerError,
	chat.Malformed:    http.StatusBadRequest,
	chat.Invalid:      http.StatusUnprocessableEntity,
	chat.Unauthorized: http.StatusUnauthorized,
	chat.Forbidden:    http.StatusForbidden,
	chat.NotFound:     http.StatusNotFound,
	chat.Conflict:     http.StatusConflict,
	chat.TooLarge:     http.StatusRequestEntityTooLarge,
	chat.Limited:      http.StatusTooManyRequests,
	chat.Unavailable:  http.StatusServiceUnavailable,
	chat.Full:         http.StatusInsufficientStorage,
	chat.Cut:          http.StatusBadGateway,
}

// refusal is an error of HTTP itself, which no other room knows of.
type refusal struct {
	status int
	code   string
	text   string
}

func (r *refusal) Error() string { return r.text }

var (
	errMediaType  = &refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must be application/json in UTF-8."}
	errEncoding   = &refusal{http.StatusUnsupportedMediaType, "unsupported_encoding", "Request bodies must not be compressed."}
	errMethod     = &refusal{http.StatusMethodNotAllowed, "method_not_allowed", "This address does not take that method."}
	errFields     = &refusal{http.StatusRequestHeaderFieldsTooLarge, "too_many_fields", "The request may have at most 100 header fields."}
	errHost       = &refusal{http.StatusMisdirectedRequest, "misdirected", "This server does not answer for that host."}
	errTooLarge   = chat.E(chat.TooLarge, "body_too_large", "The body may hold at most 64 KiB.")
	errNoSuchPage = chat.Missing()
	errPanicked   = errors.New("the handler panicked")
	errDraining   = chat.E(chat.Unavailable, "draining", "The server is about to stop. Please try again.")
)

func unavailable(err error) error {
	return &chat.Error{Kind: chat.Unavailable, Code: "unavailable", Text: "This is not available right now.", Err: err}
}

// fail answers a request with err, in n8n's words where it came in them.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problemOf(w, r, err)
	if asksForN8n(r) {
		writeJSON(w, "application/json", p.Status, n8nProblem{p, p.Detail})
		return
	}
	writeJSON(w, "application/problem+json", p.Status, p)
}

// problemOf is what the client is told of err, with the headers that belong to
// it. What may not be told becomes fixed words, and is logged under the id that
// they carry. Where nobody is there to be told the connection is cut: an answer
// without a word would say that all went well.
func (s *server) problemOf(w http.ResponseWriter, r *http.Request, err error) problem {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler)
	}
	p := problem{Type: "about:blank", ID: requestID(r.Context())}
	if refused, ok := errors.AsType[*refusal](err); ok {
		p.Status, p.Code, p.Detail = refused.status, refused.code, refused.text
	} else if told, ok := errors.AsType[*chat.Error](err); ok && told.Kind != chat.Internal {
		p.Status, p.Code, p.Detail, p.Field = statuses[told.Kind], told.Code, told.Text, told.Field
		if told.Field != "" {
			p.Detail = told.Field + " " + told.Text
		}
		s.tellMore(w, r, told)
	} else {
		p.Status, p.Code, p.Detail = http.StatusInternalServerError, "internal", "Something went wrong on our side."
		s.Log.LogAttrs(r.Context(), slog.LevelError, "request failed", slog.Any("error", err))
	}
	p.Title = http.StatusText(p.Status)
	switch p.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusRequestEntityTooLarge:
		w.Header().Set("Connection", "close") // else net/http waits for the rest of it first
	}
	w.Header().Set("Cache-Control", "no-store")
	return p
}

// tellMore says in headers when to come again, and in the log what the client
// is not told.
func (s *server) tellMore(w http.ResponseWriter, r *http.Request, told *chat.Error) {
	if told.RetryAfter > 0 {
		w.Header().Set("Retry-After", seconds(told.RetryAfter))
	}
	if exceeded, ok := errors.AsType[gate.Exceeded](told.Err); ok {
		tellLimit(w, exceeded.Verdict)
	} else if told.Err != nil {
		s.Log.LogAttrs(r.Context(), slog.LevelWarn, "request refused", slog.String("code", told.Code), slog.Any("error", told.Err))
	}
}

// answer sends value as a JSON body.
func answer[T any](w http.ResponseWriter, status int, value T) error {
	writeJSON(w, "application/json", status, value)
	return nil
}

func writeJSON[T any](w http.ResponseWriter, kind string, status int, value T) {
	body, err := encode(value)
	if err != nil {
		panic(err) // our own shapes encode, or the program is wrong
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout)) // the answer may have taken long to find
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON, sent as JSON and never sniffed; whoever left has no use for the rest
}

// seconds rounds up, so that whoever waits that long waits long enough.
func seconds(d time.Duration) string {
	return strconv.Itoa(int(math.Ceil(d.Seconds())))
}
