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
		Slug: "aurora-lamp", Name: "Aurora Lamp", Euros: 49, Kind: "Lighting",
		Tagline: "Evening light, on a pull cord.",
		Story:   "A linen dome over a slim brass stem. Its warm glow changes slowly and is dimmed by the cord, so one lamp reads a book, sets a table and says good night.",
		Art:     "A table lamp with a glowing linen shade and a brass stem",
		Facts: []fact{
			{"Size", "42 cm high, shade 28 cm across"},
			{"Material", "Brass, undyed linen"},
			{"Light", "2700 K, dimmable, bulb included"},
			{"Cable", "1.8 m, braided"},
		},
		Questions: []string{"Is the Aurora Lamp dimmable?", "Is the Aurora Lamp in stock?", "Can I return the Aurora Lamp?"},
	},
	{
		Slug: "nimbus-blanket", Name: "Nimbus Blanket", Euros: 79, Kind: "Textiles",
		Tagline: "A cloud with a fringe.",
		Story:   "Organic cotton, woven in a small mill and brushed twice, so that it is warm long before it is heavy. The stripes are the mill's own; no two are quite alike.",
		Art:     "A pale woven blanket with blue stripes over two folded ones on a bench",
		Facts: []fact{
			{"Size", "140 × 200 cm"},
			{"Material", "Brushed organic cotton"},
			{"Weight", "1.1 kg"},
			{"Care", "Wash at 30 °C, dry flat"},
		},
		Questions: []string{"What is the Nimbus Blanket made of?", "Is the Nimbus Blanket in stock?", "Is delivery of the Nimbus Blanket free?"},
	},
	{
		Slug: "terra-mug", Name: "Terra Mug", Euros: 18, Kind: "Kitchen",
		Tagline: "Thrown by hand, dipped in milk glaze.",
		Story:   "Red clay from the river, a glaze the colour of cream, and a handle with room for three fingers. Each one keeps the mark of the hand that made it.",
		Art:     "A terracotta mug with a cream glaze, full of steaming coffee",
		Facts: []fact{
			{"Holds", "350 ml"},
			{"Material", "Stoneware, glazed by hand"},
			{"Dishwasher", "Yes"},
			{"Microwave", "Yes"},
		},
		Questions: []string{"Is the Terra Mug safe in the dishwasher?", "Is the Terra Mug in stock?", "How long does delivery take?"},
	},
	{
		Slug: "luma-candle", Name: "Luma Candle", Euros: 24, Kind: "Scent",
		Tagline: "Cedar, fig, an hour to yourself.",
		Story:   "Soy wax poured into amber glass, with a cotton wick that burns clean to the end. Afterwards the glass holds pencils, or a cutting of something green.",
		Art:     "A lit candle in an amber glass between two green sprigs",
		Facts: []fact{
			{"Burns", "45 hours"},
			{"Wax", "Soy"},
			{"Scent", "Cedar and fig"},
			{"Weight", "220 g"},
		},
		Questions: []string{"What does the Luma Candle smell of?", "Is the Luma Candle in stock?", "Is the Luma Candle a good gift?"},
	},
	{
		Slug: "drift-backpack", Name: "Drift Backpack", Euros: 119, Kind: "On the way",
		Tagline: "Rolls up for the city, down for the ferry.",
		Story:   "Waxed canvas that sheds water, a roll top that takes whatever the market had, and a padded sleeve for a laptop of up to 15 inches.",
		Art:     "A teal roll-top backpack with leather straps before a range of hills",
		Facts: []fact{
			{"Holds", "22 litres"},
			{"Laptop", "Up to 15 inches"},
			{"Material", "Waxed cotton canvas, leather"},
			{"Rain", "Water-repellent"},
		},
		Questions: []string{"Does a 15-inch laptop fit the Drift Backpack?", "Is the Drift Backpack in stock?", "How do I pay for the Drift Backpack?"},
	},
	{
		Slug: "willow-chair", Name: "Willow Chair", Euros: 189, Kind: "Furniture",
		Tagline: "A seat that remembers the garden.",
		Story:   "A frame of solid ash, bent over steam, with seat and back woven by hand and a cushion that comes off for washing. There is nothing to screw together.",
		Art:     "An armchair with a woven cane back beside a potted plant",
		Facts: []fact{
			{"Size", "92 × 64 × 70 cm, seat at 43 cm"},
			{"Material", "Solid ash, cane, cotton"},
			{"Carries", "130 kg"},
			{"Delivery", "In one piece"},
		},
		Questions: []string{"What is the Willow Chair made of?", "Is the Willow Chair in stock?", "Can I return the Willow Chair?"},
	},
}
