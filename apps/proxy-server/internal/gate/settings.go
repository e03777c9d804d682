package gate

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseLimits reads what an operator says of limits: "default", "off", or
// changes to the defaults such as "send.session=20/1m, enter.address=off". A
// change names a cost (frame, enter, send, act, read) and a tier (address,
// network, session, site); 20/1m lets 20 through at once and then 20 a minute.
func ParseLimits(text string) (Limits, error) {
	switch text {
	case "off":
		return nil, nil
	case "", "default":
		return DefaultLimits(), nil
	}
	limits := DefaultLimits()
	for change := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(change), "=")
		limit, err := parseLimit(value)
		if err != nil {
			return nil, fmt.Errorf("read limit %s: %w", name, err)
		}
		cost, tier, _ := strings.Cut(name, ".")
		tiers, known := limits[Cost(cost)]
		if !known || !tiers.set(tier, limit) {
			return nil, fmt.Errorf("read limits: %q is none, want a cost (frame, enter, send, act, read), a dot and a tier (address, network, session, site)", name)
		}
		limits[Cost(cost)] = tiers
	}
	return limits, nil
}

// set reports whether there is such a tier.
func (t *Tiers) set(tier string, limit Limit) bool {
	switch tier {
	case "address":
		t.Address = limit
	case "network":
		t.Network = limit
	case "session":
		t.Session = limit
	case "site":
		t.Site = limit
	default:
		return false
	}
	return true
}

func parseLimit(text string) (Limit, error) {
	if text == "off" {
		return Limit{}, nil
	}
	count, span, _ := strings.Cut(text, "/")
	burst, err := strconv.Atoi(count)
	per, errPer := time.ParseDuration(span)
	if err != nil || errPer != nil || burst < 1 || per <= 0 || time.Duration(burst) > per {
		return Limit{}, fmt.Errorf("%q must be off, or a count and a time as in 20/1m", text)
	}
	return Limit{Burst: burst, Per: per}, nil
}
