package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// setting is one entry of the list.
type setting struct {
	name     string
	standard string
	meaning  string
	secret   bool
	set      func(*Config, string) error
}

var settings = []setting{
	{
		name: "SECURECHAT_LISTEN", standard: "127.0.0.1:8080",
		meaning: "Address and port on which shops' visitors are served. Put a proxy that speaks TLS in front of anything but loopback.",
		set:     func(c *Config, text string) (err error) { c.Listen, err = address(text); return err },
	},
	{
		name:    "SECURECHAT_PUBLIC_URL",
		meaning: "How browsers reach the server, as in https://chat.example. The frames' own origin and the issuer of tokens. Needed unless the server listens on loopback only.",
		set: func(c *Config, text string) (err error) {
			if text != "" {
				c.PublicURL, err = publicURL(text)
			}
			return err
		},
	},
	{
		name:    "SECURECHAT_TRUSTED_PROXIES",
		meaning: "Addresses or networks of the proxies in front, separated by commas. Only their X-Forwarded-For and country headers are believed.",
		set:     func(c *Config, text string) (err error) { c.TrustedProxies, err = networks(text); return err },
	},
	{
		name: "SECURECHAT_INTERNAL_LISTEN", standard: "127.0.0.1:9090",
		meaning: "Address and port on which /metrics is served, or off. Keep it away from the public.",
		set: func(c *Config, text string) (err error) {
			if text != "off" {
				c.InternalListen, err = address(text)
			}
			return err
		},
	},
	{
		name: "SECURECHAT_DATA", standard: "./data",
		meaning: "Folder for the SQLite database and the key file that the server makes for itself.",
		set:     func(c *Config, text string) (err error) { c.Data, err = required(text); return err },
	},
	{
		name: "SECURECHAT_DATABASE_URL", secret: true,
		meaning: "PostgreSQL to keep everything in, as in postgres://user@host/name. Without it SQLite in the data folder is used.",
		set:     func(c *Config, text string) (err error) { c.DatabaseURL, err = databaseURL(text); return err },
	},
	{
		name: "SECURECHAT_REDIS_URL", secret: true,
		meaning: "Redis 7 or Valkey through which replicas share answers under way and limits, as in redis://:password@host:6379/0, or rediss:// for TLS. Needed as soon as more than one server works on a database. While it is away each replica goes on by itself.",
		set:     func(c *Config, text string) (err error) { c.RedisURL, err = redisURL(text); return err },
	},
	{
		name:    "SECURECHAT_KEY_FILE",
		meaning: "File with the key that seals every other key. Without it the server makes one in the data folder when it is first started. Nobody but its owner may write to it, and beside them only its group may read it: mode 0600, 0400, 0640 or 0440. Back it up apart from the database: neither is of use without the other.",
		set:     func(c *Config, text string) error { c.KeyFile = text; return nil },
	},
	{
		name: "SECURECHAT_KEY_PERIOD", standard: "90d",
		meaning: "How long a key signs tokens before the next one takes over. The next one is published all that time.",
		set: func(c *Config, text string) (err error) {
			c.KeyPeriod, err = duration(text, time.Hour)
			return err
		},
	},
	{
		name:    "SECURECHAT_ALLOW_PRIVATE_UPSTREAMS",
		meaning: "Private addresses or networks that webhooks may lie in, separated by commas, as in 10.0.0.0/8. None by default, so that nobody who may edit a site can reach into the network behind the server.",
		set:     func(c *Config, text string) (err error) { c.PrivateUpstreams, err = networks(text); return err },
	},
	{
		name: "SECURECHAT_LIMITS", standard: "default",
		meaning: "How often visitors may come: default, off, or changes to the default such as send.session=20/1m,enter.address=off. A change names a cost (frame, enter, send, act, read) and a tier (address, network, session, site).",
		set:     func(c *Config, text string) error { c.Limits = text; return nil },
	},
	{
		name:    "SECURECHAT_COUNTRY_HEADER",
		meaning: "Header in which a trusted proxy tells the visitor's country, as in CF-IPCountry.",
		set:     func(c *Config, text string) (err error) { c.CountryHeader, err = header(text); return err },
	},
	{
		name:    "SECURECHAT_GEO_FILE",
		meaning: "MaxMind DB (.mmdb) that tells where an address is. Without it, or where it cannot be read, a table of countries within the binary is used.",
		set:     func(c *Config, text string) error { c.GeoFile = text; return nil },
	},
	{
		name: "SECURECHAT_GRACE", standard: "25s",
		meaning: "How long answers under way may take to end when the server is told to stop.",
		set: func(c *Config, text string) (err error) {
			c.Grace, err = duration(text, 0)
			return err
		},
	},
	{
		name: "SECURECHAT_LOG_LEVEL", standard: "info",
		meaning: "The least that is logged: debug, info, warn or error.",
		set: func(c *Config, text string) error {
			if c.LogLevel.UnmarshalText([]byte(text)) != nil || c.LogLevel%(slog.LevelInfo-slog.LevelDebug) != 0 {
				return errors.New("must be debug, info, warn or error")
			}
			return nil
		},
	},
	{
		name: "SECURECHAT_LOG_FORMAT", standard: string(Text),
		meaning: "How a line of the log is written: text for people, json for machines.",
		set: func(c *Config, text string) error {
			c.LogFormat = LogFormat(text)
			if c.LogFormat != Text && c.LogFormat != JSON {
				return errors.New("must be text or json")
			}
			return nil
		},
	},
}

func required(text string) (string, error) {
	if text == "" {
		return "", errors.New("must not be empty")
	}
	return text, nil
}

// address reads a host and port; localhost is the only name it knows.
func address(text string) (netip.AddrPort, error) {
	if port, ok := strings.CutPrefix(text, "localhost:"); ok {
		text = "127.0.0.1:" + port
	} else if strings.HasPrefix(text, ":") {
		text = "0.0.0.0" + text
	}
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.AddrPort{}, errors.New("must be an address and a port, as in 127.0.0.1:8080")
	}
	return at, nil
}

func networks(text string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		network, err := netip.ParsePrefix(part)
		if alone, errAlone := netip.ParseAddr(part); errAlone == nil {
			network, err = alone.Prefix(alone.BitLen())
		}
		if err != nil {
			return nil, errors.New("must be addresses or networks separated by commas, as in 10.0.0.0/8; " + strconv.Quote(part) + " is none")
		}
		all = append(all, network.Masked())
	}
	return all, nil
}

// databaseURL says nothing of what it was given: it may hold a password.
func databaseURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", errors.New("must look like postgres://user:password@host/name")
	}
	return text, nil
}

// redisURL says nothing of what it was given: it may hold a password.
func redisURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Host == "" {
		return "", errors.New("must look like redis://:password@host:6379/0, or rediss:// for TLS")
	}
	return text, nil
}

func header(text string) (string, error) {
	if strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", errors.New("must be the name of a header, as in CF-IPCountry")
	}
	return text, nil
}

// duration reads what [time.ParseDuration] does, and whole days ("90d").
func duration(text string, least time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		if n > 36500 {
			err = strconv.ErrRange
		}
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d < least {
		return 0, errors.New("must be a time of at least " + least.String() + ", as in 90d, 12h or 30s")
	}
	return d, nil
}
