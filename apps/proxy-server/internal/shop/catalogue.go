package shop

import (
	"fmt"
	"slices"
)

// product is one thing on the shelf.
type product struct {
	Slug      string
	Name      string
	Euros     int
	Kind      string
	Tagline   string
	Story     string
	Art       string // what the picture shows
	Facts     []fact
	Questions []string // what people ask about it
}

// fact is one line of a product's table.
type fact struct{ Name, Value string }

// Price is the price as it is printed.
func (p product) Price() string { return fmt.Sprintf("€%d", p.Euros) }

// find returns the product with this slug.
func find(slug string) (product, bool) {
	i := slices.IndexFunc(catalogue, func(p product) bool { return p.Slug == slug })
	if i < 0 {
		return product{}, false
	}
	return catalogue[i], true
}

// next returns the three products that follow p on the shelf.
func next(p product) []product {
	i := slices.IndexFunc(catalogue, func(other product) bool { return other.Slug == p.Slug })
	return slices.Concat(catalogue[i+1:], catalogue[:i])[:3]
}

var catalogue = []product{
	{
		Slug: "aurora-lamp", Name: "Aurora lamp", Euros: 49, Kind: "Lighting",
		Tagline: "Evening light, on a pull cord.",
		Story:   "A linen dome over a slim brass stem. The warm bulb is dimmed by the cord in three steps, so one lamp reads a book, sets a table and says good night.",
		Art:     "A table lamp with a glowing linen shade and a brass stem",
		Facts: []fact{
			{"Size", "42 cm high, shade 28 cm across"},
			{"Material", "Brass, undyed linen"},
			{"Light", "2700 K, three steps, bulb included"},
			{"Cable", "1.8 m, braided"},
		},
		Questions: []string{"Is the Aurora lamp dimmable?", "Which bulb fits the Aurora lamp?", "How tall is the Aurora lamp?"},
	},
	{
		Slug: "nimbus-blanket", Name: "Nimbus blanket", Euros: 79, Kind: "Textiles",
		Tagline: "A cloud with a fringe.",
		Story:   "Woven from recycled lambswool in a small mill and brushed twice, so that it is warm long before it is heavy. The stripes are the mill's own; no two are quite alike.",
		Art:     "A pale woven blanket with blue stripes over two folded ones on a bench",
		Facts: []fact{
			{"Size", "140 × 200 cm"},
			{"Material", "80 % recycled wool, 20 % polyamide"},
			{"Weight", "1.1 kg"},
			{"Care", "Wool wash at 30 °C, dry flat"},
		},
		Questions: []string{"Can I wash the Nimbus blanket?", "Is the Nimbus blanket scratchy?", "How large is the Nimbus blanket?"},
	},
	{
		Slug: "terra-mug", Name: "Terra mug", Euros: 18, Kind: "Kitchen",
		Tagline: "Thrown by hand, dipped in milk glaze.",
		Story:   "Red clay from the river, a glaze the colour of cream, and a handle with room for three fingers. Each one keeps the mark of the hand that made it.",
		Art:     "A terracotta mug with a cream glaze, full of steaming coffee",
		Facts: []fact{
			{"Holds", "320 ml"},
			{"Material", "Stoneware, lead-free glaze"},
			{"Dishwasher", "Yes"},
			{"Microwave", "Yes"},
		},
		Questions: []string{"Is the Terra mug dishwasher safe?", "How much does the Terra mug hold?", "Do you sell the Terra mug as a set?"},
	},
	{
		Slug: "luma-candle", Name: "Luma candle", Euros: 24, Kind: "Scent",
		Tagline: "Fig leaf, cedar, an hour to yourself.",
		Story:   "Rapeseed and soy wax poured into amber glass, with a cotton wick that burns clean to the end. Afterwards the glass holds pencils, or a cutting of something green.",
		Art:     "A lit candle in an amber glass between two green sprigs",
		Facts: []fact{
			{"Burns", "45 hours"},
			{"Wax", "Rapeseed and soy"},
			{"Scent", "Fig leaf, cedar, a little pepper"},
			{"Weight", "220 g"},
		},
		Questions: []string{"What does the Luma candle smell of?", "How long does the Luma candle burn?", "Is the Luma candle vegan?"},
	},
	{
		Slug: "drift-backpack", Name: "Drift backpack", Euros: 119, Kind: "On the way",
		Tagline: "Rolls up for the city, down for the ferry.",
		Story:   "Waxed canvas, a roll top that takes whatever the market had, and a padded sleeve for a laptop of up to 15 inches. Seams are taped: the rain stays where it belongs.",
		Art:     "A teal roll-top backpack with leather straps before a range of hills",
		Facts: []fact{
			{"Holds", "18 to 24 litres"},
			{"Laptop", "Up to 15 inches"},
			{"Material", "Waxed cotton canvas, leather"},
			{"Rain", "Taped seams, sheds a downpour"},
		},
		Questions: []string{"Does a 15 inch laptop fit the Drift backpack?", "Is the Drift backpack waterproof?", "How do I clean waxed canvas?"},
	},
	{
		Slug: "willow-chair", Name: "Willow chair", Euros: 189, Kind: "Furniture",
		Tagline: "A seat that remembers the garden.",
		Story:   "A steam-bent ash frame, a back of woven cane, and a wool cushion that comes off for washing. Delivered in one piece: there is nothing to screw together.",
		Art:     "An armchair with a woven cane back beside a potted plant",
		Facts: []fact{
			{"Size", "92 × 64 × 70 cm, seat at 43 cm"},
			{"Material", "Ash, cane, wool"},
			{"Carries", "130 kg"},
			{"Delivery", "In one piece, to the room you name"},
		},
		Questions: []string{"How is the Willow chair delivered?", "Does the Willow chair suit a balcony?", "How much weight does the Willow chair carry?"},
	},
}
