package relay

import (
	"context"
	"iter"
	"time"

	"securechat/internal/chat"
)

// Store keeps what must outlive the process. Each method is one atomic act,
// and what it has acknowledged is on disk.
type Store interface {
	// Begin gives the question its number, stores it and opens its turn:
	// running and owned by t.Owner where no turn of the conversation is open,
	// else waiting. Told the same question id again it stores nothing and
	// returns what is stored, with fresh false. Limited (code queue_full, with
	// a time after which to try again) where [MostWaiting] turns wait already;
	// Conflict where the id is that of an answer; NotFound where the site has
	// no such conversation.
	Begin(ctx context.Context, q chat.Message, t chat.Turn) (question chat.Message, turn chat.Turn, fresh bool, err error)
	// Note keeps what is known of a running answer. Conflict to anyone but
	// the turn's owner, and once the turn has ended; NotFound where the site
	// has no such turn.
	Note(ctx context.Context, t chat.Turn, seq int, text string) error
	// Finish ends the turn with t.State, stores the reply where there is one,
	// and makes the conversation's next waiting turn run under the same
	// owner; next is that turn and its question, or nil. A running turn is
	// finished by its owner only, a waiting one may be stopped by anybody;
	// Conflict otherwise, NotFound where the site has no such turn.
	Finish(ctx context.Context, t chat.Turn, reply *chat.Message) (next *Next, err error)
	// Turn returns one turn of the site; NotFound where there is none.
	Turn(ctx context.Context, s chat.SiteID, t chat.TurnID) (chat.Turn, error)
	// Conversation returns the latest limit messages before the one with the
	// given id ("" for the latest of all) and the open turn that runs, or
	// else waits first, all as of one moment. NotFound where the site has no
	// such conversation, or that no such message.
	Conversation(ctx context.Context, s chat.SiteID, c chat.ConversationID, before chat.MessageID, limit int) (chat.Conversation, error)
	// Recall returns all there is about one turn. NotFound where the site has
	// no such turn.
	Recall(ctx context.Context, s chat.SiteID, t chat.TurnID) (Recalled, error)
	// Rate keeps the visitor's verdict on an answer of the conversation: 1,
	// -1, or 0 to take it back. NotFound where there is no such answer.
	Rate(ctx context.Context, s chat.SiteID, c chat.ConversationID, m chat.MessageID, rating int, comment string) error
}

// MostWaiting is how many questions of one conversation may wait their turn.
const MostWaiting = 5

// Next is a turn that has just begun to run.
type Next struct {
	Turn     chat.Turn
	Question chat.Message
}

// Recalled is a turn, who asked, what, and the answer once there is one. Where
// the visitor seems to be is not kept.
type Recalled struct {
	Turn     chat.Turn
	Asker    Asker
	Question chat.Message
	Answer   *chat.Message
}

// Fleet is what the processes that work on a store know of each other. It
// tells living owners from dead ones by the store's own clock.
type Fleet interface {
	// Renew holds owner's lease for ttl from now.
	Renew(ctx context.Context, owner string, ttl time.Duration) error
	// Orphans returns up to limit running turns whose owner has no lease,
	// oldest first.
	Orphans(ctx context.Context, limit int) ([]chat.Turn, error)
	// Take makes owner the owner of an orphan; Conflict where its former
	// owner lives or somebody else was first.
	Take(ctx context.Context, t chat.Turn, owner string) error
	// LastEnded returns up to limit turns, latest first, that an owner ended
	// so shortly before its lease ran out (within, of clocks that may differ)
	// that it may not have told so, of owners that have been missed for less
	// than missed.
	LastEnded(ctx context.Context, missed, within time.Duration, limit int) ([]chat.Turn, error)
	// AskToStop leaves word for whoever owns an open turn that it is to end.
	// NotFound where the site has no such turn, or that has ended.
	AskToStop(ctx context.Context, s chat.SiteID, t chat.TurnID) error
	// ToStop returns the running turns of owner that are to end.
	ToStop(ctx context.Context, owner string) ([]chat.TurnID, error)
	// Pulse returns a word that changes whenever the store knows more of a
	// conversation: another message, another turn that runs, more of its
	// answer. NotFound where there is no such conversation.
	Pulse(ctx context.Context, c chat.ConversationID) (string, error)
}

// Log is the replayable record of what happened lately in each conversation.
// Nothing since the start of an open turn is trimmed.
type Log interface {
	// Append adds the event, wakes the followers and returns its cursor.
	Append(ctx context.Context, c chat.ConversationID, e chat.Event) (chat.Cursor, error)
	// End returns the cursor after the last event.
	End(ctx context.Context, c chat.ConversationID) (chat.Cursor, error)
	// Told returns the events of a turn that the log has, oldest first; none
	// where it knows nothing of it.
	Told(ctx context.Context, c chat.ConversationID, t chat.TurnID) ([]chat.Event, error)
	// Follow opens a reader of what came after the cursor and then of what
	// comes, without a gap or a repeat. An empty cursor means from now on. A
	// cursor that cannot be honoured is read as one log-reset, whose own
	// cursor is the log's end, and what comes after that. A malformed cursor
	// is Malformed. Once the reader has had nothing to read, wake is called
	// when there is more, or when it has failed; it must not wait.
	Follow(ctx context.Context, c chat.ConversationID, after chat.Cursor, wake func()) (Reader, error)
}

// Reader reads the events of a conversation. It never waits for something to
// happen. It is for one goroutine at a time.
type Reader interface {
	// Next returns some of what there is to read, oldest first, and nothing
	// where that is still to come: then wake will be called. Limited where
	// its place was trimmed before it came to read there; whoever resumes
	// gets a log-reset. Unavailable where the log cannot be read now. io.EOF
	// where nothing more will ever come.
	Next() ([]chat.Event, error)
	// Close ends it. A wake that was on its way may still come.
	Close()
}

// Agent answers a prompt in pieces.
type Agent interface {
	// Ask runs the agent once. An error ends the sequence, and pieces before
	// it stand: a [chat.Cut] makes the turn interrupted, any other error
	// makes it failed. Its code and text may be told, its cause is for the
	// log. When ctx ends, reading ends, and the run is given up.
	Ask(ctx context.Context, p chat.Prompt) iter.Seq2[chat.Piece, error]
}

// Runs shares the runs that a site allows its agent among all processes.
type Runs interface {
	// Enter asks for a run in a turn's name: 0 where it has one, which it
	// keeps until it leaves or has not been kept for [RunLife]; else its place
	// in line, which it keeps as long, or as it asks again. most is how many
	// may run at once.
	Enter(ctx context.Context, s chat.SiteID, t chat.TurnID, most int) (position int, err error)
	// Keep says that turns of the site which have entered go on.
	Keep(ctx context.Context, s chat.SiteID, turns []chat.TurnID) error
	// Leave gives a run, or a place in line, up. It may be repeated.
	Leave(ctx context.Context, s chat.SiteID, t chat.TurnID) error
}

// Metrics hears what is worth counting.
type Metrics interface {
	// Started hears how long each turn stood in line before its agent was
	// asked.
	Started(waited time.Duration)
	// Spoke hears how long after that the first text came.
	Spoke(after time.Duration)
	// Ended hears how each turn ended and how long its agent took. Code is ""
	// where nothing went wrong.
	Ended(state chat.TurnState, code string, took time.Duration)
}
