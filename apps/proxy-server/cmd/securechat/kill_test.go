package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// told is one question and whether its acknowledgement arrived.
type told struct {
	id, text     string
	acknowledged bool
}

func TestNoAcknowledgedMessageIsLostOrDoubledByTwoHundredKills(t *testing.T) {
	if testing.Short() {
		t.Skip("kills the server two hundred times; left out by -short")
	}
	const kills, visitors = 200, 6
	flow := newWorkflow(t, 4*time.Millisecond)
	p := newProgram(t)
	key := p.addSite(flow.URL)

	asked := make([][]told, visitors)
	people := make([]*visitor, visitors)
	for kill := range kills {
		p.serve()
		var wg sync.WaitGroup
		for i := range people {
			if people[i] == nil {
				v, err := p.visitor(key)
				if err != nil {
					t.Fatal(err)
				}
				people[i] = v
			}
			wg.Go(func() { asked[i] = askUntilKilled(people[i], asked[i], kill, i) })
		}
		moment := time.NewTimer(time.Duration(rand.Int64N(int64(150 * time.Millisecond))))
		<-moment.C
		p.kill()
		wg.Wait()
	}

	p.serve()
	for i, v := range people {
		if err := askAgain(v, asked[i]); err != nil {
			t.Fatal(err)
		}
		all, err := v.quiet()
		if err != nil {
			t.Fatal(err)
		}
		if err := eachAskedAndAnsweredOnce(asked[i], all.Messages); err != nil {
			t.Errorf("visitor %d: %v", i, err)
		}
	}
	flow.mu.Lock()
	defer flow.mu.Unlock()
	for text, runs := range flow.runs {
		if runs > 1 {
			t.Errorf("the workflow ran %d times for %q", runs, text)
		}
	}
}

// askUntilKilled first repeats the question whose fate is unknown, under its
// own id, and then asks new ones until the server is gone.
func askUntilKilled(v *visitor, asked []told, kill, who int) []told {
	if last := len(asked) - 1; last >= 0 && !asked[last].acknowledged {
		if v.send(asked[last].id, asked[last].text) != nil {
			return asked
		}
		asked[last].acknowledged = true
	}
	for n := 0; ; n++ {
		q := told{id: newID(), text: fmt.Sprintf("question %d of visitor %d after kill %d", n, who, kill)}
		err := v.send(q.id, q.text)
		if err != nil && isRefusal(err) {
			return asked // too many wait already: nothing was promised
		}
		q.acknowledged = err == nil
		asked = append(asked, q)
		if err != nil {
			return asked
		}
	}
}

func askAgain(v *visitor, asked []told) error {
	for i := range asked {
		if asked[i].acknowledged {
			continue
		}
		for {
			err := v.send(asked[i].id, asked[i].text)
			if err == nil {
				break
			}
			if !isRefusal(err) {
				return err
			}
			if _, err := v.quiet(); err != nil {
				return err
			}
		}
	}
	return nil
}

func isRefusal(err error) bool {
	_, refused := errors.AsType[*refusal](err)
	return refused
}

// eachAskedAndAnsweredOnce checks the stored thread against what was asked.
func eachAskedAndAnsweredOnce(asked []told, stored []message) error {
	questions, answers := map[string]int{}, map[string][]message{}
	turns := map[string]string{}
	for _, m := range stored {
		if m.Author == "visitor" {
			questions[m.ID]++
			turns[m.ID] = m.TurnID
			continue
		}
		answers[m.TurnID] = append(answers[m.TurnID], m)
	}
	if len(questions) != len(asked) {
		return fmt.Errorf("%d questions asked, %d stored", len(asked), len(questions))
	}
	for _, q := range asked {
		if questions[q.id] != 1 {
			return fmt.Errorf("%q is stored %d times", q.text, questions[q.id])
		}
		got := answers[turns[q.id]]
		if len(got) > 1 {
			return fmt.Errorf("%q has %d answers", q.text, len(got))
		}
		for _, a := range got {
			if a.Status == "done" && a.Text != wholeAnswer() {
				return fmt.Errorf("%q: half an answer is marked done: %q", q.text, a.Text)
			}
		}
	}
	return nil
}
