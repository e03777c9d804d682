// Package config holds every setting once: its name, what it means and what
// it is where nobody says otherwise. It alone reads the environment. It opens
// nothing that a setting names, apart from the file that holds its value.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Config is what the operator has said, checked.
type Config struct {
	Listen           netip.AddrPort
	InternalListen   netip.AddrPort // the zero value means not at all
	Data             string
	DatabaseURL      string // PostgreSQL, or "" for SQLite in Data
	RedisURL         string // "" for a process that stands alone
	KeyFile          string // "" for the one in Data
	PublicURL        string // an origin, or "" for the loopback names of Listen
	TrustedProxies   []netip.Prefix
	PrivateUpstreams []netip.Prefix
	Limits           string
	CountryHeader    string // "" for none
	GeoFile          string // "" for none
	KeyPeriod        time.Duration
	Grace            time.Duration
	LogLevel         slog.Level
	LogFormat        LogFormat

	said map[string]said
}

// LogFormat is how a line of the log is written.
type LogFormat string

const (
	Text LogFormat = "text"
	JSON LogFormat = "json"
)

// said is a setting's text and the variable that it came from, "" for the
// default.
type said struct{ text, from string }

// Read takes every setting from the environment: X itself, or the content of
// the file that X_FILE names. An empty variable counts as not set. The error
// holds all complaints, a line each.
func Read(lookup func(name string) (string, bool)) (Config, error) {
	c := Config{said: make(map[string]said)}
	var complaints []error
	for _, s := range settings {
		text, from, err := s.read(lookup)
		if err == nil {
			c.said[s.name] = said{text, from}
			err = s.set(&c, text)
		}
		if err != nil {
			complaints = append(complaints, fmt.Errorf("%s %w", s.name, err))
		}
	}
	if len(complaints) == 0 {
		complaints = append(complaints, c.disagreements()...)
	}
	return c, errors.Join(complaints...)
}

// disagreements are complaints about settings that do not go together.
func (c Config) disagreements() []error {
	if c.PublicURL == "" && !c.Listen.Addr().IsLoopback() {
		return []error{errors.New("SECURECHAT_PUBLIC_URL must say how browsers reach the server, since SECURECHAT_LISTEN is not a loopback address")}
	}
	return nil
}

func (s setting) read(lookup func(string) (string, bool)) (text, from string, err error) {
	text, _ = lookup(s.name)
	path, _ := lookup(s.name + "_FILE")
	switch {
	case text != "" && path != "":
		return "", "", fmt.Errorf("is set twice: leave out one of %s and %s_FILE", s.name, s.name)
	case path != "":
		text, err := readLine(path)
		if err != nil {
			return "", "", fmt.Errorf("cannot be taken from %s_FILE: %w", s.name, err)
		}
		return text, s.name + "_FILE", nil
	case text != "":
		return text, s.name, nil
	}
	return s.standard, "", nil
}

// readLine reads a file without the line's end. An empty one is an error: a
// secret that was not mounted must not count as a setting that was left out.
func readLine(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(content), "\r\n")
	if text == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return text, nil
}

// Origins are those that the server's own pages are served from, when it
// listens at the given address: the public one first, and where that is this
// machine, or none is given, all the names of this machine.
func (c Config) Origins(listening netip.AddrPort) []string {
	if c.PublicURL == "" {
		return loopbackOrigins(strconv.FormatUint(uint64(listening.Port()), 10))
	}
	origins := []string{c.PublicURL}
	if u, err := url.Parse(c.PublicURL); err == nil && u.Scheme == "http" { // which only this machine may be
		for _, other := range loopbackOrigins(cmp.Or(u.Port(), "80")) {
			if other != c.PublicURL {
				origins = append(origins, other)
			}
		}
	}
	return origins
}

func loopbackOrigins(port string) []string {
	return []string{"http://127.0.0.1:" + port, "http://localhost:" + port, "http://[::1]:" + port}
}

// publicURL checks that text is an origin that browsers let set a Secure
// cookie: https, or this machine.
func publicURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("must be an address without a path, as in https://chat.example")
	}
	address, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && address.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "", errors.New("must begin with https://, because browsers keep no cookie for a frame without it")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}
