// Package machine is what the tests ask of the machine they run on.
package machine

import (
	"os"
	"os/exec"
	"testing"
)

// Find returns the path of a program, which has several names perhaps. A test
// that lacks it is skipped; in CI, where it ought to have been installed, it
// fails.
func Find(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Lacks(t, "there is no "+names[0]+" on this machine")
	return ""
}

// Lacks leaves the test out, or fails it in CI.
func Lacks(t testing.TB, what string) {
	t.Helper()
	switch os.Getenv("CI") {
	case "1", "true":
		t.Fatal(what)
	}
	t.Skip(what)
}
