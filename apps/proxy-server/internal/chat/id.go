package chat

import "uuid"

// Every id is a lower-case UUID in text. Ids name things; they are never
// secrets and never authorise.
type (
	SiteID         string
	VisitorID      string
	SessionID      string
	ConversationID string
	MessageID      string
	TurnID         string
)

// NewID returns a fresh UUIDv7 (RFC 9562) as lower-case text.
func NewID() string { return uuid.NewV7().String() }

// ParseMessageID accepts a UUID in its canonical 36-character form, in either
// case, and returns it in lower case. Any other text is an [Invalid] error
// naming field.
func ParseMessageID(field, text string) (MessageID, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 || id == uuid.Nil() {
		return "", Wrong(field, "must be a UUID such as 018f6f4e-7c1a-7b3e-9a59-0f2d6c1b7e11")
	}
	return MessageID(id.String()), nil
}
