package chat

import (
	"net/url"
	"strings"
)

// longestPage is the longest address of a page in bytes, once it has been cut.
const longestPage = 2048

// PageAddress checks the address of the page a visitor is on and cuts off what
// may hold secrets: user, fragment and, unless the policy keeps it, the query.
// "" stays "". Anything but http and https is [Invalid] and names field.
func (p Policy) PageAddress(field, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	page, err := url.Parse(text)
	if err != nil || page.Scheme != "http" && page.Scheme != "https" || page.Hostname() == "" {
		return "", Wrong(field, "must be an address such as https://shop.example/lamps")
	}
	page.User, page.Fragment, page.RawFragment = nil, "", ""
	if !p.KeepQuery {
		page.RawQuery, page.ForceQuery = "", false
	}
	address := page.String()
	if len(address) > longestPage {
		return "", Wrong(field, "must be at most 2048 bytes without its query")
	}
	return strings.ToValidUTF8(address, ""), nil
}
