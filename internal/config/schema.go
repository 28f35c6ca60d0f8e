package config

import (
	"reflect"
	"regexp"
	"strings"
	"time"
)

// kind is how a field is written and read.
type kind int

const (
	group kind = iota
	text
	secret
	number
	truth
	duration
	size
	texts  // list of text
	groups // list of groups
)

// wants names each kind in messages and on the reference page.
var wants = map[kind]string{
	group: "group of keys", text: "text", secret: "secret text", number: "whole number", truth: "true or false",
	duration: "duration", size: "size", texts: "list of texts", groups: "list of groups",
}

// field is one key of the configuration, described by the tags of Config.
type field struct {
	key      string // dotted from the root, or from the list's element
	name     string // last part of key
	kind     kind
	index    int // in the struct that holds it
	typ      reflect.Type
	doc      string
	def      string
	flag     string
	min, max string
	itemMin  string // of each text in a list
	zero     string // what 0 means, when it may stand below min
	enum     []string
	pattern  *regexp.Regexp
	required bool
	fields   []*field // of a group, or of an element of groups
}

// root describes Config.
var root = &field{kind: group, typ: reflect.TypeFor[Config](), fields: describe(reflect.TypeFor[Config](), "")}

// describe reads the tags of a struct type.
func describe(t reflect.Type, prefix string) []*field {
	fields := make([]*field, t.NumField())
	for i := range fields {
		fields[i] = describeField(t.Field(i), i, prefix)
	}
	return fields
}

func describeField(sf reflect.StructField, index int, prefix string) *field {
	tag := sf.Tag
	f := &field{
		name: tag.Get("yaml"), index: index, typ: sf.Type, kind: kindOf(sf.Type),
		doc: tag.Get("doc"), def: tag.Get("default"), flag: tag.Get("flag"),
		min: tag.Get("min"), max: tag.Get("max"), required: tag.Get("required") == "true",
		itemMin: tag.Get("itemmin"), zero: tag.Get("zero"),
	}
	f.key = prefix + f.name
	if e := tag.Get("enum"); e != "" {
		f.enum = strings.Split(e, ",")
	}
	if p := tag.Get("pattern"); p != "" {
		f.pattern = regexp.MustCompile(p)
	}
	switch f.kind {
	case group:
		f.fields = describe(f.typ, f.key+".")
	case groups:
		f.fields = describe(f.typ.Elem(), "")
	}
	return f
}

// kindOf maps a Go type to its kind. A type outside this list is a mistake in
// Config itself, which every test of the package shows at once.
func kindOf(t reflect.Type) kind {
	switch t {
	case reflect.TypeFor[string]():
		return text
	case reflect.TypeFor[Secret]():
		return secret
	case reflect.TypeFor[int]():
		return number
	case reflect.TypeFor[bool]():
		return truth
	case reflect.TypeFor[time.Duration]():
		return duration
	case reflect.TypeFor[Size]():
		return size
	case reflect.TypeFor[[]string]():
		return texts
	}
	if t.Kind() == reflect.Slice {
		return groups
	}
	return group
}

// leaves returns every field that holds a value, in the order of Config.
func (f *field) leaves() []*field {
	if f.kind != group {
		return []*field{f}
	}
	var all []*field
	for _, c := range f.fields {
		all = append(all, c.leaves()...)
	}
	return all
}

// keys returns every key below f, groups among them.
func (f *field) keys() []string {
	var all []string
	for _, c := range f.fields {
		all = append(all, c.key)
		if c.kind == group {
			all = append(all, c.keys()...)
		}
	}
	return all
}

// child returns the field of that name directly below f, or nil.
func (f *field) child(name string) *field {
	for _, c := range f.fields {
		if c.name == name {
			return c
		}
	}
	return nil
}

// find returns the field of a dotted key, or nil.
func (f *field) find(key string) *field {
	for name := range strings.SplitSeq(key, ".") {
		if f.kind != group {
			return nil
		}
		if f = f.child(name); f == nil {
			return nil
		}
	}
	return f
}

// in returns the field's place inside a Config.
func (f *field) in(c *Config) reflect.Value {
	v, at := reflect.ValueOf(c).Elem(), root
	for name := range strings.SplitSeq(f.key, ".") {
		at = at.child(name)
		v = v.Field(at.index)
	}
	return v
}
