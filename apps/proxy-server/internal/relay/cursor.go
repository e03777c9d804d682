package relay

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"securechat/internal/chat"
)

// Epoch names one life of one conversation's log: 16 hexadecimal digits. It is
// drawn anew for each, so that a cursor of an earlier life, of another process
// or of another conversation is never mistaken for a place in this one.
type Epoch string

// NewEpoch draws one.
func NewEpoch() Epoch {
	var drawn [8]byte
	rand.Read(drawn[:]) // never fails
	return Epoch(hex.EncodeToString(drawn[:]))
}

// Place is what the cursors of every log say: an epoch, and how many of its
// events lie before.
type Place struct {
	Epoch  Epoch
	Offset int64
}

// written is the one text of each cursor. Its characters are safe in addresses
// and headers.
var written = regexp.MustCompile(`^[0-9a-f]{16}-(0|[1-9][0-9]{0,17})$`)

// Cursor writes the place down.
func (p Place) Cursor() chat.Cursor {
	return chat.Cursor(string(p.Epoch) + "-" + strconv.FormatInt(p.Offset, 10))
}

// ParseCursor reads a cursor; Malformed where it is none.
func ParseCursor(c chat.Cursor) (Place, error) {
	if !written.MatchString(string(c)) {
		return Place{}, &chat.Error{Kind: chat.Malformed, Code: "bad_cursor", Field: "cursor", Text: "is not a cursor of ours"}
	}
	life, number, _ := strings.Cut(string(c), "-")
	offset, err := strconv.ParseInt(number, 10, 64)
	return Place{Epoch: Epoch(life), Offset: offset}, err
}
