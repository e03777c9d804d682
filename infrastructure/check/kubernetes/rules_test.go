package kubernetes_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"

	"securechat/infrastructure/check/securechat"
)

// The profile "restricted" of the Pod Security Standards, as far as it bears
// on a pod like ours, and what the house asks beyond it.
func TestPodsAreRestricted(t *testing.T) {
	each(t, func(t *testing.T, m manifests) {
		for _, mode := range []string{"enforce", "warn", "audit"} {
			if m.namespace.Labels["pod-security.kubernetes.io/"+mode] != "restricted" {
				t.Errorf("the namespace does not %s the profile", mode)
			}
		}
		pod := m.deployment.Spec.Template.Spec
		s := pod.SecurityContext
		if s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser == 0 ||
			s.SeccompProfile == nil || s.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
			t.Errorf("the pod's security context is %+v", s)
		}
		if pod.HostNetwork || pod.HostPID || pod.HostIPC || pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
			t.Error("the pod shares what is the node's, or has a token")
		}
		for _, c := range append(pod.InitContainers, pod.Containers...) {
			s := c.SecurityContext
			if s == nil || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || s.Privileged != nil ||
				len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" || len(s.Capabilities.Add) > 0 {
				t.Errorf("the security context of %s is %+v", c.Name, s)
			}
			if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
				t.Errorf("%s has no limit of memory or asks for no processor", c.Name)
			}
		}
		for _, v := range pod.Volumes {
			if v.Secret == nil && v.EmptyDir == nil {
				t.Errorf("the volume %s is neither a secret nor empty", v.Name)
			}
			if v.Secret != nil && *v.Secret.DefaultMode != 0o440 {
				t.Errorf("secrets have mode %04o, and the server refuses a key that others may read", *v.Secret.DefaultMode)
			}
		}
	})
}

func TestNothingIsReachedThatIsNotNamed(t *testing.T) {
	each(t, func(t *testing.T, m manifests) {
		denied := false
		for _, p := range m.policies {
			if len(p.Spec.PolicyTypes) != 2 {
				t.Errorf("%s is about %v only", p.Name, p.Spec.PolicyTypes)
			}
			denied = denied || len(p.Spec.Ingress)+len(p.Spec.Egress) == 0 && len(p.Spec.PodSelector.MatchLabels) == 0
			for _, rule := range p.Spec.Ingress {
				if len(rule.From) == 0 || len(rule.Ports) == 0 {
					t.Errorf("%s lets everybody in, or everywhere", p.Name)
				}
			}
			for _, rule := range p.Spec.Egress {
				if len(rule.To) == 0 || len(rule.Ports) == 0 {
					t.Errorf("%s lets the pod out everywhere", p.Name)
				}
				for _, to := range rule.To {
					if to.IPBlock != nil && to.IPBlock.CIDR == "0.0.0.0/0" && !strings.Contains(strings.Join(to.IPBlock.Except, " "), "169.254.0.0/16") {
						t.Errorf("%s leads to the cloud's metadata", p.Name)
					}
				}
			}
		}
		if !denied {
			t.Error("no policy denies what no other allows")
		}
	})
}

// afterGrace is what a server that ends still gives to streams and requests
// once its answers are done.
const afterGrace = 5 * time.Second

func TestAPodHasTimeToDrain(t *testing.T) {
	each(t, func(t *testing.T, m manifests) {
		pod := m.deployment.Spec.Template.Spec
		grace, err := time.ParseDuration(m.settings.Data["SECURECHAT_GRACE"])
		if err != nil {
			t.Fatal(err)
		}
		before := time.Duration(pod.Containers[0].Lifecycle.PreStop.Sleep.Seconds) * time.Second
		given := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second
		if needed := before + grace + afterGrace; given < needed+5*time.Second {
			t.Errorf("a pod is killed after %v; it needs %v, and some room", given, needed)
		}
		update := m.deployment.Spec.Strategy.RollingUpdate
		if update.MaxUnavailable.IntValue() != 0 || m.budget.Spec.MaxUnavailable.IntValue() != 1 || *m.autoscaler.Spec.MinReplicas < 2 {
			t.Error("an update or a node that is emptied may take away the last pod")
		}
	})
}

func TestARouteEndsNoStream(t *testing.T) {
	each(t, func(t *testing.T, m manifests) {
		limits := m.route.Spec.Rules[0].Timeouts
		if limits == nil || *limits.Request != "0s" || *limits.BackendRequest != "0s" {
			t.Errorf("the route's time limits are %+v", limits)
		}
	})
}

func TestSettingsAndProbesAreTheServersOwn(t *testing.T) {
	server := securechat.New(t)
	server.Serve()
	known := server.Settings()
	each(t, func(t *testing.T, m manifests) {
		container := m.deployment.Spec.Template.Spec.Containers[0]
		names := []string{}
		for name := range m.settings.Data {
			names = append(names, name)
		}
		for _, variable := range container.Env {
			names = append(names, variable.Name)
		}
		for _, name := range names {
			if strings.HasPrefix(name, "SECURECHAT_") && !known[strings.TrimSuffix(name, "_FILE")] && !known[name] {
				t.Errorf("the server has no setting %s", name)
			}
		}
		for _, probe := range []*core.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
			if answer := get(t, server.Address+probe.HTTPGet.Path); !strings.Contains(answer, "ok") {
				t.Errorf("%s answers %s", probe.HTTPGet.Path, answer)
			}
		}
	})
}

func TestTheAutoscalerReadsANumberThatTheServerTells(t *testing.T) {
	server := securechat.New(t, "SECURECHAT_INTERNAL_LISTEN="+securechat.FreeAddress(t))
	server.Serve()
	numbers := get(t, "http://"+server.Setting("SECURECHAT_INTERNAL_LISTEN")+"/metrics")
	adapter, err := os.ReadFile(filepath.Join(folder(), "components", "prometheus", "adapter-values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, m manifests) {
		name := m.autoscaler.Spec.Metrics[0].Pods.Metric.Name
		if !strings.Contains(numbers, "\n"+name+" ") {
			t.Errorf("the server tells no %s", name)
		}
		if !strings.Contains(string(adapter), "as: "+name+" ") {
			t.Errorf("the adapter does not pass on %s", name)
		}
	})
}

func get(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}
