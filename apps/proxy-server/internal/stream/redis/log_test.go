package redis_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/faulttest"
	"securechat/internal/relay"
	"securechat/internal/relay/relaytest"
	"securechat/internal/stream/redis"
)

// seal is a sealer whose word can be told apart from what it hides.
type seal struct{}

func (seal) Seal(_ context.Context, _ chat.SiteID, plain, aad []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%s\x00%s", aad, base64.StdEncoding.EncodeToString(plain)), nil
}

func (seal) Open(_ context.Context, _ chat.SiteID, sealed, aad []byte) ([]byte, error) {
	text, ok := strings.CutPrefix(string(sealed), string(aad)+"\x00")
	if !ok {
		return nil, errors.New("sealed elsewhere")
	}
	return base64.StdEncoding.DecodeString(text)
}

// server is the Redis of the tests; they make keys of their own in it.
func server(t testing.TB) string {
	t.Helper()
	address := os.Getenv("TEST_REDIS")
	if address == "" {
		t.Skip("TEST_REDIS names no server")
	}
	return address
}

func connect(t testing.TB, address string) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{address}, ConnWriteTimeout: redis.Patience, Dialer: net.Dialer{Timeout: redis.Patience},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// open returns a log of one process: those of one prefix share what they hold.
func open(t testing.TB, address, prefix string) *redis.Log {
	t.Helper()
	client := connect(t, address)
	l := redis.New(redis.Options{Client: func() (rueidis.Client, error) { return client, nil }, Sealer: seal{}, Prefix: prefix})
	ctx, quit := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		quit()
		running.Wait()
	})
	return l
}

// prefix is the beginning of a test's own keys, which are gone after it.
func prefix(t testing.TB) string {
	t.Helper()
	own := "test:" + chat.NewID() + ":"
	client := connect(t, server(t))
	t.Cleanup(func() { forget(t, client, own) })
	return own
}

// forget has Redis forget everything under a prefix.
func forget(t testing.TB, client rueidis.Client, prefix string) {
	t.Helper()
	ctx := context.Background()
	keys, err := client.Do(ctx, client.B().Keys().Pattern(prefix+"*").Build()).AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if err := client.Do(ctx, client.B().Del().Key(key).Build()).Error(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLog(t *testing.T) {
	address := server(t)
	relaytest.TestLog(t, func(t *testing.T) relay.Log { return open(t, address, prefix(t)) })
}

// follower hears one conversation, event by event.
type follower struct {
	t      testing.TB
	reader relay.Reader
	woken  chan struct{}
	heard  []chat.Event
}

func follow(t testing.TB, l *redis.Log, c chat.ConversationID, after chat.Cursor) *follower {
	t.Helper()
	f := &follower{t: t, woken: make(chan struct{}, 1)}
	var err error
	f.reader, err = l.Follow(t.Context(), c, after, func() {
		select {
		case f.woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.reader.Close)
	return f
}

// next returns the next event, or why there is none.
func (f *follower) next() (chat.Event, error) {
	f.t.Helper()
	for len(f.heard) == 0 {
		var err error
		if f.heard, err = f.reader.Next(); err != nil {
			return chat.Event{}, err
		}
		if len(f.heard) > 0 {
			break
		}
		select {
		case <-f.woken:
		case <-time.After(10 * time.Second):
			f.t.Fatal("nobody wakes the follower")
		}
	}
	e := f.heard[0]
	f.heard = f.heard[1:]
	return e, nil
}

func (f *follower) wants(text string) chat.Event {
	f.t.Helper()
	e, err := f.next()
	if err != nil || e.Text != text {
		f.t.Fatalf("heard %+v, %v, want %q", e, err, text)
	}
	return e
}

func say(t testing.TB, l *redis.Log, c chat.ConversationID, seq int, text string) chat.Cursor {
	t.Helper()
	cursor, err := l.Append(t.Context(), c, chat.Event{Kind: chat.TextDelta, TurnID: "t", Seq: seq, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return cursor
}

func TestWhatOneProcessSaysAnotherHears(t *testing.T) {
	own := prefix(t)
	here, there := open(t, server(t), own), open(t, server(t), own)
	f := follow(t, there, "c", "")
	at := say(t, here, "c", 1, "Hello")
	if e := f.wants("Hello"); e.Cursor != at {
		t.Errorf("it lies at %s here and at %s there", at, e.Cursor)
	}
	resumed := follow(t, here, "c", at)
	say(t, there, "c", 2, " there")
	f.wants(" there")
	resumed.wants(" there")
}

func TestEveryMemberOfAnEventIsKept(t *testing.T) {
	l := open(t, server(t), prefix(t))
	whole := chat.Event{
		Kind: chat.TurnEnded, TurnID: "t", Seq: 3, QuestionID: "q", MessageID: "m", Text: "text \x00 💥", Label: "label", Position: 2,
		Card:    &chat.Card{Title: "Lamp", Price: "€5", URL: "https://shop.example/lamp", Buttons: []chat.Button{{Label: "Buy", Say: "buy"}}},
		Status:  chat.TurnFailed,
		Problem: &chat.Problem{Code: "code", Title: "Title", ID: "id"},
		Message: &chat.Message{ID: "m", Text: "text", CreatedAt: time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC), Number: 7, Rating: -1},
	}
	f := follow(t, l, "c", "")
	at, err := l.Append(t.Context(), "c", whole)
	if err != nil {
		t.Fatal(err)
	}
	whole.Cursor = at
	heard, err := f.next()
	if err != nil {
		t.Fatal(err)
	}
	told, err := l.Told(t.Context(), "c", "t")
	if err != nil || len(told) != 1 {
		t.Fatalf("Told = %+v, %v", told, err)
	}
	same(t, "heard", whole, heard)
	same(t, "told", whole, told[0])
}

func TestNothingThatPeopleSayIsReadableInRedis(t *testing.T) {
	own := prefix(t)
	l := open(t, server(t), own)
	f := follow(t, l, "c", "")
	client := connect(t, server(t))
	say(t, l, "c", 1, "confidential")
	f.wants("confidential")
	dump, err := client.Do(t.Context(), client.B().Xrange().Key(own+"log:{c}").Start("-").End("+").Build()).AsXRange()
	if err != nil || len(dump) != 1 || strings.Contains(fmt.Sprint(dump), "confidential") {
		t.Errorf("Redis holds %v, %v", dump, err)
	}
}

func TestAnEventOfAnotherConversationDoesNotOpen(t *testing.T) {
	own := prefix(t)
	l := open(t, server(t), own)
	client := connect(t, server(t))
	say(t, l, "theirs", 1, "secret")
	before, err := l.End(t.Context(), "mine")
	if err != nil {
		t.Fatal(err)
	}
	say(t, l, "mine", 1, "own")
	theirs, err := client.Do(t.Context(), client.B().Xrange().Key(own+"log:{theirs}").Start("-").End("+").Build()).AsXRange()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []rueidis.Completed{
		client.B().Del().Key(own + "log:{mine}").Build(),
		client.B().Xadd().Key(own+"log:{mine}").Id("1-0").FieldValue().FieldValue("t", "t").FieldValue("a", "0").FieldValue("s", theirs[0].FieldValues["s"]).Build(),
	} {
		if err := client.Do(t.Context(), command).Error(); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := follow(t, l, "mine", before).next(); err != nil || e.Kind != chat.LogReset {
		t.Errorf("heard %+v, %v, want a log-reset", e, err)
	}
}

func TestALineThatIsCutMissesNothing(t *testing.T) {
	line := faulttest.NewLine(t, server(t))
	own := prefix(t)
	here, there := open(t, line.Address(), own), open(t, server(t), own)
	f := follow(t, here, "c", "")
	for round := range 5 {
		say(t, there, "c", 2*round+1, fmt.Sprint("before ", round))
		f.wants(fmt.Sprint("before ", round))
		line.Cut()
		say(t, there, "c", 2*round+2, fmt.Sprint("meanwhile ", round))
		f.wants(fmt.Sprint("meanwhile ", round))
	}
}

func TestWhoFollowsIsToldWithinSecondsThatRedisIsAway(t *testing.T) {
	for _, fault := range faulttest.All {
		if fault == faulttest.Slow {
			continue // it answers
		}
		t.Run(fault.String(), func(t *testing.T) {
			line := faulttest.NewLine(t, server(t))
			own := prefix(t)
			here, there := open(t, line.Address(), own), open(t, server(t), own)
			f := follow(t, here, "c", "")
			at := say(t, here, "c", 1, "before")
			f.wants("before")
			line.Be(fault)
			begun := time.Now()
			if e, err := f.next(); chat.KindOf(err) != chat.Unavailable {
				t.Errorf("heard %+v, %v", e, err)
			}
			if _, err := here.Append(t.Context(), "c", chat.Event{Kind: chat.TextDelta, TurnID: "t", Seq: 2, Text: "meanwhile"}); chat.KindOf(err) != chat.Unavailable {
				t.Errorf("Append = %v", err)
			}
			if took := time.Since(begun); took > 15*time.Second {
				t.Errorf("that took %v", took)
			}
			say(t, there, "c", 2, "meanwhile")
			line.Be(faulttest.None)
			back := comesBack(t, here, at)
			if e, err := back.next(); err != nil || e.Text != "meanwhile" {
				t.Errorf("after it came back: %+v, %v", e, err)
			}
		})
	}
}

// comesBack follows as soon as that is possible.
func comesBack(t *testing.T, l *redis.Log, after chat.Cursor) *follower {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		r, err := l.Follow(t.Context(), "c", after, func() {})
		if err == nil {
			r.Close()
			return follow(t, l, "c", after)
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestALogThatIsForgottenBeginsAnewAndSaysSo(t *testing.T) {
	own := prefix(t)
	l := open(t, server(t), own)
	client := connect(t, server(t))
	f := follow(t, l, "c", "")
	old := say(t, l, "c", 1, "before")
	f.wants("before")
	forget(t, client, own)
	say(t, l, "c", 2, "after")
	if e, err := f.next(); err != nil || e.Kind != chat.LogReset {
		t.Errorf("heard %+v, %v, want a log-reset", e, err)
	}
	f.wants("after")
	if e, err := follow(t, l, "c", old).next(); err != nil || e.Kind != chat.LogReset {
		t.Errorf("from the old cursor: %+v, %v, want a log-reset", e, err)
	}
}

func TestALogThatLostItsEndDoesNotPassOffNewEventsAsOldOnes(t *testing.T) {
	line := faulttest.NewLine(t, server(t))
	own := prefix(t)
	here, there := open(t, line.Address(), own), open(t, server(t), own)
	client := connect(t, server(t))
	f := follow(t, here, "c", "")
	say(t, there, "c", 1, "kept")
	f.wants("kept")
	say(t, there, "c", 2, "lost")
	at := f.wants("lost").Cursor
	for _, command := range []rueidis.Completed{ // as after a failover to a replica that was behind
		client.B().Xdel().Key(own + "log:{c}").Id("2-0").Build(),
		client.B().Hset().Key(own+"log:{c}:of").FieldValue().FieldValue("n", "1").Build(),
	} {
		if err := client.Do(t.Context(), command).Error(); err != nil {
			t.Fatal(err)
		}
	}
	line.Cut()
	if e, err := f.next(); chat.KindOf(err) != chat.Unavailable {
		t.Fatalf("heard %+v, %v", e, err)
	}
	again := comesBack(t, here, at)
	if e, err := again.next(); err != nil || e.Kind != chat.LogReset {
		t.Errorf("heard %+v, %v, want a log-reset", e, err)
	}
}

func TestLogsAreForgottenInTime(t *testing.T) {
	own := prefix(t)
	l := open(t, server(t), own)
	client := connect(t, server(t))
	lives := func(key string) time.Duration {
		left, err := client.Do(t.Context(), client.B().Pttl().Key(own+key).Build()).AsInt64()
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(left) * time.Millisecond
	}
	within := func(what string, got, want time.Duration) {
		t.Helper()
		if got > want || got < want-time.Minute {
			t.Errorf("%s lives for %v, want %v", what, got, want)
		}
	}
	say(t, l, "c", 1, "open")
	within("an open turn's stream", lives("log:{c}"), 24*time.Hour)
	within("its epoch", lives("log:{c}:of"), 24*time.Hour)
	if _, err := l.Append(t.Context(), "c", chat.Event{Kind: chat.TurnEnded, TurnID: "t", Seq: 2}); err != nil {
		t.Fatal(err)
	}
	within("the stream after that", lives("log:{c}"), 10*time.Minute)
	within("the epoch after that", lives("log:{c}:of"), time.Hour)
}

func TestALongLogIsTrimmed(t *testing.T) {
	own := prefix(t)
	l := open(t, server(t), own)
	client := connect(t, server(t))
	for range 1500 {
		if _, err := l.Append(t.Context(), "c", chat.Event{Kind: chat.MessageAdded}); err != nil {
			t.Fatal(err)
		}
	}
	n, err := client.Do(t.Context(), client.B().Xlen().Key(own+"log:{c}").Build()).AsInt64()
	if err != nil || n > 1000+64 {
		t.Errorf("it holds %d events, %v", n, err)
	}
}
