package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// document is docs/api/openapi.yaml, to which every answer that a test gets is
// held.
type document struct {
	*openapi3.T

	paths *http.ServeMux // finds an operation as the server finds its route
	known sync.Map       // each judgement that was good: tests read the same events over and over
}

// judgement is what a text was held to.
type judgement struct {
	schema *openapi3.Schema
	text   string
}

// readDocument reads it once for all tests.
var readDocument = sync.OnceValues(func() (*document, error) {
	text, err := openapi3.NewLoader().LoadFromFile("../../../../docs/api/openapi.yaml")
	if err != nil {
		return nil, err
	}
	text.SetStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC9562))
	text.SetStringFormatValidator("uri", openapi3.NewCallbackValidator(func(address string) error {
		parsed, err := url.Parse(address)
		if err == nil && !parsed.IsAbs() {
			err = errors.New("it is not absolute")
		}
		return err
	}))
	d := &document{T: text, paths: http.NewServeMux()}
	for _, operation := range d.operations() {
		d.paths.Handle(operation, http.NotFoundHandler())
	}
	return d, nil
})

func theDocument(t *testing.T) *document {
	t.Helper()
	d, err := readDocument()
	must(t, err)
	return d
}

// operations lists "METHOD /path" of all that is documented.
func (d *document) operations() []string {
	var all []string
	for path, item := range d.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, method+" "+path)
		}
	}
	return all
}

// route finds the operation that a request meets, and what stands in its path;
// nil where there is none.
func (d *document) route(r *http.Request) (route *routers.Route, given map[string]string) {
	_, pattern := d.paths.Handler(r)
	method, path, _ := strings.Cut(pattern, " ")
	item := d.Paths.Value(path)
	if item == nil || method != r.Method || !plainPath(r) {
		return nil, nil
	}
	given = map[string]string{}
	parts := strings.Split(r.URL.Path, "/")
	for i, name := range strings.Split(path, "/") {
		if name, in := strings.CutPrefix(name, "{"); in {
			given[strings.TrimSuffix(name, "}")] = parts[i]
		}
	}
	return &routers.Route{Spec: d.T, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)}, given
}

func TestDocumentIsOpenAPI(t *testing.T) {
	d := theDocument(t)
	if d.OpenAPIMajorMinor() != "3.1" {
		t.Errorf("it is of version %s", d.OpenAPI)
	}
	if err := d.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEveryRouteIsDocumentedAndEveryDocumentedRouteIsServed(t *testing.T) {
	var served []string
	for _, route := range Routes() {
		served = append(served, route.Method+" "+route.Path)
	}
	told := theDocument(t).operations()
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
}
