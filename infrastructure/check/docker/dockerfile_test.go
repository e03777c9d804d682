// Package docker_test judges the Dockerfile by BuildKit's own linter, and the
// compose files by the reader that Docker Compose itself uses.
package docker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	digests "github.com/opencontainers/go-digest"

	"securechat/infrastructure/check/securechat"
)

func folder() string { return filepath.Join(securechat.Root(), "infrastructure", "docker") }

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder(), name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// anyImage stands for every base image: none can be asked for here.
type anyImage struct{}

func (anyImage) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digests.Digest, []byte, error) {
	config := []byte(`{"architecture":"amd64","os":"linux"}`)
	return ref, digests.FromBytes(config), config, nil
}

func TestTheDockerfileHasNothingThatBuildKitWarnsOf(t *testing.T) {
	found, err := dockerfile2llb.DockerfileLint(t.Context(), read(t, "Dockerfile"), dockerfile2llb.ConvertOpt{
		MetaResolver: anyImage{}, SourceMap: &llb.SourceMap{Filename: "Dockerfile", Definition: &llb.Definition{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if found.Error != nil {
		t.Error(found.Error.Message)
	}
	for _, w := range found.Warnings {
		t.Errorf("%s: %s", w.RuleName, w.Detail)
	}
}

// stages are the Dockerfile, parsed.
func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	parsed, err := parser.Parse(bytes.NewReader(read(t, "Dockerfile")))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sentFiles are what the builder is sent: all that is not ignored.
func sentFiles(t *testing.T) []string {
	t.Helper()
	patterns, err := ignorefile.ReadAll(bytes.NewReader(read(t, "Dockerfile.dockerignore")))
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	var sent []string
	root := securechat.Root()
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		if entry.IsDir() && (name == ".git" || entry.Name() == "node_modules" || name == ".cache") {
			return filepath.SkipDir
		}
		out, matchErr := ignored.MatchesOrParentMatches(name)
		if matchErr != nil {
			return matchErr
		}
		if !entry.IsDir() && !out {
			sent = append(sent, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

func TestWhatIsCopiedIsSentAndWhatIsSecretOrBuiltIsNot(t *testing.T) {
	sent := sentFiles(t)
	for _, stage := range stages(t) {
		for _, command := range stage.Commands {
			c, ok := command.(*instructions.CopyCommand)
			if !ok || c.From != "" {
				continue
			}
			for _, source := range c.SourcePaths {
				if !slices.ContainsFunc(sent, func(name string) bool { return name == source || strings.HasPrefix(name, source+"/") }) {
					t.Errorf("COPY %s: the builder is not sent it", source)
				}
			}
		}
	}
	for _, name := range sent {
		if strings.Contains(name, "secret/") || strings.Contains(name, ".env") || strings.HasSuffix(name, ".db") ||
			strings.Contains(name, "/bin/") || strings.Contains(name, "/dist/widget/") || strings.Contains(name, "infrastructure/") {
			t.Errorf("the builder is sent %s", name)
		}
	}
}

func TestTheImageHoldsTheBinaryAloneAndRunsItAsNobody(t *testing.T) {
	all := stages(t)
	last := all[len(all)-1]
	if last.BaseName != "scratch" {
		t.Errorf("the image is made on %s", last.BaseName)
	}
	user, healthy := "", false
	for _, command := range last.Commands {
		switch c := command.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.HealthCheckCommand:
			healthy = slices.Equal(c.Health.Test, []string{"CMD", "/securechat", "health"})
		case *instructions.RunCommand:
			t.Error("something is run in the image itself")
		case *instructions.CopyCommand:
			if c.From == "" {
				t.Errorf("%v is copied into the image", c.SourcePaths)
			}
		}
	}
	if user == "" || strings.HasPrefix(user, "0") || strings.HasPrefix(user, "root") {
		t.Errorf("it runs as %q", user)
	}
	if !healthy {
		t.Error("nobody asks whether it lives")
	}
	securechat.New(t).Do("", "health", "--help")
}

func TestTheBuildersAreTheVersionsThatTheProjectNames(t *testing.T) {
	var named struct {
		PackageManager string `json:"packageManager"`
	}
	root := securechat.Root()
	packageJSON, err := os.ReadFile(filepath.Join(root, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(packageJSON, &named); err != nil || !strings.HasPrefix(named.PackageManager, "pnpm@") {
		t.Errorf("packageManager is %q, %v: the Dockerfile installs it by that name", named.PackageManager, err)
	}
	module, err := os.ReadFile(filepath.Join(root, "apps", "proxy-server", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, toolchain, _ := strings.Cut(string(module), "toolchain go")
	version := strings.Fields(toolchain)[0]
	if !strings.Contains(string(read(t, "Dockerfile")), "golang:"+version+"-") {
		t.Errorf("the Dockerfile builds by another Go than go%s, which go.mod names", version)
	}
}
