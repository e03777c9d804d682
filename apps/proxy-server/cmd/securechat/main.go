// Command securechat is the proxy between shoppers and the agents that answer
// them. It is one program: the server, the tools that set it up, and a demo.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"securechat/internal/chat"
	"securechat/internal/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, stop, os.Args[1:], world{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.LookupEnv, environ: os.Environ})
	os.Exit(code)
}

// world is what a command reads from and writes to.
type world struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) (string, bool)
	environ  func() []string
}

// settings are what the environment says. Of a variable that looks like one
// and is none there is but a warning: a fleet whose replicas are of two
// versions shares one environment.
func (w world) settings() (config.Config, error) {
	for _, unknown := range config.Unknown(w.environ()) {
		fmt.Fprintln(w.err, "warning:", unknown)
	}
	return w.read()
}

func (w world) read() (config.Config, error) {
	c, err := config.Read(w.getenv)
	return c, errors.Join(err, readLimits(c))
}

// commands is the whole command line.
type commands struct {
	Serve     serveCommand     `cmd:"" help:"Run the server."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database up to date and end."`
	Site      siteCommands     `cmd:"" help:"Make and change sites."`
	Key       keyCommand       `cmd:"" help:"Print a new key file, for servers that share a PostgreSQL."`
	Config    configCommand    `cmd:"" help:"Print every setting, its meaning and its value."`
	Doctor    doctorCommand    `cmd:"" help:"Open everything and say what is wrong and how to mend it."`
	Backup    backupCommand    `cmd:"" help:"Copy the embedded database into a new file, beside a running server."`
	Health    healthCommand    `cmd:"" help:"Ask the server on this machine whether it lives; for a container's health check."`
	DemoAgent demoAgentCommand `cmd:"" help:"Run a stand-in for n8n that speaks its true wire."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// run does what args ask for and returns the program's exit code: 0, 1 where
// it could not be done, 2 where the words were wrong. A second signal ends
// the program at once, because stop gives the first one back.
func run(ctx context.Context, stop context.CancelFunc, args []string, w world) (code int) {
	defer stop()
	context.AfterFunc(ctx, stop)

	var c commands
	ended := -1
	parser, err := kong.New(&c,
		kong.Name("securechat"),
		kong.Description("A secure chat proxy: shoppers ask, an agent in n8n answers, and nothing is lost.\nEvery setting is an environment variable; `securechat config` prints them."),
		kong.Writers(w.out, w.err),
		kong.Exit(func(code int) { ended = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(w),
	)
	if err != nil {
		fmt.Fprintln(w.err, "securechat:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if ended >= 0 { // --help has been answered
		return ended
	}
	if err != nil {
		fmt.Fprintf(w.err, "securechat: %v\nTry `securechat --help`.\n", err)
		return 2
	}
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(w.err, "securechat:", plain(err))
		return 1
	}
	return 0
}

// plain is an error as the operator reads it. The causes of what may be told
// to visitors are kept from them, not from operators.
func plain(err error) string {
	if told, ok := errors.AsType[*chat.Error](err); ok && told.Err == nil && told.Field == "" {
		return told.Text
	}
	return err.Error()
}

type versionCommand struct{}

func (versionCommand) Run(w world) error {
	_, err := fmt.Fprintln(w.out, "securechat", version())
	return err
}

// release is the version that a release's build says by -X main.release=….
var release string

// version is what the build recorded of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	words := []string{cmp.Or(release, info.Main.Version)}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			words = append(words, s.Value[:min(12, len(s.Value))])
		}
	}
	return strings.Join(append(words, info.GoVersion), " ")
}

type configCommand struct{}

func (configCommand) Run(w world) error {
	c, err := w.settings()
	if err != nil {
		return err
	}
	return c.Print(w.out)
}
