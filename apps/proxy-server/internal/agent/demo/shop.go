package demo

import (
	"net/url"
	"strconv"
	"strings"

	"securechat/internal/chat"
)

// product is one thing the demo shop sells.
type product struct {
	slug  string
	name  string
	euros int
	about string
	stock int
	words []string // how visitors call it, in lower case
}

var products = []product{
	{"aurora-lamp", "Aurora Lamp", 49, "a dimmable table lamp with a warm, slowly changing glow", 14, []string{"aurora", "lamp", "light"}},
	{"nimbus-blanket", "Nimbus Blanket", 79, "a cloud-soft throw of brushed organic cotton, 140 × 200 cm", 6, []string{"nimbus", "blanket", "throw"}},
	{"terra-mug", "Terra Mug", 18, "a hand-glazed stoneware mug for 350 ml, safe in the dishwasher", 42, []string{"terra", "mug", "cup"}},
	{"luma-candle", "Luma Candle", 24, "a soy candle scented with cedar and fig that burns for 45 hours", 23, []string{"luma", "candle"}},
	{"drift-backpack", "Drift Backpack", 119, "a water-repellent 22-litre backpack with room for a 15-inch laptop", 9, []string{"drift", "backpack", "bag", "rucksack"}},
	{"willow-chair", "Willow Chair", 189, "a solid ash chair with a hand-woven seat", 3, []string{"willow", "chair", "seat"}},
}

func (p product) price() string { return "€" + strconv.Itoa(p.euros) }

// path is the product's page, below the shop's address.
func (p product) path() string { return "/demo/products/" + p.slug }

// link is the product's name as a markdown link.
func (p product) link(shop string) string { return "[" + p.name + "](" + shop + p.path() + ")" }

func (p product) card(shop string) chat.Card {
	return chat.Card{
		Title:    p.name,
		Subtitle: strings.ToUpper(p.about[:1]) + p.about[1:],
		Price:    p.price(),
		URL:      shop + p.path(),
		Buttons: []chat.Button{
			{Label: "View product", URL: shop + p.path()},
			{Label: "Is it in stock?", Say: "Is the " + p.name + " in stock?"},
		},
	}
}

// shopAddress is the scheme and host of the page the visitor is on, or "".
func shopAddress(page string) string {
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// onPage returns the product whose page is shown there.
func onPage(page string) (product, bool) {
	u, err := url.Parse(page)
	if err != nil {
		return product{}, false
	}
	for _, p := range products {
		if strings.Contains(u.Path, p.slug) {
			return p, true
		}
	}
	return product{}, false
}

// named returns the products that the text speaks of, in the shop's order.
func named(text string) []product {
	var found []product
	for _, p := range products {
		if speaksOf(text, p.words...) {
			found = append(found, p)
		}
	}
	return found
}

// speaksOf says whether one of the terms, each one or more whole words in
// lower case, or its plural, stands in the text.
func speaksOf(text string, terms ...string) bool {
	spaced := " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), notWord), " ") + " "
	for _, term := range terms {
		if strings.Contains(spaced, " "+term+" ") || strings.Contains(spaced, " "+term+"s ") {
			return true
		}
	}
	return false
}

func notWord(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '\'' || r > 127)
}
