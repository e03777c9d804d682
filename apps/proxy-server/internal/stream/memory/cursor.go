package memory

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"securechat/internal/chat"
)

// epoch names one life of one conversation's log. It is drawn anew for each,
// so that a cursor of an earlier life, of another process or of another
// conversation is never mistaken for a place in this one.
type epoch string

func newEpoch() epoch {
	var drawn [8]byte
	_, _ = rand.Read(drawn[:]) // never fails
	return epoch(hex.EncodeToString(drawn[:]))
}

// written is the one text of each cursor: the epoch, and how many events of it
// lie before the place. Its characters are safe in addresses and headers.
var written = regexp.MustCompile(`^[0-9a-f]{16}-(0|[1-9][0-9]{0,17})$`)

func cursorAt(e epoch, offset int64) chat.Cursor {
	return chat.Cursor(string(e) + "-" + strconv.FormatInt(offset, 10))
}

func parseCursor(c chat.Cursor) (epoch, int64, error) {
	if !written.MatchString(string(c)) {
		return "", 0, &chat.Error{Kind: chat.Malformed, Code: "bad_cursor", Field: "cursor", Text: "is not a cursor of ours"}
	}
	life, number, _ := strings.Cut(string(c), "-")
	offset, err := strconv.ParseInt(number, 10, 64)
	return epoch(life), offset, err
}
