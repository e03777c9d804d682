// Package redis keeps the logs of conversations in Redis, for any number of
// processes. An event is stored and told to all who listen by one script; each
// process listens to all its conversations on one connection, and reads the
// stream itself only where that has a gap. Redis is never the truth: what it
// forgets is told anew from the store, and that is left to the relay.
package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

const (
	lifeOfEvent = 10 * time.Minute // how long a reader may be away and resume
	lifeOfEpoch = time.Hour        // how long one at the end may hear nothing
	lifeOfTurn  = 24 * time.Hour   // an open turn without an event for so long has been abandoned
	mostEvents  = 1000             // of a conversation, besides those of its open turns
	trimEvery   = 64               // appends
	mostAtOnce  = 64               // events read or kept for a reader at once

	// Patience is how long each act waits for Redis. A client should not wait
	// longer.
	Patience = 2 * time.Second
)

// figures are the constants that scripts use, in milliseconds.
var figures = strings.NewReplacer(
	"{{event}}", strconv.FormatInt(lifeOfEvent.Milliseconds(), 10),
	"{{epoch}}", strconv.FormatInt(lifeOfEpoch.Milliseconds(), 10),
	"{{turn}}", strconv.FormatInt(lifeOfTurn.Milliseconds(), 10),
	"{{most}}", strconv.Itoa(mostEvents),
	"{{trim}}", strconv.Itoa(trimEvery),
)

// Options are what a log stands on.
type Options struct {
	// Client returns the client, or why there is none yet.
	Client func() (rueidis.Client, error)
	Sealer Sealer
	Prefix string // of every key
}

// Log is a [relay.Log] in Redis. It can be followed while Run runs. Each act
// fails with Unavailable where Redis does not answer within 2 s.
type Log struct {
	Options

	mu      sync.Mutex
	feeds   map[chat.ConversationID]*feed
	leaving map[chat.ConversationID]chan struct{} // closed once it has been left
	line    rueidis.DedicatedClient               // nil while there is none
	up      chan struct{}                         // closed once there is one
}

var _ relay.Log = (*Log)(nil)

// New returns a log. Run must run for it to be followed.
func New(o Options) *Log {
	return &Log{
		Options: o, up: make(chan struct{}),
		feeds:   map[chat.ConversationID]*feed{},
		leaving: map[chat.ConversationID]chan struct{}{},
	}
}

// away is what became of Redis, told in our words.
func away(err error) error {
	return &chat.Error{
		Kind: chat.Unavailable, Code: "log_unavailable", Text: "Answers cannot be followed right now. Please try again.",
		RetryAfter: time.Second, Err: err,
	}
}

// channel is the key of the stream and where its events are told.
func (l *Log) channel(c chat.ConversationID) string { return l.Prefix + "log:{" + string(c) + "}" }

// conversation is whose channel it is.
func (l *Log) conversation(channel string) chat.ConversationID {
	name := strings.TrimPrefix(channel, l.Prefix+"log:{")
	return chat.ConversationID(strings.TrimSuffix(name, "}"))
}

func (l *Log) keys(c chat.ConversationID) []string {
	stream := l.channel(c)
	return []string{stream, stream + ":of"}
}

// drawn is what makes two epochs of one millisecond differ.
func drawn() string {
	var random [3]byte
	rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])[:5]
}

// run has Redis run a script for a conversation.
func (l *Log) run(ctx context.Context, s *rueidis.Lua, c chat.ConversationID, args ...string) ([]rueidis.RedisMessage, error) {
	client, err := l.Client()
	if err != nil {
		return nil, away(err)
	}
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	values, err := s.Exec(ctx, client, l.keys(c), args).ToArray()
	if err != nil {
		return nil, away(err)
	}
	return values, nil
}

// Append implements [relay.Log].
func (l *Log) Append(ctx context.Context, c chat.ConversationID, e chat.Event) (chat.Cursor, error) {
	sealed, err := l.seal(ctx, c, e)
	if err != nil {
		return "", err
	}
	ended := ""
	if e.Kind == chat.TurnEnded {
		ended = "1"
	}
	values, err := l.run(ctx, appendScript, c, drawn(), string(e.TurnID), ended, sealed)
	if err != nil {
		return "", err
	}
	if len(values) != 2 {
		return "", fmt.Errorf("the log's script answered %d values", len(values))
	}
	place, err := readPlace(values[0], values[1])
	return place.Cursor(), err
}

// End implements [relay.Log].
func (l *Log) End(ctx context.Context, c chat.ConversationID) (chat.Cursor, error) {
	s, err := l.read(ctx, c, relay.Place{})
	return s.place.Cursor(), err
}

// read returns where the log stands and what lies after a place in it; the
// zero place asks for the end alone.
func (l *Log) read(ctx context.Context, c chat.ConversationID, after relay.Place) (state, error) {
	values, err := l.run(ctx, readScript, c,
		drawn(), string(after.Epoch), strconv.FormatInt(after.Offset, 10), strconv.Itoa(mostAtOnce))
	if err != nil {
		return state{}, err
	}
	return readState(values)
}

// Told implements [relay.Log].
func (l *Log) Told(ctx context.Context, c chat.ConversationID, t chat.TurnID) ([]chat.Event, error) {
	values, err := l.run(ctx, toldScript, c, string(t))
	if err != nil || len(values) == 0 {
		return nil, err
	}
	var events []chat.Event
	for at := 1; at+1 < len(values); at += 2 {
		place, err := readPlace(values[0], values[at])
		if err != nil {
			return nil, err
		}
		sealed, err := values[at+1].ToString()
		if err != nil {
			return nil, err
		}
		e, err := l.open(ctx, c, sealed)
		if err != nil {
			return nil, err
		}
		e.Cursor = place.Cursor()
		events = append(events, e)
	}
	return events, nil
}
