package config

import (
	"cmp"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the generated pages anew")

func given(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		text, ok := values[name]
		return text, ok
	}
}

func TestNothingNeedsToBeSet(t *testing.T) {
	c, err := Read(given(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != netip.MustParseAddrPort("127.0.0.1:8080") || c.Data != "./data" || c.KeyPeriod != 90*24*time.Hour {
		t.Errorf("defaults: %+v", c)
	}
}

func TestAllComplaintsAreMadeAtOnce(t *testing.T) {
	_, err := Read(given(map[string]string{
		"SECURECHAT_LISTEN":                  "nowhere",
		"SECURECHAT_LOG_LEVEL":               "loud",
		"SECURECHAT_DATABASE_URL":            "mysql://root:hunter2@db/chat",
		"SECURECHAT_REDIS_URL":               "http://:hunter2@cache",
		"SECURECHAT_ALLOW_PRIVATE_UPSTREAMS": "10.0.0.0/8, next door",
		"SECURECHAT_GRACE":                   "-1s",
	}))
	if err == nil {
		t.Fatal("no complaint")
	}
	for _, name := range []string{"LISTEN", "LOG_LEVEL", "DATABASE_URL", "REDIS_URL", "ALLOW_PRIVATE_UPSTREAMS", "GRACE"} {
		if !strings.Contains(err.Error(), "SECURECHAT_"+name+" must") {
			t.Errorf("no complaint about %s in:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a complaint shows a password:\n%v", err)
	}
}

func TestASettingMayLieInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(path, []byte("postgres://chat:hunter2@db/chat\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"SECURECHAT_DATABASE_URL_FILE": path}
	c, err := Read(given(values))
	if err != nil || c.DatabaseURL != "postgres://chat:hunter2@db/chat" {
		t.Errorf("DatabaseURL = %q, %v", c.DatabaseURL, err)
	}
	values["SECURECHAT_DATABASE_URL"] = "postgres://other"
	if _, err := Read(given(values)); err == nil || !strings.Contains(err.Error(), "set twice") {
		t.Errorf("set twice: %v", err)
	}
}

func TestAFileThatCannotGiveASettingIsNamed(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{empty, empty + ".missing", filepath.Dir(empty)} {
		_, err := Read(given(map[string]string{"SECURECHAT_DATABASE_URL_FILE": path}))
		if err == nil || !strings.Contains(err.Error(), "SECURECHAT_DATABASE_URL_FILE") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestEverySettingMayLieInAFile(t *testing.T) {
	fit := map[string]string{"SECURECHAT_PUBLIC_URL": "https://chat.example", "SECURECHAT_DATABASE_URL": "postgres://db/chat",
		"SECURECHAT_REDIS_URL":      "redis://cache:6379/0",
		"SECURECHAT_COUNTRY_HEADER": "CF-IPCountry"}
	values, want := map[string]string{}, map[string]string{}
	for _, s := range settings {
		text := cmp.Or(s.standard, fit[s.name], "10.0.0.0")
		path := filepath.Join(t.TempDir(), "value")
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		values[s.name+"_FILE"], want[s.name] = path, text
	}
	c, err := Read(given(values))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		if c.said[name].text != text {
			t.Errorf("%s is %q, want %q", name, c.said[name].text, text)
		}
	}
}

func TestPrintShowsNoSecret(t *testing.T) {
	c, err := Read(given(map[string]string{
		"SECURECHAT_DATABASE_URL": "postgres://chat:hunter2@db/chat",
		"SECURECHAT_LOG_FORMAT":   "json",
	}))
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := c.Print(&page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "hunter2") {
		t.Error("the password is shown")
	}
	if !strings.Contains(page.String(), "Now: `json`, from SECURECHAT_LOG_FORMAT.") {
		t.Errorf("the format in force is not shown:\n%s", page.String())
	}
}

func TestPublicURLIsAnOriginThatMaySetCookies(t *testing.T) {
	for text, want := range map[string]string{
		"https://Chat.Example":       "https://chat.example",
		"https://chat.example:8443/": "https://chat.example:8443",
		"http://localhost:8080":      "http://localhost:8080",
		"http://127.0.0.1:8080":      "http://127.0.0.1:8080",
		"http://chat.example":        "",
		"https://chat.example/sub":   "",
		"https://me@chat.example":    "",
		"chat.example":               "",
		"ftp://localhost":            "",
	} {
		c, err := Read(given(map[string]string{"SECURECHAT_PUBLIC_URL": text}))
		if c.PublicURL != want || (err == nil) != (want != "") {
			t.Errorf("%s is read as %q, %v, want %q", text, c.PublicURL, err, want)
		}
	}
}

func TestAPublicListenerNeedsAPublicName(t *testing.T) {
	values := map[string]string{"SECURECHAT_LISTEN": ":8080"}
	if _, err := Read(given(values)); err == nil || !strings.Contains(err.Error(), "SECURECHAT_PUBLIC_URL") {
		t.Errorf("no complaint: %v", err)
	}
	values["SECURECHAT_PUBLIC_URL"] = "https://chat.example"
	c, err := Read(given(values))
	if err != nil || !slices.Equal(c.Origins(c.Listen), []string{"https://chat.example"}) {
		t.Errorf("Origins = %v, %v", c.Origins(c.Listen), err)
	}
}

func TestAPublicNameOfThisMachineStandsForAllOfThem(t *testing.T) {
	c, err := Read(given(map[string]string{"SECURECHAT_LISTEN": ":8080", "SECURECHAT_PUBLIC_URL": "http://localhost:9000"}))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"http://localhost:9000", "http://127.0.0.1:9000", "http://[::1]:9000"}
	if got := c.Origins(c.Listen); !slices.Equal(got, want) {
		t.Errorf("Origins = %v, want %v", got, want)
	}
}

func TestGeneratedPagesAreUpToDate(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..")
	for path, want := range map[string]string{
		filepath.Join(root, "docs", "deployment", "configuration.md"): Manual(),
		filepath.Join(root, ".env.example"):                           Example(),
	} {
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s is stale (%v); run: go test ./internal/config -update", path, err)
		}
	}
}
