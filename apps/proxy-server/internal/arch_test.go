// Package internal has no code: its test holds the plan of the house.
package internal

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// module is what every import path of ours begins with.
const module = "securechat/"

// rooms says whom of ours each room may import. An adapter knows the room that
// asks it, for the types of the port; rooms that decide are strangers to each
// other, and so are adapters.
var rooms = map[string][]string{
	"internal/chat": {},

	"internal/gate":      {"internal/chat"},
	"internal/relay":     {"internal/chat"},
	"internal/admin":     {"internal/chat"},
	"internal/analytics": {"internal/chat"},
	"internal/keyring":   {"internal/chat"},
	"internal/chores":    {},

	"internal/store/sqlstore": {"internal/chat", "internal/gate", "internal/relay", "internal/admin", "internal/keyring", "internal/chores"},
	"internal/store/sqlite":   {"internal/chat", "internal/store/sqlstore"},
	"internal/store/postgres": {"internal/chat", "internal/store/sqlstore"},
	"internal/store/cached":   {"internal/chat", "internal/gate"},
	"internal/stream/*":       {"internal/chat", "internal/relay"},
	"internal/runs/*":         {"internal/chat", "internal/relay"},
	"internal/limit/*":        {"internal/chat", "internal/gate"},
	"internal/blob/*":         {"internal/chat", "internal/relay"},
	"internal/agent/demo":     {"internal/chat"},
	"internal/agent/n8n":      {"internal/chat"},
	"internal/agent/n8n/*":    {"internal/chat"},
	"internal/geo":            {"internal/chat"},
	"internal/telemetry":      {"internal/chat"},

	"internal/web":    {"internal/assets", "internal/chat", "internal/gate", "internal/relay", "internal/admin", "internal/analytics"},
	"internal/assets": {},
	"internal/config": {},
	"internal/shop":   {},

	"internal/faulttest": {},

	"cmd/securechat": {"internal/*", "internal/*/*", "internal/*/*/*"},
	"cmd/bench":      {},
}

// outsiders says who may touch what lies outside: every module that is not
// ours, and those parts of the standard library that reach the world. A key
// stands for the packages below it too; the longest that fits counts.
var outsiders = map[string][]string{
	"net":          {"internal/web", "internal/agent/n8n", "internal/store/postgres", "cmd/*"},
	"net/http":     {"internal/web", "internal/agent/n8n", "internal/agent/n8n/*", "internal/shop", "internal/telemetry", "cmd/*"},
	"net/netip":    {"*"}, // values only
	"net/url":      {"*"},
	"os":           {"internal/config", "internal/geo", "internal/store/sqlite", "internal/blob/disk", "cmd/*"},
	"os/exec":      {"cmd/bench"},
	"syscall":      {"internal/agent/n8n", "cmd/*"}, // n8n looks at the address that is dialled
	"unsafe":       {},
	"plugin":       {},
	"database/sql": {"internal/store/*", "cmd/bench"},
	"testing":      {},
	// The second edition refuses what the first lets through.
	"encoding/json":          {"cmd/*"},
	"encoding/json/v2":       {"*"},
	"encoding/json/jsontext": {"*"},

	"code.dny.dev/ssrf":                    {"internal/agent/n8n"},
	"github.com/alecthomas/kong":           {"cmd/securechat"},
	"github.com/go-jose/go-jose/v4":        {"internal/keyring", "internal/agent/n8n"},
	"github.com/google/go-cmp":             {},
	"github.com/hashicorp/golang-lru/v2":   {"internal/relay"},
	"github.com/jackc/pgx/v5":              {"internal/store/postgres", "cmd/bench"},
	"github.com/oschwald/maxminddb-golang": {"internal/geo"},
	"github.com/phuslu/iploc":              {"internal/geo"},
	"github.com/pressly/goose/v3":          {"internal/store/sqlstore"},
	"github.com/prometheus/client_golang":  {"internal/telemetry"},
	"github.com/tink-crypto/tink-go/v2":    {"internal/keyring"},
	"github.com/redis/rueidis":             {"internal/stream/redis", "internal/runs/redis", "internal/limit/redis", "internal/store/cached", "cmd/securechat"},
	"golang.org/x/net/idna":                {"internal/chat"},
	"golang.org/x/net/publicsuffix":        {"internal/admin"},
	"golang.org/x/sync":                    {"internal/gate", "internal/keyring", "internal/stream/fallback", "cmd/*"},
	"golang.org/x/sys/unix":                {"internal/web"},
	"golang.org/x/text":                    {"internal/chat", "internal/web"},
	"modernc.org/sqlite":                   {"internal/store/sqlite"},
}

// chatTouches is all of the standard library that the words may use.
var chatTouches = []string{
	"errors", "log/slog", "net/netip", "net/url", "regexp", "slices", "strconv", "strings", "time", "unicode",
	"unicode/utf8", "uuid", "golang.org/x/net/idna", "golang.org/x/text/unicode/norm",
}

func TestRoomsImportOnlyWhomTheyMay(t *testing.T) {
	for name, imports := range imports(t) {
		for _, complaint := range judge(name, imports) {
			t.Error(complaint)
		}
	}
}

// A stray import of each kind is planted, to see that it would be told.
func TestAStrayImportIsTold(t *testing.T) {
	for _, c := range []struct{ room, imported, want string }{
		{"internal/agent/demo", "securechat/internal/relay", "internal/agent/demo may not import internal/relay"},
		{"internal/gate", "securechat/internal/keyring", "internal/gate may not import internal/keyring"},
		{"internal/gate", "net/http", "internal/gate may not touch net/http"},
		{"internal/web", "net/http/pprof", ""},
		{"internal/relay", "database/sql", "internal/relay may not touch database/sql"},
		{"internal/chat", "context", "internal/chat may not touch context"},
		{"internal/web", "github.com/prometheus/client_golang/prometheus", "internal/web may not touch github.com/prometheus/client_golang/prometheus"},
		{"internal/web", "example.org/new/module", "example.org/new/module has no place in the plan: say who may touch it"},
		{"internal/helpers", "strings", "internal/helpers has no place in the plan"},
		{"internal/web", "securechat/internal/gate/gatetest", "internal/web may not import internal/gate/gatetest"},
		{"internal/gate/gatetest", "securechat/internal/store/sqlite", "internal/gate/gatetest may not import internal/store/sqlite"},
		{"internal/store/sqlstore/sqlstoretest", "securechat/internal/gate/gatetest", ""},
	} {
		got := strings.Join(judge(c.room, []string{c.imported}), "\n")
		if got != c.want {
			t.Errorf("%s importing %s: %q, want %q", c.room, c.imported, got, c.want)
		}
	}
}

// judge returns a complaint for each import that the plan does not allow.
func judge(room string, imports []string) []string {
	ours, known := placeOf(room)
	if !known {
		return []string{room + " has no place in the plan"}
	}
	isTest := strings.HasSuffix(room, "test")
	var complaints []string
	for _, imported := range imports {
		if complaint := judgeOne(room, imported, ours, isTest); complaint != "" {
			complaints = append(complaints, complaint)
		}
	}
	return complaints
}

func judgeOne(room, imported string, ours []string, isTest bool) string {
	if name, of := strings.CutPrefix(imported, module); of {
		// What is for tests is for tests, even where a pattern would fit it.
		if !matches(ours, name) || strings.HasSuffix(name, "test") && !isTest {
			return room + " may not import " + name
		}
		return ""
	}
	if room == "internal/chat" && !slices.Contains(chatTouches, imported) {
		return room + " may not touch " + imported
	}
	if isTest {
		return ""
	}
	who, listed := below(imported)
	switch {
	case !listed && strings.Contains(strings.Split(imported, "/")[0], "."):
		return imported + " has no place in the plan: say who may touch it"
	case listed && !matches(who, room):
		return room + " may not touch " + imported
	}
	return ""
}

// below finds the longest key of outsiders that the import lies at or below.
func below(imported string) (who []string, listed bool) {
	for name := imported; name != "."; name = path.Dir(name) {
		if who, listed = outsiders[name]; listed {
			return who, true
		}
	}
	return nil, false
}

// placeOf returns whom of ours the room may import. What tests an adapter's
// port knows that port's room; what tests a store knows all who ask one.
func placeOf(room string) (ours []string, known bool) {
	switch {
	case strings.HasSuffix(room, "test"):
		ours = []string{"internal/chat", path.Dir(room), "internal/*/*test"}
		if strings.HasPrefix(room, "internal/store/") {
			ours = append(ours, "internal/*")
		}
		return ours, true
	case rooms[room] != nil:
		return rooms[room], true
	}
	for pattern, ours := range rooms {
		if ok, err := path.Match(pattern, room); err == nil && ok {
			return ours, true
		}
	}
	return nil, false
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return pattern == "*" || err == nil && ok
	})
}

// imports asks the go command what each room imports, its tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", "./...")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(fmt.Errorf("go list: %w", err))
	}
	all := make(map[string][]string)
	decoder := jsontext.NewDecoder(strings.NewReader(string(out)))
	for {
		var listed struct {
			ImportPath string
			Imports    []string
		}
		err := json.UnmarshalDecode(decoder, &listed)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if name := strings.TrimPrefix(listed.ImportPath, module); name != "internal" {
			all[name] = listed.Imports
		}
	}
	if len(all) < 10 {
		t.Fatalf("only %d rooms were found", len(all))
	}
	return all
}
