package demo

import (
	"net/url"
	"slices"
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
	facts []fact
}

// fact is the answer to what visitors ask about one product.
type fact struct {
	terms []string // that a question about it speaks of
	text  string
}

var products = []product{
	{"aurora-lamp", "Aurora lamp", 49, "a linen shade over a slim brass stem, dimmed by its pull cord", 14, []string{"aurora", "lamp", "light"}, []fact{
		{[]string{"dim", "dimmable", "dimmer", "bright"}, "Yes: the pull cord dims it in **three steps**, from reading light to a glow."},
		{[]string{"bulb"}, "Its warm **2700 K** bulb is included, and good for years of evenings."},
		{[]string{"tall", "high", "height", "size", "big", "large"}, "It stands **42 cm** high; the shade is 28 cm across."},
		{[]string{"material", "made"}, "Brass and undyed linen, with a braided cable of 1.8 m."},
	}},
	{"nimbus-blanket", "Nimbus blanket", 79, "woven from recycled lambswool and brushed twice, so that it is warm long before it is heavy", 6, []string{"nimbus", "blanket", "throw"}, []fact{
		{[]string{"wash", "clean", "care", "laundry"}, "Yes: on the wool programme at **30 °C**, and then dried flat."},
		{[]string{"scratchy", "itch", "soft"}, "Not at all. It is brushed **twice**, and most people take it for cashmere."},
		{[]string{"large", "size", "big"}, "It measures **140 × 200 cm** and weighs 1.1 kg."},
		{[]string{"material", "made", "wool"}, "80 % recycled wool and 20 % polyamide, woven in a small mill."},
	}},
	{"terra-mug", "Terra mug", 18, "thrown by hand from red clay and dipped in a glaze the colour of cream", 42, []string{"terra", "mug", "cup"}, []fact{
		{[]string{"dishwasher", "microwave", "wash"}, "Yes: it is safe in the **dishwasher** and in the **microwave**."},
		{[]string{"hold", "volume", "much does", "size", "large", "big"}, "It holds **320 ml**, a generous coffee."},
		{[]string{"set", "pair"}, "We sell it singly, since no two are quite alike. From **four** on you save 10 %."},
	}},
	{"luma-candle", "Luma candle", 24, "rapeseed and soy wax in amber glass, with a cotton wick that burns clean to the end", 23, []string{"luma", "candle"}, []fact{
		{[]string{"smell", "scent", "fragrance"}, "Of **fig leaf** and **cedar**, with a little pepper."},
		{[]string{"burn", "last"}, "About **45 hours**, an hour to yourself for six weeks."},
		{[]string{"vegan", "wax", "soy"}, "Yes: the wax is rapeseed and soy, with nothing from animals in it."},
	}},
	{"drift-backpack", "Drift backpack", 119, "waxed canvas with a roll top and a padded sleeve for a laptop", 9, []string{"drift", "backpack", "bag", "rucksack", "canvas"}, []fact{
		{[]string{"laptop", "15 inch", "inch", "computer"}, "Yes: the padded sleeve takes laptops of up to **15 inches**."},
		{[]string{"waterproof", "rain", "wet"}, "It sheds a **downpour**: waxed canvas, and taped seams. Diving is another matter."},
		{[]string{"clean", "wash", "wax", "canvas"}, "Brush it, and wipe it with **cold water** only; soap would take the wax off. A tin of wax once a year keeps it tight."},
		{[]string{"hold", "litre", "liter", "volume", "size", "big", "large"}, "Between **18 and 24 litres**, depending on how far you roll the top."},
	}},
	{"willow-chair", "Willow chair", 189, "a steam-bent ash frame and a back of woven cane, with a wool cushion", 3, []string{"willow", "chair", "seat"}, []fact{
		{[]string{"deliver", "delivered", "delivery", "assemble", "assembly", "screw"}, "In **one piece**, to the room you name, free of charge. There is nothing to screw together."},
		{[]string{"balcony", "outside", "garden", "outdoor"}, "On a **covered** balcony, yes, in the dry months. Cane does not like rain."},
		{[]string{"weight", "carry", "heavy"}, "It carries up to **130 kg**."},
		{[]string{"size", "large", "big", "high", "wide"}, "It measures 92 × 64 × 70 cm, with the seat at **43 cm**."},
	}},
}

func (p product) price() string { return "€" + strconv.Itoa(p.euros) }

// path is the product's page, below the shop's address.
func (p product) path() string { return "/demo/products/" + p.slug }

// link is the product's name as a markdown link.
func (p product) link(shop string) string { return "[" + p.name + "](" + shop + p.path() + ")" }

// fact returns what the shop knows that fits the question.
func (p product) fact(text string) (fact, bool) {
	i := slices.IndexFunc(p.facts, func(f fact) bool { return speaksOf(text, f.terms...) })
	if i < 0 {
		return fact{}, false
	}
	return p.facts[i], true
}

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
	i := slices.IndexFunc(products, func(p product) bool { return u.Path == p.path() })
	if i < 0 {
		return product{}, false
	}
	return products[i], true
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
// lower case, or its plural or third person, stands in the text.
func speaksOf(text string, terms ...string) bool {
	spaced := " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), notWord), " ") + " "
	return slices.ContainsFunc(terms, func(term string) bool {
		return strings.Contains(spaced, " "+term+" ") || strings.Contains(spaced, " "+term+"s ")
	})
}

func notWord(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '\'' && r < 128
}
