package demo

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"securechat/internal/chat"
)

// reply is what the shop's assistant has to say.
type reply struct {
	label string // what it looks up first, or ""
	text  string // markdown
	back  string // what it asks in return, where that is all it has said
	show  []product
	shop  string // address of the shop that links lead to
}

// question is a prompt as the assistant understands it.
type question struct {
	chat.Prompt

	shop  string
	about []product // named in the text; else on the page or in what was said before
	named bool      // about was named in the text itself
}

func understand(p chat.Prompt) question {
	q := question{Prompt: p, shop: shopAddress(p.PageURL), about: named(p.Text)}
	q.named = len(q.about) > 0
	if q.named {
		return q
	}
	if shown, ok := onPage(p.PageURL); ok {
		q.about = []product{shown}
		return q
	}
	for _, said := range slices.Backward(p.History) {
		if q.about = named(said.Text); len(q.about) > 0 {
			q.about = q.about[:1]
			return q
		}
	}
	return q
}

var orderNumber = regexp.MustCompile(`\b\d{4,10}\b`)

func orderStatus(q question) reply {
	number := orderNumber.FindString(q.Text)
	if number == "" {
		return reply{text: "Happy to look that up. What is your **order number**? It is in your confirmation e-mail and looks like **#48213**."}
	}
	states := []string{
		"is **being packed** right now. It leaves our warehouse this afternoon, and you will get the tracking link by e-mail.",
		"is **on its way**. It left our warehouse yesterday and should reach you within **2 working days**.",
		"was **delivered** this morning. Nobody was at home, so it waits with your neighbour.",
	}
	last, _ := strconv.Atoi(number[len(number)-1:]) // the pattern matches digits only
	return reply{label: "Looking up your order…", text: "Found it: order **#" + number + "** " + states[last%len(states)], back: "Can I help with anything else?"}
}

func returns(question) reply {
	return reply{text: "You can send anything back within **30 days**, no reasons asked:\n\n" +
		"1. Open *My orders* and choose **Return an item**.\n" +
		"2. Print the label, or show its code at the parcel shop.\n" +
		"3. Your money is back **3 to 5 days** after the parcel reaches us.\n\n" +
		"Returns are free; candles should still be unlit."}
}

func shipping(q question) reply {
	text := "Here is how we deliver:\n\n" +
		"- **Standard**: 2 to 4 working days, €4, **free from €60**\n" +
		"- **Express**: the next working day if you order before 14:00, €9\n" +
		"- **Pick-up point**: 2 to 4 working days, €2"
	if len(q.about) == 1 && q.about[0].euros >= 60 {
		text += "\n\nThe " + q.about[0].link(q.shop) + " comes **free of charge**."
	}
	return reply{text: text}
}

func gifts(q question) reply {
	mug, candle, blanket := products[2], products[3], products[1]
	return reply{
		text: "Lovely! These three are given most often:\n\n" +
			fmt.Sprintf("- %s, **%s**: %s\n", candle.link(q.shop), candle.price(), candle.about) +
			fmt.Sprintf("- %s, **%s**: %s\n", mug.link(q.shop), mug.price(), mug.about) +
			fmt.Sprintf("- %s, **%s**: %s\n\n", blanket.link(q.shop), blanket.price(), blanket.about) +
			"We wrap any of them for **€3**, with a card in your own words.",
		back: "What would you like to spend?",
		show: []product{candle, blanket},
	}
}

func stock(q question) reply {
	if len(q.about) == 0 {
		return reply{label: "Checking stock…", text: "All six products are **in stock** today. Which one are you looking at?"}
	}
	var lines []string
	for _, p := range q.about {
		line := fmt.Sprintf("the %s is **in stock**, with %d left", p.link(q.shop), p.stock)
		if p.stock < 5 {
			line = fmt.Sprintf("only **%d** of the %s are left", p.stock, p.link(q.shop))
		}
		lines = append(lines, line)
	}
	return reply{
		label: "Checking stock…",
		text:  "I have just checked: " + strings.Join(lines, ", and ") + ". Ordered before 14:00, it leaves us **today**.",
		show:  q.about,
	}
}

func payment(question) reply {
	return reply{text: "You can pay by **card**, **PayPal**, **Apple Pay** or **invoice** (14 days). Please never type card numbers into this chat; the checkout takes them safely."}
}

var amount = regexp.MustCompile(`\d{1,5}`)

func prices(q question) reply {
	if q.named || (len(q.about) == 1 && !speaksOf(q.Text, "cheap", "cheapest", "under", "budget")) {
		return priced(q)
	}
	most, _ := strconv.Atoi(amount.FindString(q.Text)) // 0 where no amount is named
	cheapest := slices.SortedFunc(slices.Values(products), func(a, b product) int { return a.euros - b.euros })
	within := slices.DeleteFunc(slices.Clone(cheapest), func(p product) bool { return most > 0 && p.euros > most })
	if len(within) == 0 {
		return reply{text: fmt.Sprintf("Nothing for under €%d, I am afraid. The nearest is the %s at **%s**.", most, cheapest[0].link(q.shop), cheapest[0].price())}
	}
	return reply{text: "From the smallest price up:\n\n" + priceList(within, q.shop) + "\nFrom **€60** on, delivery is free."}
}

func priced(q question) reply {
	lines := make([]string, len(q.about))
	for i, p := range q.about {
		lines[i] = "The " + p.link(q.shop) + " is **" + p.price() + "**, VAT included."
	}
	return reply{text: strings.Join(lines, "\n\n"), show: q.about}
}

func priceList(list []product, shop string) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString("- " + p.link(shop) + ", **" + p.price() + "**\n")
	}
	return b.String()
}

func people(question) reply {
	return reply{text: "Of course. Our team is there **Monday to Friday, 9:00 to 17:00**, at [help@shop.example](mailto:help@shop.example) and [+49 30 000 000](tel:+4930000000). Until then I will gladly do what I can."}
}

func thanks(question) reply {
	return reply{text: "You are very welcome! Enjoy your day, and write any time."}
}

func describe(q question) reply {
	lines := make([]string, len(q.about))
	for i, p := range q.about {
		lines[i] = fmt.Sprintf("The %s: %s. It costs **%s** and is in stock.", p.link(q.shop), p.about, p.price())
	}
	text := strings.Join(lines, "\n\n")
	if !q.named {
		text = "You mean the" + text[len("The"):]
	}
	return reply{text: text, back: "Shall I tell you about **delivery**, or how to **return** it?", show: q.about}
}

func greeting(q question) reply {
	hello := "Hello! "
	if q.Visitor.Returning || len(q.History) > 0 {
		hello = "Hello again! "
	}
	if len(q.about) > 0 {
		return reply{text: hello + "I see you are looking at the " + q.about[0].link(q.shop) + ": " + q.about[0].about + ". What would you like to know?"}
	}
	return reply{text: hello + "I know our products, prices, delivery and returns. What are you looking for?"}
}

func overview(q question) reply {
	return reply{text: "I am the demo shop's assistant. We make a few things, and make them well:\n\n" + priceList(products, q.shop) +
		"\nAsk me about any of them, or about **delivery**, **returns**, **gifts** or an **order**."}
}
