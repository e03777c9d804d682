package chat

import (
	"errors"
	"time"
)

// Kind says what went wrong in terms a caller can act on. The web room turns
// each kind into one HTTP status; nobody else does.
type Kind int

const (
	Internal     Kind = iota // our fault; its text is never shown
	Malformed                // cannot be read: broken syntax
	Invalid                  // can be read, but a value is out of range
	Unauthorized             // no credential, or one that has expired
	Forbidden                // known, and not allowed
	NotFound                 // is not there, or not for this caller
	Conflict                 // clashes with what is stored
	TooLarge                 // too many bytes
	Limited                  // too often; try again after RetryAfter
	Unavailable              // something we need is away; try again later
	Full                     // no room to store anything more
	Cut                      // was under way and broke off; what came before it stands
)

// Error is a failure that may be told to the person who caused or met it.
// Code is a stable snake_case word for programs, Text a sentence for people.
type Error struct {
	Kind       Kind
	Code       string
	Field      string // the member at fault, or ""
	Text       string
	RetryAfter time.Duration // how long to wait, or 0
	Err        error         // the cause, for the log only
}

func (e *Error) Error() string {
	text := e.Text
	if e.Field != "" {
		text = e.Field + " " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// E makes an error that may be told. Text is a whole sentence.
func E(kind Kind, code, text string) *Error {
	return &Error{Kind: kind, Code: code, Text: text}
}

// Wrong makes an [Invalid] error about one member. Text goes on from the
// member's name: "must be …".
func Wrong(field, text string) *Error {
	return &Error{Kind: Invalid, Code: "invalid_member", Field: field, Text: text}
}

// Missing is the [NotFound] of everything that is looked up by id; it is the
// same for what never was and for what belongs to somebody else.
func Missing() *Error { return E(NotFound, "not_found", "There is nothing here by that name.") }

// KindOf returns the kind of the first [Error] in err's chain, and [Internal]
// where there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of the first [Error] in err's chain, or "".
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
