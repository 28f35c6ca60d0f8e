package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// source is where values are read from: the file, one environment variable, one
// flag or the defaults.
type source struct {
	name string              // as it is shown: "millrace.yaml", "environment MILLRACE_DATA"
	file bool                // lines count
	keys func(string) string // writes a key as this source does; nil: as it is
}

// place is a line of a source.
type place struct {
	source
	line int
}

func (p place) String() string {
	if p.file && p.line > 0 {
		return fmt.Sprintf("%s:%d", p.name, p.line)
	}
	return p.name
}

// value is what one source says of one key.
type value struct {
	field *field
	place place
	v     reflect.Value
	// places of the keys inside a list, such as "streams[1].name"
	inner map[string]place
}

// decoder reads the YAML nodes of one source. It collects problems and goes on.
type decoder struct {
	source   source
	values   []value
	problems []Problem
	inner    map[string]place
	// wrong are the keys whose values cannot be relied on: those of problems, and
	// those that an unknown key seems to mean.
	wrong []string
}

// maxDepth bounds how deep nodes are followed, aliases among them.
const maxDepth = 32

func (d *decoder) problem(key string, line int, suggestion, message string, args ...any) {
	p := Problem{Source: d.source.name, Key: key, Line: line, Message: fmt.Sprintf(message, args...), Suggestion: suggestion}
	if d.source.file {
		p.File = d.source.name
	} else {
		p.Line = 0
	}
	d.problems = append(d.problems, p)
	d.wrong = append(d.wrong, key)
}

// at is the place of a node in the source.
func (d *decoder) at(n *yaml.Node) place { return place{d.source, n.Line} }

// group reads a mapping whose keys are f's children. prefix stands before their
// names in messages; set takes each value that was read.
func (d *decoder) group(f *field, prefix string, n *yaml.Node, depth int, set func(*field, string, *yaml.Node, int)) {
	n = d.resolve(prefix, n, depth)
	if n == nil || n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.problem(strings.TrimSuffix(prefix, "."), n.Line, "", "wants a %s, found %s", wants[group], found(n))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, v := n.Content[i], n.Content[i+1]
		key := prefix + name.Value
		if first, twice := seen[name.Value]; twice {
			d.problem(key, name.Line, "", "is given twice, first in line %d", first)
			continue
		}
		seen[name.Value] = name.Line
		if c := f.child(name.Value); c != nil {
			set(c, key, v, depth+1)
		} else {
			d.unknown(f, key, name.Line)
		}
	}
}

func (d *decoder) unknown(f *field, key string, line int) {
	if root.find(key) != nil {
		d.problem(key, line, "", "has to be nested, a group for each dot")
		return
	}
	meant := nearestKey(f, key)
	d.problem(key, line, d.written(f, meant), "is not a known key")
	d.meant(meant)
}

// meant doubts the key that an unknown one seems to be.
func (d *decoder) meant(key string) {
	if key != "" {
		d.wrong = append(d.wrong, key)
	}
}

// nearestKey is the key that an unknown one below f was most likely meant to be.
func nearestKey(f *field, key string) string {
	keys := root.keys()
	if f.kind == groups {
		parent, _ := splitKey(key)
		keys = nil
		for _, c := range f.fields {
			keys = append(keys, parent+"."+c.name)
		}
	}
	return nearest(key, keys)
}

// written is the key as this source writes it; inside a list it stays as it is.
func (d *decoder) written(f *field, key string) string {
	if key != "" && d.source.keys != nil && f.kind != groups {
		return d.source.keys(key)
	}
	return key
}

// document reads the whole document below root.
func (d *decoder) document(n *yaml.Node) { d.group(root, "", n, 0, d.top) }

// top takes one key of Config: a group is entered, anything else becomes a value.
func (d *decoder) top(f *field, key string, n *yaml.Node, depth int) {
	if f.kind == group {
		d.group(f, key+".", n, depth, d.top)
		return
	}
	d.inner = map[string]place{}
	if v, ok := d.value(f, key, n, depth); ok {
		d.values = append(d.values, value{field: f, place: d.at(n), v: v, inner: d.inner})
	}
}

// value reads one value of f's kind and checks its bounds. What is read in part or
// is out of bounds is returned too, beside its problems: checks between keys go on
// with the rest of it.
func (d *decoder) value(f *field, key string, n *yaml.Node, depth int) (reflect.Value, bool) {
	if n = d.resolve(key, n, depth); n == nil {
		return reflect.Value{}, false
	}
	if n.Tag == "!!null" {
		d.problem(key, n.Line, "", "has no value")
		return reflect.Value{}, false
	}
	switch f.kind {
	case texts:
		return d.texts(f, key, n, depth)
	case groups:
		return d.groups(f, key, n, depth)
	}
	return d.scalar(f, key, n)
}

// resolve follows aliases.
func (d *decoder) resolve(key string, n *yaml.Node, depth int) *yaml.Node {
	for ; n.Kind == yaml.AliasNode; depth++ {
		if n = n.Alias; depth > maxDepth {
			break
		}
	}
	if depth > maxDepth {
		d.problem(strings.TrimSuffix(key, "."), n.Line, "", "is nested too deep")
		return nil
	}
	return n
}

func (d *decoder) scalar(f *field, key string, n *yaml.Node) (reflect.Value, bool) {
	if n.Kind != yaml.ScalarNode {
		d.problem(key, n.Line, "", "wants a %s, found %s", wants[f.kind], found(n))
		return reflect.Value{}, false
	}
	v, err := parse(f.kind, n.Value)
	if err != nil {
		d.problem(key, n.Line, "", "%v, found %q", err, shorten(n.Value))
		return reflect.Value{}, false
	}
	if message := f.bounds(v, n.Value); message != "" {
		d.problem(key, n.Line, "", "%s", message)
	}
	return reflect.ValueOf(v), true
}

func (d *decoder) texts(f *field, key string, n *yaml.Node, depth int) (reflect.Value, bool) {
	if !d.list(f, key, n) {
		return reflect.Value{}, false
	}
	list := make([]string, len(n.Content)) // an item that is no text stays empty
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", key, i)
		d.inner[at] = d.at(item)
		item = d.resolve(at, item, depth+1)
		if item == nil || item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
			d.problem(at, n.Content[i].Line, "", "wants a text")
			continue
		}
		if message := f.itemBounds(item.Value); message != "" {
			d.problem(at, n.Content[i].Line, "", "%s", message)
		}
		list[i] = item.Value
	}
	return reflect.ValueOf(list), true
}

func (d *decoder) groups(f *field, key string, n *yaml.Node, depth int) (reflect.Value, bool) {
	if !d.list(f, key, n) {
		return reflect.Value{}, false
	}
	list := reflect.MakeSlice(f.typ, len(n.Content), len(n.Content))
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", key, i)
		d.inner[at] = d.at(item)
		d.element(f, at, item, depth+1, list.Index(i))
	}
	return list, true
}

// element reads one group of a list: what is not given has its default.
func (d *decoder) element(f *field, key string, n *yaml.Node, depth int, into reflect.Value) {
	setDefaults(f, into)
	given := map[string]bool{}
	before := len(d.wrong)
	d.group(f, key+".", n, depth, func(c *field, at string, v *yaml.Node, depth int) {
		given[c.name], d.inner[at] = true, d.at(v)
		if c.kind == group {
			d.element(c, at, v, depth, into.Field(c.index))
			return
		}
		if read, ok := d.value(c, at, v, depth); ok {
			into.Field(c.index).Set(read)
		}
	})
	for _, c := range f.fields {
		at := key + "." + c.name
		if wrong := d.wrong[before:]; c.required && !given[c.name] && !slices.Contains(wrong, key) && !slices.Contains(wrong, at) {
			d.problem(at, n.Line, "", "is missing")
		}
	}
}

func setDefaults(f *field, into reflect.Value) {
	for _, c := range f.fields {
		switch {
		case c.kind == group:
			setDefaults(c, into.Field(c.index))
		case c.def != "":
			into.Field(c.index).Set(defaultOf(c).v)
		}
	}
}

// list reports whether the node is a list, and problems with its length.
func (d *decoder) list(f *field, key string, n *yaml.Node) bool {
	if n.Kind == yaml.SequenceNode {
		if message := f.listBounds(len(n.Content)); message != "" {
			d.problem(key, n.Line, "", "%s", message)
		}
		return true
	}
	hint := "an empty list is []"
	if !d.source.file {
		hint = `as JSON, such as ["a", "b"] or []`
	}
	d.problem(key, n.Line, "", "wants a %s, found %s (%s)", wants[f.kind], found(n), hint)
	return false
}

// found names a node in messages.
func found(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a group of keys"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "nothing"
	}
	return "a text"
}

func shorten(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
