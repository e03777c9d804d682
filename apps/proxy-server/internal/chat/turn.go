package chat

import "time"

// TurnState is where a turn stands.
type TurnState string

const (
	TurnWaiting     TurnState = "waiting"
	TurnRunning     TurnState = "running"
	TurnDone        TurnState = "done"
	TurnStopped     TurnState = "stopped"
	TurnFailed      TurnState = "failed"
	TurnInterrupted TurnState = "interrupted"
)

// Open says whether the turn has not ended.
func (s TurnState) Open() bool { return s == TurnWaiting || s == TurnRunning }

// May says whether a turn in state s may go to next.
func (s TurnState) May(next TurnState) bool {
	switch s {
	case TurnWaiting:
		return next == TurnRunning || next == TurnStopped
	case TurnRunning:
		return !next.Open()
	}
	return false
}

// Turn is one question and its answer.
type Turn struct {
	ID             TurnID
	SiteID         SiteID
	ConversationID ConversationID
	VisitorID      VisitorID
	SessionID      SessionID // whose question it is
	QuestionID     MessageID
	AnswerID       MessageID // the id the answer has or will have
	State          TurnState
	Owner          string // the running process that works on it
	Seq            int    // of the last event known to the store
	Text           string // what is known of a running answer
	CreatedAt      time.Time
	EndedAt        time.Time
}

// Prompt is what an agent is told.
type Prompt struct {
	Site           Site
	ConversationID ConversationID
	TurnID         TurnID
	Text           string
	History        []Message // oldest first, without the question itself
	Visitor        Visitor
	PageURL        string
	UserAgent      string
	Locale         string
	Time           time.Time
	Place          Place
}

// Place is where a visitor seems to be; every part may be empty.
type Place struct {
	Country string // ISO 3166-1 alpha-2
	Region  string
	City    string
}

// Piece is one part of an agent's answer. Exactly one member is set, but for
// Replace, which says that Text takes the place of all text so far.
type Piece struct {
	Text    string
	Replace bool
	Label   string // a tool is at work
	Card    *Card
}
