package telemetry_test

import (
	"encoding/json/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"securechat/internal/chat"
	"securechat/internal/telemetry"
)

// known are the metrics that a server tells, each with its labels.
func known(t *testing.T) map[string][]string {
	t.Helper()
	m := telemetry.NewMetrics("v1")
	m.Answered("GET /", 200, time.Second)
	m.Streaming(1)
	m.Started(time.Second)
	m.Spoke(time.Second)
	m.Ended(chat.TurnDone, "", time.Second)
	m.Judged("send", "")
	m.Stored("look", "done", time.Second)
	m.Shared(true)
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	metrics := map[string][]string{}
	for line := range strings.Lines(answer.Body.String()) {
		name, labels := series(line)
		if name != "" {
			metrics[name] = labels
		}
	}
	return metrics
}

var (
	seriesLine = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? `)
	labelName  = regexp.MustCompile(`([a-z_]+)=`)
	name       = regexp.MustCompile(`\b(?:securechat|process|go)_[a-z_]+`)
	selected   = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"`)
	grouped    = regexp.MustCompile(`\b(?:by|ignoring|without) \(([^)]*)\)`)
)

func series(line string) (name string, labels []string) {
	parts := seriesLine.FindStringSubmatch(line)
	if parts == nil {
		return "", nil
	}
	for _, l := range labelName.FindAllStringSubmatch(parts[2], -1) {
		labels = append(labels, l[1])
	}
	return parts[1], labels
}

// scraped are the labels that Prometheus itself adds.
var scraped = []string{"job", "instance"}

// judge returns a complaint for each name in an expression that no server
// tells.
func judge(metrics map[string][]string, expr string) (complaints []string) {
	names := name.FindAllString(expr, -1)
	labels := slices.Clone(scraped)
	for _, n := range names {
		told, ok := metrics[n]
		if !ok {
			complaints = append(complaints, n+" is told by no server")
		}
		labels = append(labels, told...)
	}
	if len(names) == 0 {
		complaints = append(complaints, "no metric is named")
	}
	for _, l := range labelsIn(expr) {
		if !slices.Contains(labels, l) {
			complaints = append(complaints, "no metric here has the label "+l)
		}
	}
	return complaints
}

func labelsIn(expr string) (labels []string) {
	for _, l := range selected.FindAllStringSubmatch(expr, -1) {
		labels = append(labels, l[1])
	}
	for _, list := range grouped.FindAllStringSubmatch(expr, -1) {
		for l := range strings.SplitSeq(list[1], ",") {
			if l = strings.TrimSpace(l); l != "" {
				labels = append(labels, l)
			}
		}
	}
	return labels
}

func wantKnown(t *testing.T, metrics map[string][]string, expr string) {
	t.Helper()
	for _, complaint := range judge(metrics, expr) {
		t.Errorf("%s, in\n%s", complaint, expr)
	}
}

func TestAStrayNameInAnExpressionIsTold(t *testing.T) {
	metrics := map[string][]string{"securechat_streams_open": {"kind"}}
	for _, expr := range []string{"securechat_stream_open", "sum by (kin) (securechat_streams_open)", `securechat_streams_open{kin="x"}`, "1"} {
		if len(judge(metrics, expr)) != 1 {
			t.Errorf("%s: %q", expr, judge(metrics, expr))
		}
	}
	wantKnown(t, metrics, `sum by (kind) (securechat_streams_open{kind!="x", job="securechat"})`)
}

func monitoring(t *testing.T, name ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "..", ".."}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

var ruleExpr = regexp.MustCompile(`(?m)^\s+expr: (.*)$`)

func TestAlertsNameWhatServersTell(t *testing.T) {
	metrics := known(t)
	exprs := ruleExpr.FindAllStringSubmatch(monitoring(t, "infrastructure", "monitoring", "alerts.yaml"), -1)
	if len(exprs) < 5 {
		t.Errorf("there are %d alerts", len(exprs))
	}
	for _, e := range exprs {
		wantKnown(t, metrics, e[1])
	}
}

func TestTheDashboardShowsWhatServersTell(t *testing.T) {
	var dashboard struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal([]byte(monitoring(t, "infrastructure", "monitoring", "grafana-dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	metrics := known(t)
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			wantKnown(t, metrics, target.Expr)
		}
	}
}

func TestThePageOnMonitoringNamesEveryMetricWithItsLabelsAndEveryAlert(t *testing.T) {
	page := monitoring(t, "docs", "deployment", "monitoring.md")
	for name, labels := range known(t) {
		name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if !strings.HasPrefix(name, "securechat_") {
			continue
		}
		row := regexp.MustCompile("(?m)^\\| `" + name + "` \\|.*$").FindString(page)
		if row == "" {
			t.Errorf("%s is not on the page", name)
		}
		for _, l := range labels {
			if l != "le" && !strings.Contains(row, "`"+l+"`") {
				t.Errorf("the page does not say that %s has the label %s", name, l)
			}
		}
	}
	for _, alert := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(monitoring(t, "infrastructure", "monitoring", "alerts.yaml"), -1) {
		if !strings.Contains(page, "`"+alert[1]+"`") {
			t.Errorf("%s is not on the page", alert[1])
		}
	}
}
