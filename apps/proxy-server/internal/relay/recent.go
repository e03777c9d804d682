package relay

import (
	"slices"

	lru "github.com/hashicorp/golang-lru/v2"

	"securechat/internal/chat"
)

const (
	mostRecent    = 8192    // conversations
	longestRecent = 8 << 10 // bytes of text in one; a longer one is looked up
)

// recent keeps what was said in the conversations that were active last, so
// that most questions need no look into the store. Messages are numbered
// without a gap: what was said until number n is all there is before the
// question n+1, whoever else may have worked on the conversation.
type recent struct {
	kept *lru.Cache[chat.ConversationID, past]
}

// past is a conversation until a message, cut to a budget.
type past struct {
	until  int64
	budget int
	said   []chat.Message
}

func newRecent() recent {
	kept, err := lru.New[chat.ConversationID, past](mostRecent)
	if err != nil {
		panic(err) // only for a size that is none
	}
	return recent{kept}
}

// before returns what was said before a question, as [history] would.
func (r recent) before(question chat.Message, budget int) ([]chat.Message, bool) {
	p, ok := r.kept.Get(question.ConversationID)
	if !ok || p.until != question.Number-1 || p.budget != budget {
		return nil, false
	}
	return history(p.said, question, budget), true
}

// keep adds a question and its answer, if there was one, to what was said
// before. Where messages came between the two, the numbers will not fit.
func (r recent) keep(before past, question chat.Message, reply *chat.Message) {
	p := past{until: question.Number, budget: before.budget, said: append(slices.Clip(before.said), question)}
	if reply != nil {
		p.until++
		p.said = append(p.said, *reply)
	}
	p.said = p.said[max(0, len(p.said)-mostRemembered):]
	size := 0
	for _, m := range p.said {
		size += len(m.Text)
	}
	if size > longestRecent {
		r.kept.Remove(question.ConversationID)
		return
	}
	r.kept.Add(question.ConversationID, p)
}
