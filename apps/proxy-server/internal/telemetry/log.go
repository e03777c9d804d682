// Package telemetry is how operators see into the program: log lines that
// name their request and hold no secret, and numbers for Prometheus. It alone
// imports what makes either; rooms are handed their part of it as a port.
package telemetry

import (
	"context"
	"encoding"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// Attrs takes out of a context what log lines should say of it: the request,
// the site, the turn.
type Attrs func(context.Context) []slog.Attr

// NewLog returns a logger that writes lines of JSON, adds what the contexts
// say, and hides whatever looks like a secret.
func NewLog(w io.Writer, level slog.Leveler, attrs ...Attrs) *slog.Logger {
	return slog.New(handler{slog.NewJSONHandler(w, options(level)), attrs})
}

// NewTextLog is [NewLog] with lines for people.
func NewTextLog(w io.Writer, level slog.Leveler, attrs ...Attrs) *slog.Logger {
	return slog.New(handler{slog.NewTextHandler(w, options(level)), attrs})
}

type handler struct {
	slog.Handler

	attrs []Attrs
}

func (h handler) Handle(ctx context.Context, line slog.Record) error {
	line.Message = hide(line.Message)
	for _, attrs := range h.attrs {
		line.AddAttrs(attrs(ctx)...)
	}
	return h.Handler.Handle(ctx, line)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.attrs}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.attrs}
}

const hidden = "[secret]"

// telling are words that name what must not be shown, wherever they occur in
// an attribute's name.
var telling = []string{"secret", "password", "token", "authorization", "cookie", "webhook", "credential"}

// secretShapes are a last net under those who log: our own credentials, JSON
// Web Tokens, bearers, and the user part of an address.
var secretShapes = regexp.MustCompile(`sc[fp]_[A-Za-z0-9_-]{43}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*|(?i:bearer|basic) [A-Za-z0-9._~+/=-]{8,}|://[^/@\s]*@`)

func options(level slog.Leveler) *slog.HandlerOptions {
	return &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
}

func redact(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, word := range telling {
		if strings.Contains(name, word) {
			return slog.String(a.Key, hidden)
		}
	}
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(hide(a.Value.String()))
	case slog.KindAny:
		a.Value = slog.StringValue(describe(a.Value.Any()))
	}
	return a
}

func hide(text string) string { return secretShapes.ReplaceAllString(text, hidden) }

// describe gives the text of values that say how they want to be written, and
// the type of any other: a whole struct may hold what must not be seen.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "<nil>"
	case slog.Level:
		return v.String()
	case error:
		return hide(v.Error())
	case fmt.Stringer:
		return hide(v.String())
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err == nil {
			return hide(string(text))
		}
	case []string:
		return hide(strings.Join(v, ", "))
	}
	return fmt.Sprintf("<%T>", value)
}
