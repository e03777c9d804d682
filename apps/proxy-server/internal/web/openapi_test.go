package web

import (
	"bufio"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	pathLine   = regexp.MustCompile(`^  (/\S*):$`)
	methodLine = regexp.MustCompile(`^    (get|put|post|delete|options|head|patch|trace):$`)
)

// documented lists "METHOD /path" of the paths that openapi.yaml describes.
func documented(t *testing.T) []string {
	t.Helper()
	file, err := os.Open("../../../../docs/api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var routes []string
	path := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if found := pathLine.FindStringSubmatch(lines.Text()); found != nil {
			path = found[1]
		}
		if found := methodLine.FindStringSubmatch(lines.Text()); found != nil {
			routes = append(routes, strings.ToUpper(found[1])+" "+path)
		}
	}
	return routes
}

func TestEveryRouteIsDocumentedAndEveryDocumentedRouteIsServed(t *testing.T) {
	var served []string
	for _, route := range Routes() {
		served = append(served, route.Method+" "+route.Path)
	}
	told := documented(t)
	for _, route := range served {
		if !slices.Contains(told, route) {
			t.Errorf("%s is served and not in openapi.yaml", route)
		}
	}
	for _, route := range told {
		if !slices.Contains(served, route) {
			t.Errorf("%s is in openapi.yaml and not served", route)
		}
	}
	if len(told) < 15 {
		t.Errorf("only %d routes were found in openapi.yaml", len(told))
	}
}
