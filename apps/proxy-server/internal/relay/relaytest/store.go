// Package relaytest holds what every adapter of the relay's ports must keep.
package relaytest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

// TestStore holds a store to [relay.Store]. open returns one that has the
// given threads and nothing else.
func TestStore(t *testing.T, open func(t *testing.T, have ...Thread) relay.Store) {
	for name, test := range map[string]func(fixture){
		"AQuestionBeginsATurnThatRuns":                  questionBegins,
		"AnyTextComesBackAsItWasSaid":                   textSurvives,
		"AnAnswerComesBackWhole":                        answerSurvives,
		"AQuestionToldByManyAtOnceIsStoredOnce":         toldByMany,
		"AQuestionToldAgainTellsWhereItStands":          toldAgain,
		"OneOfManyQuestionsRunsFiveWaitTheRestRefused":  manyQuestions,
		"WhoWaitsRunsInOrderOnceTheTurnBeforeHasEnded":  waitingInOrder,
		"AnAnswersIDIsNoQuestions":                      answerIDTaken,
		"AWaitingTurnMayBeStoppedByAnybody":             waitingStopped,
		"OnlyTheOwnerNotesAndFinishesAndOnlyOnce":       fencing,
		"WhatIsKnownOfARunningAnswerIsTold":             noted,
		"ATurnIsRecalledWithWhoAskedAndWhatWasAnswered": recalled,
		"APageOfMessagesEndsBeforeTheGivenOne":          pages,
		"AnAnswerIsRatedAndAQuestionIsNot":              rated,
		"AnotherSitesIDsAreNotFound":                    foreign,
		"WhatIsNotThereIsNotFound":                      missing,
		"FinishAndBeginAtOnceLeaveNobodyWaitingAlone":   nobodyForgotten,
		"AFinishThatCannotStoreItsAnswerChangesNothing": finishWhole,
	} {
		t.Run(name, func(t *testing.T) {
			mine, theirs := NewThread(), NewThread()
			test(fixture{T: t, store: open(t, mine, theirs), mine: mine, theirs: theirs})
		})
	}
}

type fixture struct {
	*testing.T
	store        relay.Store
	mine, theirs Thread
}

func (f fixture) begin(text string) (chat.Message, chat.Turn) {
	f.Helper()
	q, turn := f.mine.Question(text)
	q, turn, fresh, err := f.store.Begin(f.Context(), q, turn)
	if err != nil || !fresh {
		f.Fatalf("Begin = %v, %v", fresh, err)
	}
	return q, turn
}

func (f fixture) finish(turn chat.Turn, state chat.TurnState, text string) *relay.Next {
	f.Helper()
	turn.State, turn.Seq, turn.EndedAt = state, 3, start.Add(time.Minute)
	next, err := f.store.Finish(f.Context(), turn, Answer(turn, text))
	if err != nil {
		f.Fatalf("Finish: %v", err)
	}
	return next
}

func (f fixture) recall(id chat.TurnID) relay.Recalled {
	f.Helper()
	r, err := f.store.Recall(f.Context(), f.mine.Site.ID, id)
	if err != nil {
		f.Fatalf("Recall: %v", err)
	}
	return r
}

func (f fixture) stop(turn chat.Turn) *relay.Next {
	f.Helper()
	turn.State, turn.EndedAt = chat.TurnStopped, start.Add(time.Minute)
	next, err := f.store.Finish(f.Context(), turn, nil)
	if err != nil {
		f.Fatalf("Finish: %v", err)
	}
	return next
}

func (f fixture) refused(turn chat.Turn, reply *chat.Message) {
	f.Helper()
	if next, err := f.store.Finish(f.Context(), turn, reply); chat.KindOf(err) != chat.Conflict || next != nil {
		f.Errorf("Finish = %+v, %v, want Conflict", next, err)
	}
}

func (f fixture) conversation(before chat.MessageID, limit int) chat.Conversation {
	f.Helper()
	c, err := f.store.Conversation(f.Context(), f.mine.Site.ID, f.mine.Session.ConversationID, before, limit)
	if err != nil {
		f.Fatalf("Conversation: %v", err)
	}
	return c
}

func (f fixture) turn(id chat.TurnID) chat.Turn {
	f.Helper()
	turn, err := f.store.Turn(f.Context(), f.mine.Site.ID, id)
	if err != nil {
		f.Fatalf("Turn: %v", err)
	}
	return turn
}

func (f fixture) notFound(act string, err error) {
	f.Helper()
	if chat.KindOf(err) != chat.NotFound {
		f.Errorf("%s = %v, want NotFound", act, err)
	}
}

func same[T any](f fixture, what string, want, got T) {
	f.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("%s differs (-want +got)\n%s", what, diff)
	}
}
