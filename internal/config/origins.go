package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Setting is one key with its value and where that came from.
type Setting struct {
	Key       string
	Value     any // text, number, bool or lists and maps of these; secrets are "***"
	Origin    string
	Overrides []string // nearest first, each with its value
	Doc       string
	Type      string
	Default   any
}

// Origins knows every setting's values, from the strongest source to the default.
// It is not changed after Load and safe for concurrent use.
type Origins struct{ values map[string][]value }

func newOrigins() *Origins {
	o := &Origins{values: map[string][]value{}}
	for _, f := range root.leaves() {
		o.add(defaultOf(f))
	}
	return o
}

// add puts a stronger value over those known.
func (o *Origins) add(v value) {
	o.values[v.field.key] = append([]value{v}, o.values[v.field.key]...)
}

// derived changes the strongest value of a key to one that was worked out.
func (o *Origins) derived(key string, v any, origin string) {
	top := &o.values[key][0]
	top.v, top.place = reflect.ValueOf(v), place{source: source{name: origin}}
}

// config fills a Config with the strongest values.
func (o *Origins) config() *Config {
	c := &Config{}
	for _, f := range root.leaves() {
		f.in(c).Set(o.values[f.key][0].v)
	}
	return c
}

func (o *Origins) isDefault(key string) bool { return len(o.values[key]) == 1 }

// placeOf finds the place of a key, also of one inside a list: "streams[0].name".
func (o *Origins) placeOf(key string) place {
	outer, _, _ := strings.Cut(key, "[")
	top := o.values[outer][0]
	for inner := key; inner != outer && inner != ""; {
		if p, ok := top.inner[inner]; ok {
			return p
		}
		inner = inner[:max(0, strings.LastIndexAny(inner, ".["))]
	}
	return top.place
}

// All returns every setting in the order of the reference page.
func (o *Origins) All() []Setting {
	leaves := root.leaves()
	all := make([]Setting, len(leaves))
	for i, f := range leaves {
		all[i] = o.setting(f)
	}
	return all
}

// Explain returns one setting; an unknown key is a fault.NotFound that names the
// nearest.
func (o *Origins) Explain(key string) (Setting, error) {
	f := root.find(key)
	switch {
	case f == nil && nearest(key, root.keys()) != "":
		return Setting{}, fault.New(fault.NotFound, "There is no key %q. Did you mean %s?", key, nearest(key, root.keys()))
	case f == nil:
		return Setting{}, fault.New(fault.NotFound, "There is no key %q.", key)
	case f.kind == group:
		return Setting{}, fault.New(fault.NotFound, "%s is a group. Its keys are %s.", key, strings.Join(f.keys(), ", "))
	}
	return o.setting(f), nil
}

func (o *Origins) setting(f *field) Setting {
	values := o.values[f.key]
	s := Setting{
		Key: f.key, Value: plain(values[0].v), Origin: values[0].place.String(), Overrides: []string{},
		Doc: f.doc, Type: f.typeName(), Default: plain(defaultOf(f).v),
	}
	for _, v := range values[1:] {
		s.Overrides = append(s.Overrides, fmt.Sprintf("%s: %v", v.place, plainText(plain(v.v))))
	}
	return s
}

// plain turns a value into what JSON and tables write.
func plain(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Duration:
		return formatDuration(x)
	case Size:
		return x.String()
	case Secret:
		return x.String()
	case string, int, bool, []string:
		return x
	}
	list := make([]any, v.Len())
	for i := range list {
		list[i] = plainGroup(v.Index(i))
	}
	return list
}

func plainGroup(v reflect.Value) map[string]any {
	m := map[string]any{}
	for i := range v.NumField() {
		m[v.Type().Field(i).Tag.Get("yaml")] = plain(v.Field(i))
	}
	return m
}
