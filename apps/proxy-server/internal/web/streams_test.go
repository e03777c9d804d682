package web

import (
	"context"
	"testing"
)

func TestStreamsAreDrainedOnceAlthoughOneWasTooMany(t *testing.T) {
	all := newStreams()
	var open []*stream
	for range mostStreams + 1 {
		s := ofSession(t)
		if !all.add(s) {
			t.Fatal("refused")
		}
		open = append(open, s)
	}
	if open[0].ctx.Err() == nil || open[1].ctx.Err() != nil {
		t.Error("the oldest goes on, or another does not")
	}
	all.drain(0)
	for _, s := range open[1:] {
		select {
		case <-all.drained:
			t.Error("drained before all had ended")
		default:
		}
		all.remove(s)
	}
	<-all.drained
	all.remove(open[0]) // it took longest to end
	if all.add(&stream{owner: "another"}) {
		t.Error("a stream began after all had ended")
	}
}

func ofSession(t *testing.T) *stream {
	t.Helper()
	s := &stream{owner: "session"}
	s.ctx, s.quit = context.WithCancel(t.Context())
	return s
}

func TestAStreamThatHasNotBegunIsDrainedToo(t *testing.T) {
	all := newStreams()
	s := ofSession(t)
	s.wording = asEvents
	if !all.add(s) {
		t.Fatal("refused")
	}
	all.drain(0)
	<-s.ctx.Done()
	all.remove(s)
	<-all.drained
}
