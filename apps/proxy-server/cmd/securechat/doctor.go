package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"securechat/internal/assets"
	"securechat/internal/chat"
	"securechat/internal/config"
	"securechat/internal/geo"
	"securechat/internal/store/sqlstore"
)

type doctorCommand struct{}

// finding is one thing looked at.
type finding struct {
	what string
	err  error
	mend string // what to do where it is wrong
}

var errUnwell = errors.New("not all is well")

// Run opens whatever a server would open and tells how it went. It changes
// nothing but what every start changes.
func (doctorCommand) Run(ctx context.Context, w world) error {
	unwell := false
	for _, unknown := range config.Unknown(w.environ()) {
		unwell = report(w.out, finding{"environment", unknown, "rename the variable, or unset it"}) || unwell
	}
	settings, err := config.Read(w.getenv)
	if report(w.out, finding{"settings", err, "`securechat config` prints what each one means"}) {
		return errUnwell
	}
	_, err = openFolder(settings.Data) // where a server holds its lock, whatever its database
	unwell = report(w.out, finding{"data folder", err, "see that SECURECHAT_DATA is a folder that this user may write to"}) || unwell
	g, err := openGround(ctx, settings)
	unwell = report(w.out, lookAtGround(settings, err)) || unwell
	if g != nil {
		defer g.close()
		unwell = report(w.out, finding{"statements", sqlstore.Prepare(ctx, g.engine), "this database was changed by hand, or by a newer version"}) || unwell
		unwell = checkSites(ctx, w.out, g) || unwell
	}
	if settings.RedisURL != "" {
		unwell = report(w.out, finding{"Redis", tryRedis(ctx, settings.RedisURL), "see that Redis 7 or Valkey runs there and lets this server in, and that SECURECHAT_REDIS_URL names it; servers go on without it, each by itself"}) || unwell
	}
	for _, f := range []finding{
		{"limits", readLimits(settings), "see SECURECHAT_LIMITS in `securechat config`"},
		{"address for visitors", canListen(settings, settings.Listen), "another program listens there: stop it, or set SECURECHAT_LISTEN"},
		{"address for metrics", canListen(settings, settings.InternalListen), "another program listens there: stop it, or set SECURECHAT_INTERNAL_LISTEN, to off perhaps"},
		{"file of places", openPlaces(settings), "bring a MaxMind DB (.mmdb), or unset SECURECHAT_GEO_FILE; countries are known without it"},
		{"widget", built(), "build the binary by `make build`"},
	} {
		unwell = report(w.out, f) || unwell
	}
	if unwell {
		return errUnwell
	}
	return nil
}

// report prints a line and says whether something is wrong.
func report(out io.Writer, f finding) bool {
	if f.err == nil {
		fmt.Fprintf(out, "ok     %s\n", f.what)
		return false
	}
	fmt.Fprintf(out, "WRONG  %s: %s\n       mend: %s\n", f.what, plain(f.err), f.mend)
	return true
}

// lookAtGround tells how opening the ground went.
func lookAtGround(c config.Config, err error) finding {
	if key, ok := errors.AsType[*keyModeError](err); ok {
		return finding{"key file", errors.New(key.fact()), key.mend()}
	}
	return finding{"database and key file", err, mendGround(c)}
}

func mendGround(c config.Config) string {
	if c.DatabaseURL != "" {
		return "see that PostgreSQL runs, lets this user in and lets it make tables, and that SECURECHAT_DATABASE_URL and SECURECHAT_KEY_FILE name the right ones"
	}
	return "see that SECURECHAT_DATA is a folder this user may write to, on a disk with space left, with the key file that belongs to the database"
}

// checkSites tries every site's webhook.
func checkSites(ctx context.Context, out io.Writer, g *ground) (unwell bool) {
	sites, err := g.store.Sites(ctx)
	if report(out, finding{"sites", err, "the key file may belong to another database"}) {
		return true
	}
	for _, site := range sites {
		if site.Disabled || site.Agent.Kind != chat.AgentN8N {
			continue
		}
		unwell = report(out, finding{"webhook of " + site.Key + " (" + site.Name + ")", reach(ctx, g, site.Agent),
			"see that n8n runs there, or change it by `securechat site set " + site.Key + " --webhook-url-file FILE`"}) || unwell
		if len(site.Origins) == 0 {
			unwell = report(out, finding{"origins of " + site.Key, errors.New("no page may hold the chat"),
				"`securechat site set " + site.Key + " --origin https://shop.example`"}) || unwell
		}
	}
	return unwell
}

func readLimits(c config.Config) error {
	_, err := limitsOf(c)
	return err
}

// canListen says whether a server can listen there. One that is at work on
// the same data has taken the address, and that is well.
func canListen(c config.Config, address netip.AddrPort) error {
	if !address.IsValid() { // it is off
		return nil
	}
	l, err := net.Listen("tcp", address.String())
	if err == nil {
		return l.Close()
	}
	release, locked := folder(c.Data).lock()
	if errors.Is(locked, errInUse) {
		return nil
	}
	if locked == nil {
		release()
	}
	return err
}

func openPlaces(c config.Config) error {
	_, err := geo.Open(c.GeoFile)
	return err
}

func built() error {
	_, err := assets.Built()
	return err
}
