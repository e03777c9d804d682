package web

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"securechat/internal/chat"
)

// deepest is how far values may nest in a request; ours nest three deep.
const deepest = 16

// decode reads the request's body into a T. The body must be one JSON object
// (RFC 8259) with members of T and no others. Broken syntax, unknown, repeated
// or mistyped members and NUL in any text are Malformed, a null is Invalid,
// and each names the member at fault where there is one. A member that is left
// out leaves its field as it was.
func decode[T any](w http.ResponseWriter, r *http.Request) (T, error) {
	var into T
	body, err := readJSON(w, r)
	if err != nil {
		return into, err
	}
	empty, err := inspect(body)
	if err != nil {
		return into, err
	}
	if err := json.Unmarshal(body, &into, json.RejectUnknownMembers(true)); err != nil {
		return into, unreadable(err)
	}
	if empty != "" {
		return into, chat.Wrong(member(empty), "must not be null")
	}
	return into, nil
}

// longestBody is room for the longest message with every character escaped.
const longestBody = 64 << 10

// readJSON returns the whole body of a request that says it is plain JSON.
func readJSON(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, errMediaType
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, errEncoding
	}
	if r.ContentLength > longestBody {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, chat.E(chat.Malformed, "body_incomplete", "The request's body ended too early.")
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a stream may follow
	return body, nil
}

// inspect walks the body token by token for what typed decoding lets pass. It
// returns the place of the first null, or "".
func inspect(body []byte) (empty jsontext.Pointer, err error) {
	tokens := jsontext.NewDecoder(bytes.NewReader(body))
	if tokens.PeekKind() != '{' {
		if _, err := tokens.ReadToken(); err != nil {
			return "", unreadable(err)
		}
		return "", chat.E(chat.Malformed, "not_an_object", "The body must be a JSON object.")
	}
	for {
		token, err := tokens.ReadToken()
		if errors.Is(err, io.EOF) {
			return empty, nil
		}
		if err != nil {
			return "", unreadable(err)
		}
		switch token.Kind() {
		case 'n':
			if empty == "" {
				empty = tokens.StackPointer()
			}
		case '"':
			if strings.ContainsRune(token.String(), 0) {
				return "", malformed(tokens.StackPointer(), "bad_text", "must not hold the character U+0000")
			}
		case '{', '[':
			if tokens.StackDepth() > deepest {
				return "", malformed("", "too_deep", "The body nests too deeply.")
			}
		}
		if tokens.StackDepth() == 0 && len(bytes.TrimLeft(body[tokens.InputOffset():], " \t\r\n")) > 0 {
			return "", malformed("", "trailing_bytes", "Something follows the JSON object.")
		}
	}
}

// unreadable says what is wrong with a body in our words; the decoder's own
// would quote what was sent.
func unreadable(err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return malformed(syntax.JSONPointer, "duplicate_member", "occurs more than once")
		}
		return malformed("", "bad_json", "The body is not valid JSON.")
	}
	meaning, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case !ok:
		return malformed("", "bad_json", "The body is not valid JSON.")
	case errors.Is(err, json.ErrUnknownName):
		return malformed(meaning.JSONPointer, "unknown_member", "is not a member of this request")
	}
	return malformed(meaning.JSONPointer, "wrong_type", "has the wrong type")
}

func malformed(at jsontext.Pointer, code, text string) error {
	return &chat.Error{Kind: chat.Malformed, Code: code, Field: member(at), Text: text}
}

// longestMember is how much of a member's name is told back: whoever made one
// up may have made it long.
const longestMember = 64

// member is a JSON pointer (RFC 6901) in the form "identity" or "events.0.name".
func member(at jsontext.Pointer) string {
	var names []string
	for name := range at.Tokens() {
		names = append(names, name)
	}
	name := strings.Join(names, ".")
	if len(name) <= longestMember {
		return name
	}
	name = name[:longestMember]
	for !utf8.ValidString(name) {
		name = name[:len(name)-1]
	}
	return name + "…"
}

// required is Invalid where a member that must be there was left out.
func required(name string, value *string) (string, error) {
	if value == nil {
		return "", chat.Wrong(name, "is required")
	}
	return *value, nil
}

// optional is the value, or "" where the member was left out; Invalid where it
// is longer than most bytes.
func optional(name string, value *string, most int) (string, error) {
	if value == nil {
		return "", nil
	}
	if len(*value) > most {
		return "", chat.Wrong(name, "is too long")
	}
	return *value, nil
}
