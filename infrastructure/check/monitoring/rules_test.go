package monitoring_test

import (
	"os"
	"path/filepath"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"

	"securechat/infrastructure/check/securechat"
)

func TestAlertRulesAreReadStrictlyAndSayWhatToDo(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(securechat.Root(), "infrastructure", "monitoring", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var rules monitoringv1.PrometheusRuleSpec
	if err := yaml.UnmarshalStrict(content, &rules); err != nil {
		t.Fatal(err)
	}
	for _, group := range rules.Groups {
		for _, r := range group.Rules {
			if r.Alert == "" || r.Expr.String() == "" || r.For == nil || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%q lacks a name, an expression, a time, a severity, a summary or a description", r.Alert)
			}
		}
	}
	if len(rules.Groups) == 0 {
		t.Error("there are no rules")
	}
}
