// Command bench measures what the proxy adds. In one run, on one machine, it
// asks the same questions of a workflow's webhook called directly, of a bare
// reverse proxy before it, and of securechat on SQLite, on PostgreSQL, and on
// PostgreSQL with Redis, and prints them side by side. Every answer is checked token by token.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type plan struct {
	binary   string
	postgres string
	redis    string
	rates    []int
	length   time.Duration
	streams  int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "upstream":
			return serveUpstream(ctx)
		case "reverse-proxy":
			return serveReverseProxy(ctx, args[1:])
		}
	}
	p, err := parsePlan(args)
	if err != nil {
		return err
	}
	return p.run(ctx, os.Stdout)
}

func parsePlan(args []string) (plan, error) {
	var p plan
	var rates string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&p.binary, "binary", "bin/securechat", "the `program` to measure")
	flags.StringVar(&p.postgres, "postgres", os.Getenv("TEST_POSTGRES_URL"), "`URL` of a PostgreSQL to measure with; none leaves it out")
	flags.StringVar(&p.redis, "redis", os.Getenv("TEST_REDIS"), "`host:port` of a Redis to measure with, beside PostgreSQL; none leaves it out")
	flags.StringVar(&rates, "rates", "50,200,500", "messages a second, one run each")
	flags.DurationVar(&p.length, "length", 10*time.Second, "how long each run asks, a minute at most")
	flags.IntVar(&p.streams, "streams", 9900, "simultaneous streams, 9900 at most; 0 leaves them out")
	if err := flags.Parse(args); err != nil {
		return plan{}, err
	}
	for text := range strings.SplitSeq(rates, ",") {
		rate, err := strconv.Atoi(text)
		if err != nil || rate < 1 || rate > 2000 {
			return plan{}, fmt.Errorf("-rates: %q must be a number from 1 to 2000", text)
		}
		p.rates = append(p.rates, rate)
	}
	if p.length <= 0 || p.length > time.Minute || p.streams < 0 || p.streams > 9900 {
		return plan{}, errors.New("-length must be at most a minute and -streams at most 9900")
	}
	return p, nil
}
