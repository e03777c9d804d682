// Package geo tells where an address seems to be: by the operator's own
// database where there is one, else by a table of countries in the binary.
// Whether an address can be believed is for its caller to know.
//
// The table is IP2Location LITE data, which the NOTICE file credits.
package geo

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"
	"github.com/phuslu/iploc"

	"securechat/internal/chat"
)

// Atlas knows places. Its zero value knows countries only.
type Atlas struct {
	own *maxminddb.Reader
}

// Open returns an atlas with the MaxMind DB file at path; "" stands for none.
// An error says why the file is of no use, and the atlas does without it. The
// file is read whole, so that it may be replaced at any time.
func Open(path string) (*Atlas, error) {
	if path == "" {
		return &Atlas{}, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return &Atlas{}, fmt.Errorf("read places: %w", err)
	}
	own, err := maxminddb.OpenBytes(content)
	if err != nil {
		return &Atlas{}, fmt.Errorf("read places from %s: %w", path, err)
	}
	return &Atlas{own: own}, nil
}

// record is the part of GeoLite2, GeoIP2 and DB-IP files that we use.
type record struct {
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Regions []struct {
		Names names `maxminddb:"names"`
	} `maxminddb:"subdivisions"`
	City struct {
		Names names `maxminddb:"names"`
	} `maxminddb:"city"`
}

type names struct {
	English string `maxminddb:"en"`
}

// Place returns what is known of a public address, and the zero place for any
// other.
func (a *Atlas) Place(address netip.Addr) chat.Place {
	address = address.Unmap().WithZone("")
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return chat.Place{}
	}
	if a.own != nil {
		var r record
		// What cannot be read of one record is no reason to do without the table.
		if err := a.own.Lookup(address).Decode(&r); err == nil && r.Country.Code != "" {
			place := chat.Place{Country: r.Country.Code, City: r.City.Names.English}
			if len(r.Regions) > 0 {
				place.Region = r.Regions[0].Names.English
			}
			return place
		}
	}
	if code := iploc.IPCountry(address); code != "ZZ" {
		return chat.Place{Country: code}
	}
	return chat.Place{}
}
