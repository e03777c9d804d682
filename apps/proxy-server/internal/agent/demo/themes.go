package demo

import (
	"regexp"
	"slices"
	"strings"

	"securechat/internal/chat"
)

// theme is one thing that a question asks about. Themes of one name are one.
type theme struct {
	name   string
	asked  question
	answer func(question) reply
}

// topics are tried in order; the first that a part of a question speaks of is its theme.
var topics = []struct {
	terms  []string
	answer func(question) reply
}{
	{[]string{"order", "parcel", "package", "track", "tracking"}, orderStatus},
	{[]string{"return", "refund", "exchange", "send back", "send it back", "money back"}, returns},
	{[]string{"ship", "shipping", "deliver", "delivery", "arrive", "how long", "post"}, shipping},
	{[]string{"gift", "present", "birthday", "christmas", "wedding"}, gifts},
	{[]string{"stock", "available", "availability", "have any", "left"}, stock},
	{[]string{"pay", "payment", "paypal", "card", "klarna", "invoice"}, payment},
	{[]string{"cheap", "cheapest", "price", "cost", "how much", "expensive", "budget", "under"}, prices},
	{[]string{"human", "person", "agent", "support", "call you", "phone", "email"}, people},
	{[]string{"thank", "thank you", "thx", "great", "perfect"}, thanks},
}

// Names of the themes that stand beside the topics.
const (
	aProduct   = "product"
	aCourtesy  = "courtesy"
	everything = "everything"
)

// replyTo answers each theme of the prompt in a paragraph of its own.
func replyTo(p chat.Prompt) reply {
	whole := understand(p)
	themes := whole.themes()
	if len(themes) < 2 {
		themes = []theme{whole.theme()}
	}
	all := reply{shop: whole.shop}
	var texts []string
	for _, t := range themes {
		r := t.answer(t.asked)
		texts = append(texts, r.text)
		if r.back != "" && len(themes) == 1 {
			texts = append(texts, r.back)
		}
		if all.label == "" {
			all.label = r.label
		}
		for _, p := range r.show {
			if !slices.ContainsFunc(all.show, func(q product) bool { return q.slug == p.slug }) {
				all.show = append(all.show, p)
			}
		}
	}
	all.text = strings.Join(texts, "\n\n")
	return all
}

// themes returns what the question asks about, in the order of asking: none
// that is mere courtesy, and no product that is only told of. A part of no
// theme goes with the one before it.
func (q question) themes() []theme {
	var found []theme
	for _, text := range parts(q.Text) {
		part := q
		part.Text = text
		own := named(text)
		if len(own) > 0 {
			part.about, part.named = own, true
		}
		t := part.theme()
		known := slices.IndexFunc(found, func(other theme) bool { return other.name == t.name })
		switch {
		case known >= 0:
			found[known].asked = found[known].asked.with(part)
		case t.name == everything && len(found) > 0:
			found[len(found)-1].asked.Text += " " + text
		case t.name == everything, t.name == aCourtesy, t.name == aProduct && !asks(text, len(own) > 0):
		default:
			found = append(found, t)
		}
	}
	return found
}

// theme returns what the question, taken as one, is about.
func (q question) theme() theme {
	if len(q.about) == 1 {
		if f, known := q.about[0].fact(q.Text); known {
			return theme{f.text, q, func(q question) reply {
				return reply{text: f.text, back: "Anything else about the " + q.about[0].link(q.shop) + "?"}
			}}
		}
	}
	for _, topic := range topics {
		if speaksOf(q.Text, topic.terms...) {
			name := topic.terms[0]
			if name == "thank" {
				name = aCourtesy
			}
			return theme{name, q, topic.answer}
		}
	}
	switch {
	case len(q.about) > 0 && (q.named || speaksOf(q.Text, pronouns...)):
		return theme{aProduct, q, describe}
	case speaksOf(q.Text, "hi", "hello", "hey", "good morning", "good evening"):
		return theme{aCourtesy, q, greeting}
	}
	return theme{everything, q, overview}
}

// with is the question that asks both.
func (q question) with(other question) question {
	q.Text += " " + other.Text
	for _, p := range other.about {
		if !slices.ContainsFunc(q.about, func(known product) bool { return known.slug == p.slug }) {
			q.about = append(slices.Clone(q.about), p)
		}
	}
	return q
}

var between = regexp.MustCompile(`(?i)(?:[.?!;,]+(?:\s+|$)|\s[&+]\s+|\b(?:and|also|plus)\b\s*)+`)

// parts cuts a text where another question may begin, but not between the
// products of a list: "are lamp and chair in stock" asks one thing.
func parts(text string) []string {
	var list []string
	for _, part := range between.Split(text, -1) {
		part = strings.TrimSpace(part)
		last := len(list) - 1
		switch {
		case part == "":
		case last >= 0 && endsInProduct(list[last]) && beginsWithProduct(part):
			list[last] += ", " + part
		default:
			list = append(list, part)
		}
	}
	return list
}

func endsInProduct(part string) bool {
	words := strings.Fields(part)
	return len(named(words[len(words)-1])) > 0
}

func beginsWithProduct(part string) bool {
	words := strings.Fields(part)
	if len(words) > 1 && speaksOf(words[0], "the", "a", "an", "your") {
		words = words[1:]
	}
	return len(named(words[0])) > 0
}

var pronouns = []string{"it", "this", "that", "one"}

// asks says whether a part that speaks of a product, and of nothing else,
// wants to hear about it. "I bought the lamp" only tells what the rest is about.
func asks(part string, names bool) bool {
	words := strings.Fields(part)
	bare := len(words) <= 3 && !speaksOf(words[0], "my", "i")
	question := speaksOf(words[0], "is", "are", "do", "does", "can", "how")
	return names && (bare || question) ||
		speaksOf(part, "which", "what", "tell", "show", "about", "recommend", "need", "want", "interested", "looking", "sell")
}
