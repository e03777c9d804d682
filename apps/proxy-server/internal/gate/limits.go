package gate

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"securechat/internal/chat"
)

// Cost is what a request takes of us.
type Cost string

const (
	Framed   Cost = "frame" // the frame's page
	Entering Cost = "enter" // a session that is opened; one that is resumed is read
	Sending  Cost = "send"  // a question, which runs an agent
	Acting   Cost = "act"   // any other change
	Reading  Cost = "read"  // nothing changes
)

// Tiers are the limits of one cost. One without a burst does not apply.
type Tiers struct {
	Address Limit // one IPv4 address, or one IPv6 network of 64 bits
	Network Limit // one IPv6 network of 48 bits, of which one customer may hold 65,536 of the former
	Session Limit
	Site    Limit
}

// Limits says how often each cost may arise.
type Limits map[Cost]Tiers

// DefaultLimits lets people through and stops machines. Many people may share
// an address (an office, a mobile carrier), so it is given what dozens need;
// a session is one person. A site's limit keeps one shop from taking all.
func DefaultLimits() Limits {
	per := func(burst int, d time.Duration) Limit { return Limit{Burst: burst, Per: d} }
	return Limits{
		// A page view by somebody who opens the chat.
		Framed: {Address: per(240, time.Minute), Network: per(2400, time.Minute)},
		// Each new session is rows for a year: sixty at once, then one in 5 s.
		Entering: {Address: per(60, 5*time.Minute), Network: per(300, 5*time.Minute), Site: per(3000, time.Minute)},
		// Nobody types more than ten questions in half a minute; each may cost money.
		Sending: {Address: per(120, time.Minute), Network: per(600, time.Minute), Session: per(10, 30*time.Second), Site: per(3000, 10*time.Second)},
		// Ratings, stops, new threads.
		Acting: {Address: per(600, time.Minute), Network: per(3000, time.Minute), Session: per(60, time.Minute)},
		// Opening, paging back, reconnecting.
		Reading: {Address: per(1200, time.Minute), Network: per(6000, time.Minute), Session: per(120, time.Minute)},
	}
}

// Exceeded is the cause of a [chat.Limited] error of this room.
type Exceeded struct{ Verdict } //nolint:errname // it is said together with its room: gate.Exceeded

func (e Exceeded) Error() string { return "limit by " + e.Name }

// chargeAddress comes before anything is looked up.
func (g *Gate) chargeAddress(ctx context.Context, cost Cost, address netip.Addr) (Verdict, error) {
	tiers := g.Limits[cost]
	near, far := networks(address)
	takes := []Take{{Name: "address", Key: string(cost) + " " + near, Limit: tiers.Address}}
	if far != "" {
		takes = append(takes, Take{Name: "network", Key: string(cost) + " " + far, Limit: tiers.Network})
	}
	return g.charge(ctx, cost, takes)
}

func (g *Gate) chargeSession(ctx context.Context, cost Cost, s chat.Session) (Verdict, error) {
	tiers := g.Limits[cost]
	return g.charge(ctx, cost, []Take{
		{Name: "session", Key: string(cost) + " " + string(s.ID), Limit: tiers.Session},
		{Name: "site", Key: string(cost) + " " + string(s.SiteID), Limit: tiers.Site},
	})
}

func (g *Gate) chargeSite(ctx context.Context, cost Cost, id chat.SiteID) error {
	_, err := g.charge(ctx, cost, []Take{{Name: "site", Key: string(cost) + " " + string(id), Limit: g.Limits[cost].Site}})
	return err
}

func (g *Gate) charge(ctx context.Context, cost Cost, takes []Take) (Verdict, error) {
	verdict, err := g.Limiter.Take(ctx, time.Now(), takes)
	if err != nil {
		return Verdict{}, fmt.Errorf("ask the limiter: %w", err)
	}
	if verdict.Allowed {
		g.Metrics.Judged(string(cost), "")
		return verdict, nil
	}
	g.Metrics.Judged(string(cost), verdict.Name)
	limited := chat.E(chat.Limited, "rate_limited", "Too many requests. Try again in a moment.")
	limited.RetryAfter, limited.Err = verdict.RetryAfter, Exceeded{verdict}
	return verdict, limited
}

// networks names the buckets of an address: the network that one household
// has, and for IPv6 the one around it that a customer may have.
func networks(address netip.Addr) (near, far string) {
	address = address.Unmap().WithZone("")
	if !address.Is6() {
		return address.String(), ""
	}
	household, _ := address.Prefix(64)
	customer, _ := address.Prefix(48)
	return household.String(), customer.String()
}

// tighter is the verdict with less room. One without a name is of no limit.
func tighter(a, b Verdict) Verdict {
	if a.Name == "" || b.Name != "" && b.Remaining < a.Remaining {
		return b
	}
	return a
}

// Fields are the values of the RateLimit and RateLimit-Policy headers
// (draft-ietf-httpapi-ratelimit-headers-10); empty where no limit applies.
func (v Verdict) Fields() (rateLimit, policy string) {
	if v.Name == "" {
		return "", ""
	}
	name := strconv.Quote(v.Name)
	return name + ";r=" + strconv.Itoa(v.Remaining) + ";t=" + seconds(v.Reset),
		name + ";q=" + strconv.Itoa(v.Limit.Burst) + ";w=" + seconds(v.Limit.Per)
}

// seconds are whole ones, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
