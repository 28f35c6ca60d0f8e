package api

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
)

// reference is the OpenAPI document laid out for people: the page and the written
// reference show the same.
type reference struct {
	Groups  []referenceGroup
	Schemas []referenceSchema
	Codes   []referenceCode
}

type referenceGroup struct {
	Name       string
	Operations []referenceOperation
}

type referenceOperation struct {
	ID, Method, Path, Summary, Description, Role string
	Parameters                                   []referenceField
	Body, Answer                                 referenceType
	Status                                       string
}

// referenceType is a type in words; Schema names the one it is about, if any.
type referenceType struct{ Text, Schema string }

type referenceField struct {
	Name, Doc string
	Type      referenceType
	Required  bool
}

type referenceSchema struct {
	Name   string
	Fields []referenceField
}

type referenceCode struct {
	Code, Reason, Title string
	Status              int
}

func (a *API) reference() reference {
	doc := a.huma.OpenAPI()
	var ref reference
	for _, tag := range doc.Tags {
		ref.Groups = append(ref.Groups, referenceGroup{tag.Name, operationsOf(doc, tag.Name)})
	}
	ref.Schemas = schemasOf(doc.Components.Schemas)
	for _, c := range fault.Codes() {
		ref.Codes = append(ref.Codes, referenceCode{c.Quote(), c.String(), c.Title(), c.HTTPStatus()})
	}
	slices.SortFunc(ref.Codes, func(a, b referenceCode) int { return strings.Compare(a.Code, b.Code) })
	return ref
}

// operationsOf lists a tag's operations by path, reading before writing.
func operationsOf(doc *huma.OpenAPI, tag string) (ops []referenceOperation) {
	var paths []string
	for path := range doc.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		item := doc.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil && slices.Contains(op.Tags, tag) {
				ops = append(ops, describe(op))
			}
		}
	}
	return ops
}

func describe(op *huma.Operation) referenceOperation {
	out := referenceOperation{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary,
		Description: op.Description, Role: access[op.OperationID], Status: fmt.Sprint(op.DefaultStatus)}
	if out.Role == Anyone {
		out.Role = "anyone"
	}
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, referenceField{p.Name, p.Description, typeText(p.Schema), p.Required})
	}
	if op.RequestBody != nil {
		out.Body = contentType(op.RequestBody.Content)
	}
	if r := op.Responses[out.Status]; r != nil {
		out.Answer = contentType(r.Content)
	}
	return out
}

func contentType(content map[string]*huma.MediaType) referenceType {
	for media, m := range content {
		t := typeText(m.Schema)
		if media != "application/json" {
			t.Text += " as " + media
		}
		return t
	}
	return referenceType{}
}

// typeText puts a schema into words.
func typeText(s *huma.Schema) referenceType {
	switch {
	case s == nil:
		return referenceType{}
	case s.Ref != "":
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		return referenceType{name, name}
	case len(s.OneOf) > 0:
		return alternatives(s.OneOf)
	case s.Type == huma.TypeArray:
		t := typeText(s.Items)
		return referenceType{"list of " + t.Text, t.Schema}
	}
	return referenceType{simple(s), ""}
}

func alternatives(of []*huma.Schema) referenceType {
	var words []string
	for _, s := range of {
		words = append(words, typeText(s).Text)
	}
	return referenceType{strings.Join(words, " or "), typeText(of[0]).Schema}
}

func simple(s *huma.Schema) string {
	text := s.Type
	switch {
	case len(s.Enum) > 0:
		text = oneOf(s.Enum)
	case s.Type == "":
		text = "any value"
	case s.Format == "date-time":
		text = "time (RFC 3339)"
	case s.Type == huma.TypeObject:
		if of, ok := s.AdditionalProperties.(*huma.Schema); ok {
			text = "map of " + typeText(of).Text
		}
	}
	if s.Nullable {
		text += " or null"
	}
	if s.Minimum != nil && s.Maximum != nil {
		text += fmt.Sprintf(", %.0f to %.0f", *s.Minimum, *s.Maximum)
	}
	if s.Default != nil {
		text += fmt.Sprintf(", else %v", s.Default)
	}
	return text
}

func oneOf(values []any) string {
	return "one of " + strings.Join(convert(values, func(v any) string { return fmt.Sprint(v) }), ", ")
}

func schemasOf(registry huma.Registry) (out []referenceSchema) {
	for name, s := range registry.Map() {
		schema := referenceSchema{Name: name}
		for _, property := range properties(registry.TypeFromRef("#/components/schemas/" + name)) {
			p := s.Properties[property]
			if p == nil {
				continue
			}
			schema.Fields = append(schema.Fields, referenceField{property, p.Description, typeText(p), slices.Contains(s.Required, property)})
		}
		out = append(out, schema)
	}
	slices.SortFunc(out, func(a, b referenceSchema) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// properties are a type's JSON names in the order of its fields.
func properties(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			names = append(names, properties(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
