// Package demo is an agent that needs nothing outside the binary: it answers
// questions about six products, their delivery and their return, as a person
// would type, word by word. The same prompt always gets the same answer. It
// knows no wire and no store; pauses are the only thing it waits for.
package demo

import (
	"context"
	"hash/fnv"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"

	"securechat/internal/chat"
)

// Agent is a [relay.Agent] for the demo shop. Its zero value is ready.
//
// A message may steer it: "long 200" is answered by 200 numbered words, and
// one that begins with "fail" or "slow" fails midway or takes ten times as
// long; the three combine ("slow long 50").
type Agent struct{}

// step is one piece of an answer and the pause before it.
type step struct {
	pause time.Duration
	piece chat.Piece
}

// Ask plays the answer to p. It fails only when told to, or with ctx.
func (Agent) Ask(ctx context.Context, p chat.Prompt) iter.Seq2[chat.Piece, error] {
	return func(yield func(chat.Piece, error) bool) {
		order := parseOrder(p.Text)
		steps := order.steps(p)
		for i, s := range steps {
			if order.fail && i == len(steps)/2 {
				yield(chat.Piece{}, chat.E(chat.Unavailable, "agent_failed", "The assistant could not finish its answer."))
				return
			}
			if err := wait(ctx, s.pause); err != nil {
				yield(chat.Piece{}, err)
				return
			}
			if !yield(s.piece, nil) {
				return
			}
		}
	}
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// order is what a message asks of the agent itself, rather than of the shop.
type order struct {
	long int
	fail bool
	slow bool
}

var longOrder = regexp.MustCompile(`(?i)\blong (\d{1,5})\b`)

func parseOrder(text string) order {
	var o order
	if found := longOrder.FindStringSubmatch(text); found != nil {
		o.long, _ = strconv.Atoi(found[1]) // five digits always fit
	}
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		switch word {
		case "fail":
			o.fail = true
		case "slow":
			o.slow = true
		default:
			return o
		}
	}
	return o
}

const (
	thinking = 350 * time.Millisecond
	looking  = 900 * time.Millisecond // how long a look into stock or orders seems to take
	drumbeat = 20 * time.Millisecond  // between the words of a long answer
)

func (o order) steps(p chat.Prompt) []step {
	var steps []step
	if o.long > 0 {
		for i := range o.long {
			steps = append(steps, step{drumbeat, chat.Piece{Text: "w" + strconv.Itoa(i) + " "}})
		}
	} else {
		steps = perform(replyTo(p))
	}
	if o.slow {
		for i := range steps {
			steps[i].pause *= 10
		}
	}
	return steps
}

// perform turns a reply into what a person at a keyboard would make of it.
func perform(r reply) []step {
	pause := thinking
	var steps []step
	if r.label != "" {
		steps = append(steps, step{pause, chat.Piece{Label: r.label}})
		pause = looking
	}
	for _, word := range words(r.text) {
		steps = append(steps, step{pause, chat.Piece{Text: word}})
		pause = after(word)
	}
	for _, product := range r.show {
		card := product.card(r.shop)
		steps = append(steps, step{pause, chat.Piece{Card: &card}})
		pause = after("")
	}
	return steps
}

// words cuts text after each run of white space; joined they are the text.
func words(text string) []string {
	var list []string
	for text != "" {
		end := strings.IndexAny(text, " \n")
		if end < 0 {
			return append(list, text)
		}
		for end < len(text) && (text[end] == ' ' || text[end] == '\n') {
			end++
		}
		list = append(list, text[:end])
		text = text[end:]
	}
	return list
}

// after is the pause that follows a word: longer at the end of a thought, and
// never quite even.
func after(word string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(word))
	pause := 22*time.Millisecond + time.Duration(h.Sum32()%30)*time.Millisecond
	switch {
	case strings.Contains(word, "\n\n"):
		pause += 160 * time.Millisecond
	case strings.ContainsAny(word, ".!?:"):
		pause += 90 * time.Millisecond
	case strings.Contains(word, ","):
		pause += 40 * time.Millisecond
	}
	return pause
}
