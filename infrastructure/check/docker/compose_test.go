package docker_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"securechat/infrastructure/check/securechat"
)

// compose reads a file as `docker compose config` does.
func compose(t *testing.T, name string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(folder(), name)}, cli.WithEnv([]string{
		"CHAT_HOST=chat.example", "SECURECHAT_USER=1000:1000",
	}), cli.WithoutEnvironmentResolution) // files of secrets are not there yet
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return project
}

var files = []string{"compose.demo.yaml", "compose.yaml", "compose.prod.yaml"}

// each looks at every service of every file.
func each(t *testing.T, look func(t *testing.T, file string, s types.ServiceConfig)) {
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			for _, s := range compose(t, file).Services {
				look(t, file, s)
			}
		})
	}
}

func TestEveryImageIsNamedByItsVersion(t *testing.T) {
	each(t, func(t *testing.T, _ string, s types.ServiceConfig) {
		_, tag, _ := strings.Cut(s.Image, ":")
		if s.Build == nil && (tag == "" || tag == "latest") {
			t.Errorf("%s runs %s", s.Name, s.Image)
		}
	})
}

func TestWhatIsMountedFromTheRepositoryIsThere(t *testing.T) {
	each(t, func(t *testing.T, _ string, s types.ServiceConfig) {
		for _, v := range s.Volumes {
			if v.Type == types.VolumeTypeBind && !strings.HasPrefix(v.Source, filepath.Join(folder(), "secrets")) {
				if _, err := os.Stat(v.Source); err != nil {
					t.Errorf("%s: %v", s.Name, err)
				}
			}
		}
		if s.Build != nil {
			if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
	})
}

func TestOnlyNginxIsReachedFromOtherMachines(t *testing.T) {
	each(t, func(t *testing.T, file string, s types.ServiceConfig) {
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" && (file != "compose.prod.yaml" || s.Name != "nginx") {
				t.Errorf("%s is reached by the port %s", s.Name, port.Published)
			}
		}
	})
}

func TestInProductionEveryServiceIsConfined(t *testing.T) {
	project := compose(t, "compose.prod.yaml")
	for _, s := range project.Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.Privileged {
			t.Errorf("%s is not confined", s.Name)
		}
		for name, value := range s.Environment {
			if value != nil && (strings.Contains(name, "PASSWORD") || strings.Contains(name, "SECRET") || strings.Contains(name, "ENCRYPTION_KEY")) && !strings.HasSuffix(name, "_FILE") {
				t.Errorf("%s is told %s in the open", s.Name, name)
			}
		}
	}
	if !project.Networks["inside"].Internal {
		t.Error("the network of the databases leads outside")
	}
	for _, name := range []string{"postgres", "valkey", "s3"} {
		if networks := slices.Collect(maps.Keys(project.Services[name].Networks)); !slices.Equal(networks, []string{"inside"}) {
			t.Errorf("%s is in the networks %v", name, networks)
		}
	}
}

func TestTheServerKnowsEverySettingAndHasTimeToDrain(t *testing.T) {
	known := securechat.New(t).Settings()
	each(t, func(t *testing.T, _ string, s types.ServiceConfig) {
		if s.Name != "securechat" {
			return
		}
		grace := 25 * time.Second // the server's own default
		for name, value := range s.Environment {
			if strings.HasPrefix(name, "SECURECHAT_") && !known[strings.TrimSuffix(name, "_FILE")] && !known[name] {
				t.Errorf("the server has no setting %s", name)
			}
			if name == "SECURECHAT_GRACE" {
				var err error
				if grace, err = time.ParseDuration(*value); err != nil {
					t.Error(err)
				}
			}
		}
		const afterGrace = 5 * time.Second // what the server gives to streams and last requests
		if s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) < grace+afterGrace+5*time.Second {
			t.Errorf("it is killed after %v, and may need %v", s.StopGracePeriod, grace+afterGrace)
		}
	})
}

func TestWhatSecretsMakesIsWhatComposeMounts(t *testing.T) {
	script := string(read(t, "secrets.sh"))
	for name, secret := range compose(t, "compose.prod.yaml").Secrets {
		made := strings.Contains(script, "put "+name) || strings.Contains(script, "secrets/"+name)
		if brought := strings.HasSuffix(name, ".pem"); !made && !brought {
			t.Errorf("nobody makes %s (%s)", name, secret.File)
		}
	}
}

func TestTheServerTrustsNginxAndNobodyElse(t *testing.T) {
	project := compose(t, "compose.prod.yaml")
	trusted := *project.Services["securechat"].Environment["SECURECHAT_TRUSTED_PROXIES"]
	if at := project.Services["nginx"].Networks["edge"].Ipv4Address; trusted != at {
		t.Errorf("nginx is at %s, and %s is trusted", at, trusted)
	}
}
