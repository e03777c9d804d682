package relaytest

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// TestLog holds a log to [relay.Log]. open returns an empty one.
func TestLog(t *testing.T, open func(t *testing.T) relay.Log) {
	for name, test := range map[string]func(logFixture){
		"WhoFollowsHearsEverythingOnceAndInOrder":      everythingOnce,
		"WhoIsCutAtAnyEventGoesOnExactlyThere":         cutAnywhere,
		"AnEmptyCursorMeansFromNowOn":                  fromNowOn,
		"TheEndIsAPlaceToFollowFrom":                   fromTheEnd,
		"ConversationsAreApart":                        apart,
		"AStaleCursorGetsOneResetAndThenWhatComes":     stale,
		"ACursorFromTheFutureGetsAReset":               future,
		"AnotherConversationsCursorGetsAReset":         foreignCursor,
		"WhatIsNoCursorIsMalformed":                    malformed,
		"CursorsFitInHeadersAndAddresses":              plainCursors,
		"ATurnIsToldFromItsFirstEvent":                 toldWhole,
		"NothingSinceTheStartOfAnOpenTurnIsTrimmed":    openTurnKept,
		"WhoGivesUpIsLetGo":                            givingUp,
		"WhoLooksAwayInTheMiddleOfAnEventIsLetGo":      lookingAway,
		"ManySpeakersAndListenersAgreeOnOneOrder":      oneOrder,
		"WhoIsSlowHearsEverythingOrIsToldThatHeDidNot": slow,
	} {
		t.Run(name, func(t *testing.T) {
			test(logFixture{T: t, log: open(t), at: chat.ConversationID(chat.NewID())})
		})
	}
}

type logFixture struct {
	*testing.T
	log relay.Log
	at  chat.ConversationID
}

// say appends a delta of a turn and returns its cursor.
func (f logFixture) say(turn chat.TurnID, seq int) chat.Cursor {
	f.Helper()
	return f.append(chat.Event{Kind: chat.TextDelta, TurnID: turn, Seq: seq, Text: fmt.Sprint(seq, " ")})
}

func (f logFixture) append(e chat.Event) chat.Cursor {
	f.Helper()
	cursor, err := f.log.Append(f.Context(), f.at, e)
	if err != nil {
		f.Fatalf("Append: %v", err)
	}
	return cursor
}

// hear follows until it has heard the given number of events.
func (f logFixture) hear(after chat.Cursor, number int) []chat.Event {
	f.Helper()
	var heard []chat.Event
	if number == 0 {
		return heard
	}
	for e, err := range f.follow(f.Context(), after) {
		if err != nil {
			f.Fatalf("Follow: %v", err)
		}
		if heard = append(heard, e); len(heard) == number {
			break
		}
	}
	return heard
}

// follow yields what a reader reads after the cursor.
func (f logFixture) follow(ctx context.Context, after chat.Cursor) iter.Seq2[chat.Event, error] {
	return relay.Hear(ctx, func(wake func()) (relay.Reader, error) { return f.log.Follow(ctx, f.at, after, wake) })
}

func (f logFixture) end() chat.Cursor {
	f.Helper()
	end, err := f.log.End(f.Context(), f.at)
	if err != nil {
		f.Fatalf("End: %v", err)
	}
	return end
}

func seqs(events []chat.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s %d, ", e.Kind, e.Seq)
	}
	return b.String()
}
