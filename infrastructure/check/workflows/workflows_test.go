// Package workflows_test lints the workflows as GitHub would read them, and
// holds them against the house rules.
package workflows_test

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rhysd/actionlint"
	"sigs.k8s.io/yaml"

	"securechat/infrastructure/check/securechat"
)

func folder() string { return filepath.Join(securechat.Root(), ".github") }

func files(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder(), "workflows", "*.yml"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	return found
}

func TestEveryWorkflowIsOneThatGitHubTakes(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{WorkingDir: securechat.Root()})
	if err != nil {
		t.Fatal(err)
	}
	complaints, err := linter.LintFiles(files(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range complaints {
		t.Error(c)
	}
}

func parse(t *testing.T, file string) *actionlint.Workflow {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	workflow, complaints := actionlint.Parse(content)
	if len(complaints) > 0 {
		t.Fatal(complaints)
	}
	return workflow
}

func TestNoJobMayWriteUnlessItSaysWhat(t *testing.T) {
	for _, file := range files(t) {
		workflow := parse(t, file)
		if p := workflow.Permissions; p == nil || p.All != nil {
			t.Errorf("%s leaves open what its jobs may do", filepath.Base(file))
			continue
		}
		for scope, p := range workflow.Permissions.Scopes {
			if p.Value.Value != "read" {
				t.Errorf("%s lets every job %s %s", filepath.Base(file), p.Value.Value, scope)
			}
		}
	}
}

var version = regexp.MustCompile(`^[\w.-]+/[\w./-]+@(v\d+|[0-9a-f]{40})$`)

func TestActionsAreNamedByVersionAndLeaveNoCredential(t *testing.T) {
	for _, file := range files(t) {
		for _, job := range parse(t, file).Jobs {
			for _, step := range job.Steps {
				action, ok := step.Exec.(*actionlint.ExecAction)
				if !ok {
					continue
				}
				if !version.MatchString(action.Uses.Value) {
					t.Errorf("%s uses %s", filepath.Base(file), action.Uses.Value)
				}
				if keep := action.Inputs["persist-credentials"]; action.Uses.Value[:17] == "actions/checkout@" && (keep == nil || keep.Value.Value != "false") {
					t.Errorf("%s leaves its token in the clone", filepath.Base(file))
				}
			}
			if job.WorkflowCall == nil && job.TimeoutMinutes == nil {
				t.Errorf("%s: a job may run for six hours", filepath.Base(file))
			}
		}
	}
}

// What visitors of the repository write (titles, names of branches) would be
// run if it stood in a script as an expression.
func TestScriptsHoldNoExpressions(t *testing.T) {
	for _, file := range files(t) {
		for _, job := range parse(t, file).Jobs {
			for _, step := range job.Steps {
				if run, ok := step.Exec.(*actionlint.ExecRun); ok && run.Run.ContainsExpression() {
					t.Errorf("%s: an expression in %q", filepath.Base(file), run.Run.Value)
				}
			}
		}
	}
}

func TestDependabotLooksWhereThereIsSomething(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(folder(), "dependabot.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		Version int `json:"version"`
		Updates []struct {
			Ecosystem   string         `json:"package-ecosystem"`
			Directory   string         `json:"directory"`
			Directories []string       `json:"directories"`
			Schedule    map[string]any `json:"schedule"`
			Groups      map[string]any `json:"groups"`
		} `json:"updates"`
	}
	if err := yaml.UnmarshalStrict(content, &told); err != nil {
		t.Fatal(err)
	}
	marks := map[string]string{
		"gomod": "go.mod", "npm": "package.json", "docker": "Dockerfile", "docker-compose": "compose*.yaml",
		"terraform": "*.tf", "github-actions": ".github/workflows/*.yml",
	}
	for _, u := range told.Updates {
		folders := u.Directories
		if u.Directory != "" {
			folders = append(folders, u.Directory)
		}
		for _, f := range folders {
			if found, _ := filepath.Glob(filepath.Join(securechat.Root(), f, marks[u.Ecosystem])); len(found) == 0 {
				t.Errorf("%s in %s: there is nothing", u.Ecosystem, f)
			}
		}
	}
}
