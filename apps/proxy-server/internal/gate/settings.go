package gate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseLimits reads what an operator says of limits: "default", "off", or
// changes to the defaults such as "send.session=20/1m, enter.address=off". A
// change names a cost (frame, enter, send, act, read) and a tier (address,
// network, session, site); 20/1m lets 20 through at once and then 20 a minute.
// An error goes on from the setting's name: "must be …".
func ParseLimits(text string) (Limits, error) {
	switch text {
	case "off":
		return nil, nil
	case "", "default":
		return DefaultLimits(), nil
	}
	limits := DefaultLimits()
	for change := range strings.SplitSeq(text, ",") {
		change = strings.TrimSpace(change)
		if err := limits.change(change); err != nil {
			return nil, fmt.Errorf("must be default, off, or changes to the default separated by commas, as in send.session=20/1m,enter.address=off; %q is none: %w", change, err)
		}
	}
	return limits, nil
}

func (l Limits) change(text string) error {
	name, value, _ := strings.Cut(text, "=")
	cost, tier, _ := strings.Cut(name, ".")
	tiers, known := l[Cost(cost)]
	limit := tiers.named(tier)
	if !known || limit == nil {
		return errors.New("before = goes a cost (frame, enter, send, act, read), a dot and a tier (address, network, session, site)")
	}
	var err error
	*limit, err = parseLimit(value)
	l[Cost(cost)] = tiers
	return err
}

// named is the limit of a tier, nil where there is no such tier.
func (t *Tiers) named(tier string) *Limit {
	switch tier {
	case "address":
		return &t.Address
	case "network":
		return &t.Network
	case "session":
		return &t.Session
	case "site":
		return &t.Site
	}
	return nil
}

func parseLimit(text string) (Limit, error) {
	if text == "off" {
		return Limit{}, nil
	}
	count, span, _ := strings.Cut(text, "/")
	burst, err := strconv.Atoi(count)
	per, errPer := time.ParseDuration(span)
	if err != nil || errPer != nil || burst < 1 || per <= 0 || time.Duration(burst) > per {
		return Limit{}, errors.New("behind = goes off, or a count and a time as in 20/1m")
	}
	return Limit{Burst: burst, Per: per}, nil
}
