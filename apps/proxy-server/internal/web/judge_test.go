package web

import (
	"encoding/json/v2"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// judge says in what an answer is not as documented. Where a request is
// granted, it must itself be one that the document allows.
func (d *document) judge(r *http.Request, a reply) error {
	route, given := d.route(r)
	switch {
	case a.status == http.StatusMisdirectedRequest, a.status == http.StatusRequestHeaderFieldsTooLarge:
		return nil // nobody has looked at the path
	case route == nil, a.status == http.StatusInternalServerError:
		return d.judgeProblem(a)
	}
	documented := route.Operation.Responses.Status(a.status)
	if documented == nil {
		return fmt.Errorf("the status %d is not documented", a.status)
	}
	asked := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: given, Route: route, Options: &openapi3filter.Options{
			AuthenticationFunc:      openapi3filter.NoopAuthenticationFunc,
			ExcludeResponseBody:     true,
			SchemaValidationOptions: d.GetSchemaValidationOptions(),
		},
	}
	if a.status < 400 {
		if err := openapi3filter.ValidateRequest(r.Context(), asked); err != nil {
			return fmt.Errorf("what was asked is not documented: %w", err)
		}
	}
	head := &openapi3filter.ResponseValidationInput{RequestValidationInput: asked, Status: a.status, Header: a.header, Options: asked.Options}
	if err := openapi3filter.ValidateResponse(r.Context(), head); err != nil {
		return err
	}
	return d.judgeBody(documented.Value.Content, a)
}

// judgeProblem is for what any address may answer.
func (d *document) judgeProblem(a reply) error {
	if a.status < 400 || len(a.body) == 0 {
		return nil
	}
	return d.judgeBody(d.Components.Responses["Problem"].Value.Content, a)
}

func (d *document) judgeBody(content openapi3.Content, a reply) error {
	if len(content) == 0 {
		if len(a.body) > 0 {
			return errors.New("it has a body")
		}
		return nil
	}
	kind := a.header.Get("Content-Type")
	as := content.Get(kind)
	switch {
	case as == nil:
		return fmt.Errorf("its type is %q", kind)
	case kind == asN8n.kind:
		for line := range strings.Lines(string(a.body)) {
			if err := d.judgeJSON("N8nLine", []byte(line)); err != nil {
				return err
			}
		}
		return nil
	case !strings.HasSuffix(kind, "json"):
		return nil
	}
	return d.judgeValue(as.Schema.Value, a.body)
}

// judgeEvent says in what the data of an event is not as documented.
func (d *document) judgeEvent(kind string, data []byte) error {
	name := "EventText"
	if kind != "text-delta" && kind != "text-replaced" {
		name = "Event"
		for word := range strings.SplitSeq(kind, "-") {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return d.judgeJSON(name, data)
}

// judgeJSON holds text to a schema by its name.
func (d *document) judgeJSON(name string, text []byte) error {
	schema := d.Components.Schemas[name]
	if schema == nil {
		return fmt.Errorf("there is no schema %s", name)
	}
	return d.judgeValue(schema.Value, text)
}

func (d *document) judgeValue(schema *openapi3.Schema, text []byte) error {
	if _, ok := d.known.Load(judgement{schema, string(text)}); ok {
		return nil
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	if err := d.ValidateSchemaJSON(schema, value, openapi3.EnableJSONSchema2020()); err != nil {
		return err
	}
	if unnamed := beyond(schema, value); len(unnamed) > 0 {
		return fmt.Errorf("%s is not documented", strings.Join(unnamed, ", "))
	}
	d.known.Store(judgement{schema, string(text)}, true)
	return nil
}

// beyond lists the members of value that its schema does not name. Clients read
// past those, so the schema allows them; but we send what is documented only.
func beyond(schema *openapi3.Schema, value any) (unnamed []string) {
	switch value := value.(type) {
	case []any:
		for _, inner := range value {
			unnamed = append(unnamed, beyond(schema.Items.Value, inner)...)
		}
	case map[string]any:
		named := members(schema)
		for name, inner := range value {
			if of, ok := named[name]; ok {
				unnamed = append(unnamed, beyond(of, inner)...)
			} else if len(named) > 0 {
				unnamed = append(unnamed, name)
			}
		}
	}
	return unnamed
}

func members(schema *openapi3.Schema) map[string]*openapi3.Schema {
	all := map[string]*openapi3.Schema{}
	for name, of := range schema.Properties {
		all[name] = of.Value
	}
	for _, part := range slices.Concat(schema.AllOf, schema.OneOf) {
		maps.Copy(all, members(part.Value))
	}
	return all
}
