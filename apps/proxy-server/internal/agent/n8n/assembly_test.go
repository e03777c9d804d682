package n8n

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/agent/n8n/n8ntest"
	"securechat/internal/chat"
)

// heard is what a visitor has seen at the end of a recorded stream.
type heard struct {
	Text string
	Err  error
}

// hear reads a whole stream, as [run.stream] does.
func hear(tb testing.TB, body io.Reader, nodes ...string) (heard, []chat.Piece) {
	tb.Helper()
	in := newLines(body)
	defer in.release()
	s := &stream{assembly: newAssembly(nodes), framed: true}
	var (
		text   strings.Builder
		pieces []chat.Piece
		err    error
	)
	fold := func() {
		for _, piece := range s.take() {
			if piece.Replace {
				text.Reset()
			}
			text.WriteString(piece.Text)
			pieces = append(pieces, piece)
		}
	}
	for err == nil {
		if err = s.drain(in); err == nil {
			err = in.fill()
		}
		fold()
	}
	if errors.Is(err, io.EOF) {
		err = s.last(in.rest())
	}
	s.finish()
	fold()
	return heard{text.String(), s.verdict(tb.Context(), err)}, pieces
}

func recorded(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".ndjson"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// recordings are all streams in testdata, and how each is told.
var recordings = map[string]heard{
	"ok":                                 {"w0 w1 w2 привет\n\n**жирный** 🛒 \"quote\" \u2028 <b>x</b>", nil},
	"tool":                               {"let me check\n\nw0 w1 ", nil},
	"two-agents":                         {"w0 w1 \n\nw0 w1 \n\nw0 w1 ", nil},
	"keepalive":                          {"w0 w1 ", nil},
	"respond-to-webhook-json":            {"echo N2\n\n{\"output\":\"obj\"}", nil},
	"error-then-continues":               {"w0 w1 ", nil},
	"error-without-content":              {"w0 w1 ", errWorkflow},
	"model-error":                        {"", errWorkflow},
	"model-dies-midstream":               {"w0 w1 ", errWorkflow},
	"agent-continue-on-error-begin-only": {"", errEmpty},
	"empty-agent-not-streaming":          {"", errEmpty},
	"timeout-never-closed":               {words(28), errWorkflow},
}

func words(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "w%d ", i)
	}
	return b.String()
}

func TestEveryRecordedStreamIsToldAsItWasMeant(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ndjson")
	if err != nil || len(files) != len(recordings) {
		t.Fatalf("%d recordings in testdata, %d in the table (%v)", len(files), len(recordings), err)
	}
	for name, want := range recordings {
		t.Run(name, func(t *testing.T) {
			got, _ := hear(t, strings.NewReader(recorded(t, name)))
			if got.Text != want.Text || !errors.Is(got.Err, want.Err) {
				t.Errorf("told %q, %v\nwant %q, %v", got.Text, got.Err, want.Text, want.Err)
			}
		})
	}
}

func TestWhereReadsEndChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name := range recordings {
		whole := recorded(t, name)
		want, _ := hear(t, strings.NewReader(whole))
		for range 20 {
			got, _ := hear(t, &shredder{rest: whole, random: random})
			if got.Text != want.Text || !errors.Is(got.Err, want.Err) {
				t.Fatalf("%s: %q, %v; unsplit %q, %v", name, got.Text, got.Err, want.Text, want.Err)
			}
		}
		if got, _ := hear(t, iotest.OneByteReader(strings.NewReader(whole))); got.Text != want.Text {
			t.Errorf("%s byte by byte: %q", name, got.Text)
		}
		if got, _ := hear(t, iotest.DataErrReader(strings.NewReader(whole))); got.Text != want.Text {
			t.Errorf("%s with the end beside the last bytes: %q", name, got.Text)
		}
	}
}

// shredder reads in pieces of random size.
type shredder struct {
	rest   string
	random *rand.Rand
}

func (s *shredder) Read(p []byte) (int, error) {
	if s.rest == "" {
		return 0, io.EOF
	}
	n := copy(p, s.rest[:1+s.random.IntN(min(len(s.rest), 300))])
	s.rest = s.rest[n:]
	return n, nil
}

var (
	a0 = n8ntest.Node{Name: "Agent", Item: 0}
	a1 = n8ntest.Node{Name: "Agent", Item: 1}
	b0 = n8ntest.Node{Name: "Other"}
	mt = n8ntest.Node{Name: metaNode}
)

func TestStepsAreJoinedAndNeverMixed(t *testing.T) {
	for _, c := range []struct {
		name string
		body []string
		want []chat.Piece
		err  error
	}{
		{"items that interleave come one after the other",
			[]string{a0.Begin(), a1.Begin(), a0.Say("a"), a1.Say("x"), a0.Say("b"), a1.Say("y"), a0.End(), a1.Say("z"), a1.End()},
			[]chat.Piece{{Text: "ab\n\nxyz"}}, nil},
		{"a later step that ends first waits all the same",
			[]string{a0.Begin(), a1.Begin(), a1.Say("x"), a1.End(), a0.Say("a"), a0.End()},
			[]chat.Piece{{Text: "a\n\nx"}}, nil},
		{"a step that begins again replaces what it had said",
			[]string{b0.Begin(), b0.Say("first"), b0.End(), a0.Begin(), a0.Say("wr"), a0.Begin(), a0.Say("right"), a0.End()},
			[]chat.Piece{{Text: "first\n\nwr"}, {Replace: true, Text: "first\n\nright"}}, nil},
		{"a waiting step that begins again is not noticed",
			[]string{a0.Begin(), a1.Begin(), a1.Say("wr"), a1.Begin(), a1.Say("right"), a0.Say("a"), a0.End(), a1.End()},
			[]chat.Piece{{Text: "a\n\nright"}}, nil},
		{"an empty step leaves no break behind",
			[]string{a0.Begin(), a0.End(), a0.Begin(), a0.Say("a"), a0.End(), b0.Begin(), b0.End()},
			[]chat.Piece{{Text: "a"}}, nil},
		{"an item without a begin is heard",
			[]string{a0.Say("a"), a0.End(), a0.Say("b")},
			[]chat.Piece{{Text: "a\n\nb"}}, nil},
		{"a step that failed holds up no other",
			[]string{a0.Begin(), a0.Say("a"), a0.Fail("boom"), b0.Begin(), b0.Say("b")},
			[]chat.Piece{{Text: "a\n\nb"}}, nil},
		{"a step that failed and is tried again replaces itself",
			[]string{a0.Begin(), a0.Say("a"), a0.Fail("boom"), a0.Begin(), a0.Say("b"), a0.End()},
			[]chat.Piece{{Text: "a"}, {Replace: true, Text: "b"}}, nil},
		{"a step that takes all back has said nothing",
			[]string{a0.Begin(), a0.Say("wrong"), a0.Begin()},
			[]chat.Piece{{Text: "wrong"}, {Replace: true}}, errEmpty},
		{"a card alone is an answer, even after a step that takes all back",
			[]string{mt.Say(`{"cards":[{"title":"Lamp"}]}`), mt.End(), a0.Begin(), a0.Say("wrong"), a0.Begin()},
			[]chat.Piece{{Text: "wrong"}, {Replace: true}}, nil},
		{"what only other kinds of lines say is not heard",
			[]string{"\n", n8ntest.Keepalive, `{"type":"tool-call-start","content":"secret","metadata":{"nodeId":"x"}}` + "\n", "[1]\n", "{\"type\":7}\n", "noise\n", a0.Begin(), a0.Say("a")},
			[]chat.Piece{{Text: "a"}}, nil},
		{"a gateway's page ends the answer",
			[]string{a0.Begin(), a0.Say("a"), "<!DOCTYPE html><title>502 at 10.0.0.7</title>\n", a0.Say("b")},
			[]chat.Piece{{Text: "a"}}, errHTML},
		{"halves of a character find each other",
			[]string{a0.Begin(), `{"type":"item","content":"x\ud83d","metadata":{"nodeId":"id of Agent","nodeName":"Agent","runIndex":0,"itemIndex":0}}` + "\n",
				`{"type":"item","content":"\ude00y\\ud83d","metadata":{"nodeId":"id of Agent","nodeName":"Agent","runIndex":0,"itemIndex":0}}` + "\n"},
			[]chat.Piece{{Text: `x😀y\ud83d`}}, nil},
		{"spoilt bytes are replaced and controls removed",
			[]string{a0.Begin(), "{\"type\":\"item\",\"content\":\"a\xff\\u0000\\u001b[31mb\U000E0041\"}\n"},
			[]chat.Piece{{Text: "a\uFFFD[31mb"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, pieces := hear(t, iotest.DataErrReader(strings.NewReader(strings.Join(c.body, ""))))
			if diff := cmp.Diff(fold(c.want), got.Text); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(replacements(c.want), replacements(pieces)); diff != "" {
				t.Error(diff)
			}
			if !errors.Is(got.Err, c.err) {
				t.Errorf("ended by %v, want %v", got.Err, c.err)
			}
		})
	}
}

func fold(pieces []chat.Piece) string {
	text := ""
	for _, piece := range pieces {
		if piece.Replace {
			text = ""
		}
		text += piece.Text
	}
	return text
}

// replacements is how often an answer was begun again.
func replacements(pieces []chat.Piece) int {
	n := 0
	for _, piece := range pieces {
		if piece.Replace {
			n++
		}
	}
	return n
}

func TestTheFirstOpenStepIsShownAsItSpeaks(t *testing.T) {
	s := &stream{assembly: newAssembly(nil)}
	tell := func(line string) string {
		if err := s.line([]byte(strings.TrimSpace(line))); err != nil {
			t.Fatal(err)
		}
		return fold(s.take())
	}
	for _, c := range []struct{ line, shown string }{
		{a0.Begin(), ""}, {a0.Say("a"), "a"}, {a1.Begin(), ""}, {a1.Say("x"), ""}, {a0.Say("b"), "b"},
		{a0.End(), "\n\nx"}, {a1.Say("y"), "y"}, {a1.End(), ""}, {b0.Say("z"), "\n\nz"},
		{b0.Fail(""), ""}, {a0.Begin(), ""}, {a0.Say("on"), "\n\non"}, // what has failed holds up no other
	} {
		if got := tell(c.line); got != c.shown {
			t.Errorf("after %s: %q, want %q", c.line, got, c.shown)
		}
	}
}

func TestOnlyTheSitesNodesAreShown(t *testing.T) {
	body := strings.Join([]string{b0.Begin(), b0.Say("plan"), b0.End(), a0.Begin(), a0.Say("answer"), a0.End()}, "")
	if got, _ := hear(t, strings.NewReader(body), "Agent"); got.Text != "answer" || got.Err != nil {
		t.Errorf("%q, %v", got.Text, got.Err)
	}
	if got, _ := hear(t, strings.NewReader(body), "Nobody"); got.Text != "" || !errors.Is(got.Err, errEmpty) {
		t.Errorf("%q, %v", got.Text, got.Err)
	}
}

func TestTheSideChannelIsReadAndNeverShown(t *testing.T) {
	body := strings.Join([]string{
		mt.Begin(), mt.Say(`{"activity":"Checking\nstock"}` + "\n" + `{"executionId":"231"}`), mt.End(),
		a0.Begin(), a0.Say("Here:"), a0.End(),
		mt.Begin(), mt.Say(`{"cards":[{"title":"Lamp","price":"€49","url":"https://shop.example/lamp","buttons":[`), mt.Say(
			`{"label":"Open","url":"https://shop.example/lamp"},{"label":"Bad","url":"javascript:alert(1)"},{"label":"Ask","say":"More?"},{"label":"Both","say":"x","url":"https://shop.example"}]},` +
				`{"title":"Evil","url":"http://shop.example"},{"title":"User","url":"https://a@shop.example"},{"subtitle":"no title"}]}`), mt.End(),
		mt.Begin(), mt.Say("no JSON"), mt.End(),
		b0.Fail(""),
	}, "")
	got, pieces := hear(t, strings.NewReader(body))
	want := []chat.Piece{
		{Label: "Checking stock"},
		{Text: "Here:"},
		{Card: &chat.Card{Title: "Lamp", Price: "€49", URL: "https://shop.example/lamp", Buttons: []chat.Button{
			{Label: "Open", URL: "https://shop.example/lamp"}, {Label: "Ask", Say: "More?"},
		}}},
	}
	if diff := cmp.Diff(want, pieces); diff != "" {
		t.Error(diff)
	}
	if got.Err == nil || !strings.Contains(got.Err.Error(), "execution 231") {
		t.Errorf("%v does not name the execution", got.Err)
	}
}

func TestALongAnswerIsCutBetweenCharacters(t *testing.T) {
	line := a0.Say(strings.Repeat("я", 4000))
	got, _ := hear(t, strings.NewReader(a0.Begin()+a0.Say("x")+strings.Repeat(line, 100)))
	if !errors.Is(got.Err, errTooMuch) || len(got.Text) > longestText || len(got.Text) < longestText-8 || strings.ContainsRune(got.Text, '\uFFFD') {
		t.Errorf("%d bytes, %v", len(got.Text), got.Err)
	}
	steps := strings.NewReader(strings.Repeat(a0.Say("fourteen bytes")+a0.End(), longestText/14))
	if got, _ := hear(t, steps); !errors.Is(got.Err, errTooMuch) || len(got.Text) > longestText {
		t.Errorf("of many steps: %d bytes, %v", len(got.Text), got.Err)
	}
}

func TestWhatWasTakenBackDoesNotCount(t *testing.T) {
	attempt := a0.Begin() + a0.Say(strings.Repeat("x", 100<<10))
	if got, _ := hear(t, strings.NewReader(strings.Repeat(attempt, 10))); len(got.Text) != 100<<10 || got.Err != nil {
		t.Errorf("%d bytes, %v", len(got.Text), got.Err)
	}
}

func TestALineMayBeLongButNotEndless(t *testing.T) {
	long := strings.Repeat("x", 200<<10)
	body := a0.Begin() + a0.Say(long) + a0.End() + b0.Say("short")
	if got, _ := hear(t, strings.NewReader(body)); got.Text != long+"\n\nshort" || got.Err != nil {
		t.Errorf("%d bytes, %v", len(got.Text), got.Err)
	}
	endless := &endlessLine{}
	if got, _ := hear(t, endless); !errors.Is(got.Err, errLongLine) {
		t.Errorf("an endless line: %v", got.Err)
	}
	if endless.read > 2*longestLine {
		t.Errorf("%d bytes were read", endless.read)
	}
}

type endlessLine struct{ read int }

func (e *endlessLine) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}
