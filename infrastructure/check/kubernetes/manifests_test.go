// Package kubernetes_test renders the manifests as kustomize does, reads them
// as strictly as the API server would, and holds them against the house rules
// and the built server.
package kubernetes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"securechat/infrastructure/check/securechat"
)

var overlays = []string{"staging", "production"}

// manifests are what one overlay renders to.
type manifests struct {
	deployment apps.Deployment
	settings   core.ConfigMap
	namespace  core.Namespace
	autoscaler autoscaling.HorizontalPodAutoscaler
	budget     policy.PodDisruptionBudget
	service    core.Service
	route      gateway.HTTPRoute
	policies   []networking.NetworkPolicy
	monitor    monitoring.PodMonitor
}

func folder() string { return filepath.Join(securechat.Root(), "infrastructure", "kubernetes") }

// render is `kustomize build`, each object read into its own type; a field
// that its type does not have is an error.
func render(t *testing.T, overlay string) manifests {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(folder(), "overlays", overlay))
	if err != nil {
		t.Fatalf("kustomize build: %v", err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, autoscaling.AddToScheme, core.AddToScheme, networking.AddToScheme, policy.AddToScheme,
		gateway.Install, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	var m manifests
	for _, resource := range built.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", resource.CurId(), err)
			continue
		}
		switch o := object.(type) {
		case *apps.Deployment:
			m.deployment = *o
		case *core.ConfigMap:
			m.settings = *o
		case *core.Namespace:
			m.namespace = *o
		case *core.Service:
			m.service = *o
		case *core.ServiceAccount:
		case *autoscaling.HorizontalPodAutoscaler:
			m.autoscaler = *o
		case *policy.PodDisruptionBudget:
			m.budget = *o
		case *networking.NetworkPolicy:
			m.policies = append(m.policies, *o)
		case *gateway.HTTPRoute:
			m.route = *o
		case *monitoring.PodMonitor:
			m.monitor = *o
		default:
			t.Errorf("%s is of a kind that no test looks at", resource.CurId())
		}
	}
	return m
}

// each runs a test on every overlay.
func each(t *testing.T, look func(t *testing.T, m manifests)) {
	for _, overlay := range overlays {
		t.Run(overlay, func(t *testing.T) { look(t, render(t, overlay)) })
	}
}

func TestEveryFieldIsOneThatTheClusterKnows(t *testing.T) {
	each(t, func(t *testing.T, m manifests) {
		for _, name := range []string{m.deployment.Name, m.autoscaler.Name, m.budget.Name, m.service.Name, m.route.Name, m.monitor.Name} {
			if name != "securechat" {
				t.Errorf("an object is missing, or is named %q", name)
			}
		}
	})
}

func TestNamesThatPointToOthersAreMet(t *testing.T) {
	each(t, func(t *testing.T, m manifests) {
		pod := m.deployment.Spec.Template
		for name, selector := range map[string]map[string]string{
			"deployment": m.deployment.Spec.Selector.MatchLabels, "service": m.service.Spec.Selector,
			"budget": m.budget.Spec.Selector.MatchLabels, "monitor": m.monitor.Spec.Selector.MatchLabels,
		} {
			if len(selector) == 0 {
				t.Errorf("the %s selects every pod", name)
			}
			for label, value := range selector {
				if pod.Labels[label] != value {
					t.Errorf("the %s selects %s=%s, which the pods are not", name, label, value)
				}
			}
		}
		container := pod.Spec.Containers[0]
		if container.EnvFrom[0].ConfigMapRef.Name != m.settings.Name {
			t.Errorf("the pods take their settings from %s, not %s", container.EnvFrom[0].ConfigMapRef.Name, m.settings.Name)
		}
		if m.autoscaler.Spec.ScaleTargetRef.Name != m.deployment.Name || m.deployment.Spec.Replicas != nil {
			t.Error("the number of pods is not the autoscaler's alone")
		}
		ref := m.route.Spec.Rules[0].BackendRefs[0]
		if string(ref.Name) != m.service.Name || *ref.Port != m.service.Spec.Ports[0].Port {
			t.Errorf("the route leads to %s:%d", ref.Name, *ref.Port)
		}
		if host := "https://" + string(m.route.Spec.Hostnames[0]); m.settings.Data["SECURECHAT_PUBLIC_URL"] != host {
			t.Errorf("the route is %s, the public address %s", host, m.settings.Data["SECURECHAT_PUBLIC_URL"])
		}
		ports := map[string]bool{}
		for _, port := range container.Ports {
			ports[port.Name] = true
		}
		for _, named := range []string{m.service.Spec.Ports[0].TargetPort.String(), *m.monitor.Spec.PodMetricsEndpoints[0].Port} {
			if !ports[named] {
				t.Errorf("no port of the pod is named %q", named)
			}
		}
	})
}

func TestEveryFileBelongsToAnOverlay(t *testing.T) {
	said := ""
	_ = filepath.WalkDir(folder(), func(path string, _ os.DirEntry, err error) error {
		if err == nil && filepath.Base(path) == "kustomization.yaml" {
			content, _ := os.ReadFile(path)
			said += string(content)
		}
		return err
	})
	_ = filepath.WalkDir(folder(), func(path string, entry os.DirEntry, err error) error {
		name := filepath.Base(path)
		if err == nil && !entry.IsDir() && name != "kustomization.yaml" && !strings.Contains(said, name) {
			t.Errorf("%s is in no kustomization", path)
		}
		return err
	})
}
