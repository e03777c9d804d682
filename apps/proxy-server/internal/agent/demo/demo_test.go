package demo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"securechat/internal/agent/demo"
	"securechat/internal/chat"
)

// answer is everything the agent said to a prompt.
type answer struct {
	Text   string
	Labels []string
	Cards  []chat.Card
	Pieces int
	Took   time.Duration
	Err    error
}

// ask plays the whole answer in virtual time.
func ask(t *testing.T, p chat.Prompt) answer {
	t.Helper()
	var got answer
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		for piece, err := range (demo.Agent{}).Ask(t.Context(), p) {
			if err != nil {
				got.Err = err
				break
			}
			got.Pieces++
			got.Text += piece.Text
			if piece.Label != "" {
				got.Labels = append(got.Labels, piece.Label)
			}
			if piece.Card != nil {
				got.Cards = append(got.Cards, *piece.Card)
			}
		}
		got.Took = time.Since(begun)
	})
	return got
}

func TestEachQuestionIsAnsweredInItsOwnWords(t *testing.T) {
	for question, want := range map[string]string{
		"Hello":                              "Hello!",
		"How long does delivery take?":       "working days",
		"Can I return the lamp?":             "30 days",
		"I need a gift for my sister":        "Luma candle",
		"How much is the Willow Chair?":      "€189",
		"What is the cheapest you have":      "Terra mug",
		"anything under 20?":                 "Terra mug",
		"Where is my order?":                 "order number",
		"Where is my order 48213?":           "#48213",
		"Do you have the mug in stock?":      "**in stock**, with 42 left",
		"Tell me about the backpack":         "roll top",
		"can I pay by paypal":                "PayPal",
		"I want to talk to a human":          "help@shop.example",
		"thanks!":                            "welcome",
		"Is the Aurora lamp dimmable?":       "three steps",
		"Is the Terra mug dishwasher safe?":  "**dishwasher**",
		"How is the Willow chair delivered?": "one piece",
		"qwertz":                             "demo shop's assistant",
	} {
		if got := ask(t, chat.Prompt{Text: question}); !strings.Contains(got.Text, want) || got.Err != nil {
			t.Errorf("%q is answered %q, %v; want it to speak of %q", question, got.Text, got.Err, want)
		}
	}
}

func TestEachThemeOfAQuestionIsAnswered(t *testing.T) {
	for question, want := range map[string][]string{
		"Tell me about lamps and delivery":                           {"linen shade", "working days"},
		"lamps and delivery":                                         {"linen shade", "working days"},
		"I'm interested in lamps and delivery times":                 {"linen shade", "working days"},
		"Delivery and lamps?":                                        {"working days", "linen shade"},
		"lamps, mugs & returns":                                      {"linen shade", "Terra mug", "30 days"},
		"Which lamp suits a small desk, and when would it arrive?":   {"linen shade", "working days"},
		"How much is the chair and is it fine outside?":              {"€189", "balcony"},
		"Is the lamp dimmable? And is the mug dishwasher safe?":      {"three steps", "dishwasher"},
		"Can I pay by PayPal, and what do returns cost?":             {"PayPal", "30 days"},
		"Where is my order, number 48213, and can I send it back?":   {"#48213", "30 days"},
		"Hello! Chairs and delivery, please":                         {"steam-bent ash", "one piece"},
		"How long is delivery, do you have the mug and a lamp left?": {"working days", "14 left", "42 left"},
	} {
		got := ask(t, chat.Prompt{Text: question})
		rest := got.Text
		for _, words := range want {
			var told bool
			if _, rest, told = strings.Cut(rest, words); !told {
				t.Errorf("%q is answered %q; want it to speak of %q in this order", question, got.Text, want)
				break
			}
		}
		if strings.Contains(got.Text, "Shall I tell you") || strings.Contains(got.Text, "Anything else") {
			t.Errorf("%q is answered %q, which offers what it tells", question, got.Text)
		}
	}
}

func TestWhatIsOnlyToldOfIsNotExplained(t *testing.T) {
	for question, unwanted := range map[string]string{
		"I bought the Aurora lamp last week and want to return it":  "linen shade",
		"My lamp flickers, can I send it back?":                     "linen shade",
		"Are the lamp and the chair in stock?":                      "linen shade",
		"Do you deliver mugs and candles?":                          "red clay",
		"Hello, how does delivery work? Thanks!":                    "welcome",
		"Can I send it back and get my money back?":                 "demo shop's assistant",
		"Do you ship to Norway and Sweden?":                         "demo shop's assistant",
		"When will my order arrive?":                                "Express",
		"Can I wash the blanket, and is it soft, warm and pleasant": "demo shop's assistant",
	} {
		if got := ask(t, chat.Prompt{Text: question}); strings.Contains(got.Text, unwanted) {
			t.Errorf("%q is answered %q", question, got.Text)
		}
	}
}

func TestTheSamePromptGetsTheSameAnswer(t *testing.T) {
	p := chat.Prompt{Text: "Is the lamp in stock?", PageURL: "http://localhost:8080/demo/"}
	if diff := cmp.Diff(ask(t, p), ask(t, p)); diff != "" {
		t.Error(diff)
	}
}

func TestStockIsLookedUpAndShown(t *testing.T) {
	got := ask(t, chat.Prompt{Text: "Is the Aurora Lamp in stock?", PageURL: "http://localhost:8080/demo/"})
	const page = "http://localhost:8080/demo/products/aurora-lamp"
	want := []chat.Card{{
		Title:    "Aurora lamp",
		Subtitle: "A linen shade over a slim brass stem, dimmed by its pull cord",
		Price:    "€49",
		URL:      page,
		Buttons:  []chat.Button{{Label: "View product", URL: page}, {Label: "Is it in stock?", Say: "Is the Aurora lamp in stock?"}},
	}}
	if diff := cmp.Diff(want, got.Cards); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Checking stock…"}, got.Labels); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(got.Text, "[Aurora lamp]("+page+")") {
		t.Errorf("%q has no link to the product's page", got.Text)
	}
}

func TestItMeansTheProductOfThePageOrOfTheTalk(t *testing.T) {
	for name, p := range map[string]chat.Prompt{
		"page": {Text: "how much is it?", PageURL: "http://localhost:8080/demo/products/drift-backpack"},
		"talk": {Text: "how much is it?", History: []chat.Message{{Text: "Do you sell mugs?"}, {Text: "What about a bag?"}}},
	} {
		if got := ask(t, p); !strings.Contains(got.Text, "€119") {
			t.Errorf("%s: %q does not speak of the backpack", name, got.Text)
		}
	}
}

func TestAnAnswerComesWordByWordAtAHumanPace(t *testing.T) {
	got := ask(t, chat.Prompt{Text: "What about returns?"})
	if fewest := len(strings.Fields(got.Text)) * 9 / 10; got.Pieces < fewest {
		t.Errorf("%d pieces for %q", got.Pieces, got.Text)
	}
	if got.Took < time.Second || got.Took > 20*time.Second {
		t.Errorf("took %v", got.Took)
	}
}

func TestAMessageMaySteerTheAgent(t *testing.T) {
	long := ask(t, chat.Prompt{Text: "please, long 300"})
	if words := strings.Fields(long.Text); len(words) != 300 || words[299] != "w299" {
		t.Errorf("long 300: %d words", len(words))
	}
	if slow := ask(t, chat.Prompt{Text: "slow long 300"}); slow.Text != long.Text || slow.Took != 10*long.Took {
		t.Errorf("slow took %v, otherwise %v", slow.Took, long.Took)
	}
	failed := ask(t, chat.Prompt{Text: "fail long 300"})
	if chat.CodeOf(failed.Err) != "agent_failed" || !strings.HasPrefix(long.Text, failed.Text) || failed.Pieces != 150 {
		t.Errorf("fail: %d pieces and %v", failed.Pieces, failed.Err)
	}
	if innocent := ask(t, chat.Prompt{Text: "does the lamp ever fail?"}); innocent.Err != nil {
		t.Errorf("a question that only speaks of failing: %v", innocent.Err)
	}
}

func TestAnAnswerStopsWhenNobodyWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		begun, pieces := time.Now(), 0
		for _, err := range (demo.Agent{}).Ask(ctx, chat.Prompt{Text: "slow long 5"}) {
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("ended by %v", err)
				}
				break
			}
			pieces++
			cancel()
		}
		if took := time.Since(begun); pieces != 1 || took != 200*time.Millisecond {
			t.Errorf("%d pieces in %v", pieces, took)
		}
	})
}
