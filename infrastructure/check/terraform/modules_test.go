// Package terraform_test reads the Terraform files as far as that goes without the cloud's providers: each is written as
// `terraform fmt` would, each module is given what it asks for, and nothing is asked of it that it does not tell.
package terraform_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"securechat/infrastructure/check/securechat"
)

func files(t *testing.T, pattern ...string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(append([]string{securechat.Root(), "infrastructure", "terraform"}, pattern...)...))
	if err != nil || len(found) == 0 {
		t.Fatalf("%v: nothing there, %v", pattern, err)
	}
	return found
}

func TestFilesAreWrittenAsTerraformWouldWriteThem(t *testing.T) {
	for _, path := range files(t, "*", "*", "*.tf") {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(hclwrite.Format(content), content) {
			t.Errorf("%s is not formatted: terraform fmt %s", path, filepath.Dir(path))
		}
	}
}

// module is what a folder's files say.
type module struct {
	blocks []*hclsyntax.Block
	path   string
}

func read(t *testing.T, folder string) module {
	t.Helper()
	m := module{path: folder}
	parser := hclparse.NewParser()
	for _, path := range files(t, strings.TrimPrefix(folder, filepath.Join(securechat.Root(), "infrastructure", "terraform")), "*.tf") {
		file, problems := parser.ParseHCLFile(path)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		m.blocks = append(m.blocks, file.Body.(*hclsyntax.Body).Blocks...)
	}
	return m
}

func (m module) of(kind string) map[string]*hclsyntax.Block {
	named := map[string]*hclsyntax.Block{}
	for _, b := range m.blocks {
		if b.Type == kind && len(b.Labels) > 0 {
			named[strings.Join(b.Labels, ".")] = b
		}
	}
	return named
}

// complain says what references of a module lead to nothing.
func (m module) complain(t *testing.T) {
	t.Helper()
	variables, outputsOf := m.of("variable"), map[string]module{}
	for name, call := range m.of("module") {
		source, problems := call.Body.Attributes["source"].Expr.Value(nil)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		called := read(t, filepath.Join(m.path, source.AsString()))
		outputsOf[name] = called
		asked := called.of("variable")
		for given := range call.Body.Attributes {
			if _, ok := asked[given]; !ok && given != "source" {
				t.Errorf("%s: module %s has no variable %s", m.path, name, given)
			}
		}
		for variable, b := range asked {
			_, standard := b.Body.Attributes["default"]
			if _, given := call.Body.Attributes[variable]; !given && !standard {
				t.Errorf("%s: module %s is not given %s", m.path, name, variable)
			}
		}
	}
	used := map[string]bool{}
	known := slices.Concat(slices.Collect(maps.Keys(m.of("resource"))), dataOf(m))
	for _, b := range m.blocks {
		for _, r := range references(b.Body) {
			root, next := r.RootName(), step(r, 1)
			switch root {
			case "var":
				if used[next] = true; variables[next] == nil {
					t.Errorf("%s: there is no variable %s", m.path, next)
				}
			case "module":
				if called, ok := outputsOf[next]; !ok || called.of("output")[step(r, 2)] == nil {
					t.Errorf("%s: module.%s tells no %s", m.path, next, step(r, 2))
				}
			case "data":
				if name := "data." + next + "." + step(r, 2); !slices.Contains(known, name) {
					t.Errorf("%s: there is no %s", m.path, name)
				}
			default:
				if strings.HasPrefix(root, "aws_") && !slices.Contains(known, root+"."+next) {
					t.Errorf("%s: there is no %s.%s", m.path, root, next)
				}
			}
		}
	}
	for name, b := range variables {
		if !used[name] {
			t.Errorf("%s: nothing uses the variable %s", m.path, name)
		}
		if b.Body.Attributes["description"] == nil || b.Body.Attributes["type"] == nil {
			t.Errorf("%s: the variable %s has no description or no type", m.path, name)
		}
	}
}

func dataOf(m module) (names []string) {
	for name := range m.of("data") {
		names = append(names, "data."+name)
	}
	return names
}

// references are all that a body refers to, the blocks within it included.
func references(body *hclsyntax.Body) (all []hcl.Traversal) {
	for _, a := range body.Attributes {
		all = append(all, a.Expr.Variables()...)
	}
	for _, b := range body.Blocks {
		all = append(all, references(b.Body)...)
	}
	return all
}

func step(r hcl.Traversal, at int) string {
	if at < len(r) {
		if attribute, ok := r[at].(hcl.TraverseAttr); ok {
			return attribute.Name
		}
	}
	return ""
}

func TestModulesAreGivenWhatTheyAskForAndTellWhatIsAsked(t *testing.T) {
	for _, folder := range slices.Concat(files(t, "modules", "*"), files(t, "envs", "*")) {
		read(t, folder).complain(t)
	}
}

func TestEnvironmentsAreMadeOfEveryModule(t *testing.T) {
	for _, folder := range files(t, "envs", "*") {
		calls := read(t, folder).of("module")
		for _, m := range files(t, "modules", "*") {
			if calls[filepath.Base(m)] == nil {
				t.Errorf("%s has no %s", folder, filepath.Base(m))
			}
		}
	}
}
