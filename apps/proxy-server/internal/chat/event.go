package chat

// EventKind is a noun and what happened to it.
type EventKind string

const (
	MessageAdded  EventKind = "message-added"
	TurnQueued    EventKind = "turn-queued"
	TurnStarted   EventKind = "turn-started"
	TextDelta     EventKind = "text-delta"
	TextReplaced  EventKind = "text-replaced"
	ActivityNoted EventKind = "activity-noted"
	CardAdded     EventKind = "card-added"
	TurnEnded     EventKind = "turn-ended"
	LogReset      EventKind = "log-reset"
)

// Cursor is a place in a conversation's log: an epoch, and an offset within
// it. Only the log can read it. "" means nowhere yet.
type Cursor string

// Event is one thing that happened in a conversation. Which members are set
// follows from Kind; the log sets Cursor.
type Event struct {
	Cursor     Cursor
	Kind       EventKind
	TurnID     TurnID
	Seq        int       // 1, 2, 3 … within the turn; 0 outside one
	QuestionID MessageID // turn-started
	MessageID  MessageID // of the answer
	Text       string    // text-delta, text-replaced
	Label      string    // activity-noted
	Position   int       // turn-queued: 1 is next
	Card       *Card     // card-added
	Status     TurnState // turn-ended
	Problem    *Problem  // turn-ended
	Message    *Message  // message-added; turn-ended: the stored answer
}

// Conversation is a stretch of a thread, oldest message first.
type Conversation struct {
	ID       ConversationID
	Messages []Message
	Turn     *Turn // the open turn that runs, or else waits first
	More     bool  // older messages exist
}
