package redis

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/relay"
)

const (
	beatEvery  = time.Second
	linger     = 10 * time.Second // a conversation that nobody follows is heard so long: they often come back
	joinAtOnce = 256              // conversations in one command
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second // between two tries to get a line
)

var errLineLost = errors.New("the line to Redis is lost")

// Run keeps the line on which this process hears its conversations, until ctx
// ends. A line that is lost is made anew, and what was told meanwhile is read;
// readers fail where that takes longer than 2 s.
func (l *Log) Run(ctx context.Context) error {
	defer l.giveUp()
	lost := time.AfterFunc(Patience, l.giveUp)
	defer lost.Stop()
	pause := firstPause
	for ctx.Err() == nil {
		pause = min(2*pause, lastPause)
		if l.attend(ctx, lost) {
			pause = firstPause
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2)):
		case <-ctx.Done():
		}
	}
	return nil
}

// attend gets a line and keeps it until it is lost. It says whether it got
// one. While there is none, lost runs.
func (l *Log) attend(ctx context.Context, lost *time.Timer) bool {
	client, err := l.Client()
	if err != nil {
		return false
	}
	line, release := client.Dedicate()
	defer release()
	broken := line.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: l.hear})
	if l.rejoin(ctx, client, line) != nil {
		line.Close()
		return false
	}
	lost.Stop()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	defer l.lose()
	for {
		select {
		case <-ctx.Done():
			return true
		case <-broken: //nolint:errcheck // why does not matter: a new line is made
			lost.Reset(Patience)
			return true
		case <-beat.C:
			if l.beat(ctx, line) != nil {
				line.Close()
				lost.Reset(0) // it has been silent for long enough
				return true
			}
		}
	}
}

// beat finds out whether the line still stands, and leaves what nobody follows.
func (l *Log) beat(ctx context.Context, line rueidis.DedicatedClient) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	if err := line.Do(ctx, line.B().Ping().Build()).Error(); err != nil {
		return err
	}
	return l.leave(ctx, line)
}

// rejoin listens to every conversation that is followed, and then reads where
// each stands.
func (l *Log) rejoin(ctx context.Context, client rueidis.Client, line rueidis.DedicatedClient) error {
	heard := l.heard()
	stand := map[chat.ConversationID]relay.Place{}
	for some := range slices.Chunk(slices.Collect(maps.Keys(heard)), joinAtOnce) {
		if err := l.subscribe(ctx, line, some...); err != nil {
			return err
		}
		if err := l.look(ctx, client, some, stand); err != nil {
			return err
		}
	}
	l.mu.Lock()
	var waiting []*reader
	for c, f := range l.feeds { // none was added without a line
		f.line = line
		f.skip(stand[c])
		if shorter(stand[c], heard[c]) {
			f.over = true
			delete(l.feeds, c)
		}
		waiting = append(waiting, f.wake()...)
	}
	l.line = line
	close(l.up)
	l.mu.Unlock()
	wakeAll(waiting)
	return nil
}

// heard returns what is followed and how far it has been heard.
func (l *Log) heard() map[chat.ConversationID]relay.Place {
	l.mu.Lock()
	defer l.mu.Unlock()
	heard := make(map[chat.ConversationID]relay.Place, len(l.feeds))
	for c, f := range l.feeds {
		heard[c] = f.end
	}
	return heard
}

// shorter says whether a log has lost some of what was heard of it, as by a
// failover: nobody can say what its offsets mean from then on.
func shorter(stands, heard relay.Place) bool {
	return stands.Epoch == heard.Epoch && stands.Offset < heard.Offset
}

func (l *Log) subscribe(ctx context.Context, line rueidis.DedicatedClient, to ...chat.ConversationID) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	return line.Do(ctx, line.B().Subscribe().Channel(l.channels(to)...).Build()).Error()
}

func (l *Log) channels(of []chat.ConversationID) []string {
	channels := make([]string, len(of))
	for i, c := range of {
		channels[i] = l.channel(c)
	}
	return channels
}

// look notes where conversations stand.
func (l *Log) look(ctx context.Context, client rueidis.Client, at []chat.ConversationID, stand map[chat.ConversationID]relay.Place) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	var asked []rueidis.LuaExec
	for _, c := range at {
		asked = append(asked, rueidis.LuaExec{Keys: l.keys(c), Args: []string{drawn(), "", "0", "0"}})
	}
	for i, answer := range readScript.ExecMulti(ctx, client, asked...) {
		values, err := answer.ToArray()
		if err != nil {
			return err
		}
		s, err := readState(values)
		if err != nil {
			return err
		}
		stand[at[i]] = s.place
	}
	return nil
}

// lose notes that there is no line.
func (l *Log) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = nil
	l.up = make(chan struct{})
}

// giveUp ends every reader: nobody knows what they have missed.
func (l *Log) giveUp() {
	l.mu.Lock()
	var waiting []*reader
	for _, f := range l.feeds {
		f.over = true
		waiting = append(waiting, f.wake()...)
	}
	clear(l.feeds)
	l.mu.Unlock()
	wakeAll(waiting)
}

// hear takes what is told on the line.
func (l *Log) hear(m rueidis.PubSubMessage) {
	cursor, sealed, _ := strings.Cut(m.Message, " ")
	at, err := relay.ParseCursor(chat.Cursor(cursor))
	if err != nil {
		return // not told by a log
	}
	c := l.conversation(m.Channel)
	l.mu.Lock()
	f, ok := l.feeds[c]
	heeded := ok && len(f.readers) > 0
	l.mu.Unlock()
	if !ok {
		return
	}
	var e chat.Event
	if heeded {
		if e, err = l.open(context.Background(), c, sealed); err != nil {
			return // a gap, in which whoever reads the stream finds the same
		}
	}
	l.mu.Lock()
	if !heeded {
		f.skip(at)
	} else {
		f.take(at, e)
	}
	waiting := f.wake()
	l.mu.Unlock()
	wakeAll(waiting)
}

// join returns the conversation's feed once it is heard.
func (l *Log) join(ctx context.Context, c chat.ConversationID) (*feed, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	for {
		f, line, wait := l.enter(c)
		if wait != nil {
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return nil, away(context.Cause(ctx))
			}
		}
		if line == nil {
			return f, nil
		}
		if err := l.subscribe(ctx, line, c); err != nil {
			return nil, away(err)
		}
		l.mu.Lock()
		f.line = line
		l.mu.Unlock()
		return f, nil
	}
}

// enter returns the conversation's feed, made where there is none, and the
// line where it has yet to be joined; or what must be waited for first.
func (l *Log) enter(c chat.ConversationID) (f *feed, join rueidis.DedicatedClient, wait <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if left, ok := l.leaving[c]; ok {
		return nil, nil, left
	}
	if l.line == nil {
		return nil, nil, l.up
	}
	f, ok := l.feeds[c]
	if !ok {
		f = &feed{conversation: c}
		l.feeds[c] = f
	}
	f.used = time.Now()
	if f.line == l.line {
		return f, nil, nil
	}
	return f, l.line, nil
}

// leave stops listening to what nobody has followed for a while.
func (l *Log) leave(ctx context.Context, line rueidis.DedicatedClient) error {
	now := time.Now()
	left := make(chan struct{})
	var unheard []chat.ConversationID
	l.mu.Lock()
	for c, f := range l.feeds {
		if len(f.readers) == 0 && now.Sub(f.used) > linger && len(unheard) < joinAtOnce {
			f.over = true
			delete(l.feeds, c)
			l.leaving[c] = left
			unheard = append(unheard, c)
		}
	}
	l.mu.Unlock()
	if len(unheard) == 0 {
		return nil
	}
	err := line.Do(ctx, line.B().Unsubscribe().Channel(l.channels(unheard)...).Build()).Error()
	l.mu.Lock()
	for _, c := range unheard {
		delete(l.leaving, c)
	}
	l.mu.Unlock()
	close(left)
	return err
}
