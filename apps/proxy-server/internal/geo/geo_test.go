package geo_test

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"securechat/internal/chat"
	"securechat/internal/geo"
)

// The MaxMind DB format, version 2.0, as far as a small file needs it.

func text(s string) []byte { return append([]byte{2<<5 | byte(len(s))}, s...) }

func number(n uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{6<<5 | 4}, n)
}

// fields is a map; each part is an encoded value with its name in front.
func fields(parts ...[]byte) []byte {
	out := []byte{7<<5 | byte(len(parts))}
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

func field(name string, value []byte) []byte { return append(text(name), value...) }

func list(items ...[]byte) []byte {
	out := []byte{byte(len(items)), 11 - 7}
	for _, item := range items {
		out = append(out, item...)
	}
	return out
}

func named(name string) []byte { return fields(field("names", fields(field("en", text(name))))) }

// database is a file whose one record stands for every IPv4 address below 128.0.0.0.
func database(record []byte) []byte {
	const nodes = 1
	out := []byte{0, 0, nodes + 16, 0, 0, nodes} // left: the record; right: nothing
	out = append(out, make([]byte, 16)...)
	out = append(out, record...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	return append(out, fields(
		field("node_count", number(nodes)),
		field("record_size", number(24)),
		field("ip_version", number(4)),
		field("binary_format_major_version", number(2)),
		field("binary_format_minor_version", number(0)),
		field("build_epoch", number(1)),
		field("database_type", text("Test-City")),
		field("languages", list(text("en"))),
		field("description", fields()),
	)...)
}

var zurich = fields(
	field("country", fields(field("iso_code", text("CH")))),
	field("subdivisions", list(named("Zurich"))),
	field("city", named("Uster")),
)

func written(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func expect(t *testing.T, a *geo.Atlas, address string, want chat.Place) {
	t.Helper()
	if got := a.Place(netip.MustParseAddr(address)); got != want {
		t.Errorf("%s is in %+v, want %+v", address, got, want)
	}
}

func TestCountriesAreKnownWithoutAnyFile(t *testing.T) {
	a, err := geo.Open("")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, a, "8.8.8.8", chat.Place{Country: "US"})
	expect(t, a, "::ffff:8.8.8.8", chat.Place{Country: "US"})
	expect(t, a, "2001:4860:4860::8888", chat.Place{Country: "US"})
	for _, nowhere := range []string{"127.0.0.1", "10.1.2.3", "192.0.2.7", "::1", "fe80::1%eth0", "fd00::1", "0.0.0.0", "255.255.255.255"} {
		expect(t, a, nowhere, chat.Place{})
	}
	if got := a.Place(netip.Addr{}); got != (chat.Place{}) {
		t.Errorf("no address is in %+v", got)
	}
}

func TestTheOperatorsFileGoesFirst(t *testing.T) {
	a, err := geo.Open(written(t, database(zurich)))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, a, "8.8.8.8", chat.Place{Country: "CH", Region: "Zurich", City: "Uster"})
	expect(t, a, "10.1.2.3", chat.Place{})
	if got := a.Place(netip.MustParseAddr("193.0.6.139")); got.Country == "" || got.City != "" {
		t.Errorf("what the file does not know is in %+v", got)
	}
}

func TestAFileThatIsOfNoUseIsTold(t *testing.T) {
	whole := database(zurich)
	for name, path := range map[string]string{
		"missing":   filepath.Join(t.TempDir(), "none.mmdb"),
		"empty":     written(t, nil),
		"cut short": written(t, whole[:40]),
		"a page":    written(t, []byte("<html>not found</html>")),
	} {
		a, err := geo.Open(path)
		if err == nil {
			t.Errorf("%s: nothing is told", name)
		}
		expect(t, a, "8.8.8.8", chat.Place{Country: "US"})
	}
	// A record that cannot be read leaves the table of countries.
	a, err := geo.Open(written(t, database(fields(field("country", text("CH"))))))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, a, "8.8.8.8", chat.Place{Country: "US"})
}

func TestALookUpInTheTableAllocatesNothing(t *testing.T) {
	a, _ := geo.Open("")
	address := netip.MustParseAddr("8.8.8.8")
	if n := testing.AllocsPerRun(100, func() { a.Place(address) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPlace(b *testing.B) {
	path := filepath.Join(b.TempDir(), "places.mmdb")
	if err := os.WriteFile(path, database(zurich), 0o600); err != nil {
		b.Fatal(err)
	}
	a, err := geo.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	address := netip.MustParseAddr("8.8.8.8")
	b.ReportAllocs()
	for b.Loop() {
		a.Place(address)
	}
}
