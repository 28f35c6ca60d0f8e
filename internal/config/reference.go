package config

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Reference writes the reference page, docs/reference/configuration.md, from the
// tags of Config.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	writeSection(&b, "Top level", "", root.single(), EnvName)
	for _, f := range root.fields {
		writeGroup(&b, f)
	}
	return b.String()
}

// writeGroup writes a section for a group or a list of groups, and behind it one for
// each that it holds.
func writeGroup(b *strings.Builder, f *field) {
	switch f.kind {
	case group:
		writeSection(b, f.key, f.doc, f.single(), EnvName)
	case groups:
		intro := fmt.Sprintf("%s\n\nType: %s. Environment: `%s`, as JSON. Default: %s. Keys of each:", f.doc, f.typeName(), EnvName(f.key), defaultCell(f))
		writeSection(b, f.key, intro, (&field{fields: f.fields}).leaves(), nil)
		return
	}
	for _, c := range f.fields {
		writeGroup(b, c)
	}
}

// single are the fields below f that are no groups.
func (f *field) single() (all []*field) {
	for _, c := range f.fields {
		if c.kind != group && c.kind != groups {
			all = append(all, c)
		}
	}
	return all
}

const referenceHead = `# Configuration

<!-- Written by: go test ./internal/config -run Reference -update -->

A node reads one YAML file (` + "`millrace serve --config FILE`, or `MILLRACE_CONFIG`" + `), the environment, and the flags of
` + "`millrace serve`" + `. A flag beats the environment, the environment beats the file, the file beats the default.
Every key has a default: an empty file is a valid one.

* **File**: keys are nested at their dots: ` + "`mqtt.listen`" + ` is ` + "`listen`" + ` in the group ` + "`mqtt`" + `.
* **Environment**: ` + "`MILLRACE_`" + `, then the key in capitals with two underscores for each dot. A list or a whole group may be
  given as JSON: ` + "`MILLRACE_STREAMS='[]'`" + `. The same name with ` + "`_FILE`" + ` at its end reads the value from the file it names,
  which keeps secrets out of the environment.
* **Durations** have a unit: ` + "`500ms`, `5s`, `10m`, `12h`, `30d`, `2w`, `1y`" + ` (365 days). **Sizes** are bytes or have a unit:
  ` + "`64KiB`, `1MiB`, `10GiB`; `10MB`" + ` is ten million bytes.
* ` + "`millrace serve --check`" + ` reports everything that is wrong at once, with file, line, key and the nearest valid key, and exits
  with 2; it reads the files that are named, too. ` + "`millrace ctl config explain KEY`" + ` shows a running node's value, where it comes from and what it overrides.
`

func writeSection(b *strings.Builder, title, doc string, fields []*field, env func(string) string) {
	fmt.Fprintf(b, "\n## %s\n", title)
	if doc != "" {
		fmt.Fprintf(b, "\n%s\n", doc)
	}
	b.WriteString("\n| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, f := range fields {
		names := "`" + f.key + "`"
		if env != nil {
			names += "<br>`" + env(f.key) + "`"
		}
		if f.flag != "" {
			names += "<br>`--" + f.flag + "`"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", names, typeCell(f), defaultCell(f), cell(f.doc))
	}
}

// typeCell adds the pattern, which no table of a terminal has room for.
func typeCell(f *field) string {
	if f.pattern == nil {
		return cell(f.typeName())
	}
	return fmt.Sprintf("%s, `%s`", cell(f.typeName()), cell(f.pattern.String()))
}

func defaultCell(f *field) string {
	switch {
	case f.required:
		return "required"
	case f.def == "":
		return "empty"
	}
	return "`" + cell(f.def) + "`"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// typeName is the type with its bounds, for people.
func (f *field) typeName() string {
	if len(f.enum) > 0 {
		return "one of " + strings.Join(f.enum, ", ")
	}
	name := wants[f.kind]
	if bounds := f.boundsName(); bounds != "" {
		name += ", " + bounds
	}
	if f.itemMin != "" {
		name += ", none empty"
	}
	if f.zero != "" {
		name += ", or 0 for " + f.zero
	}
	return name
}

// boundsName is the least and the most that are allowed.
func (f *field) boundsName() string {
	low, high, unit := f.min, f.max, ""
	if f.kind == text || f.kind == secret {
		unit = " characters"
	}
	switch {
	case low != "" && high != "":
		return low + " to " + high + unit
	case low == "1" && unit != "":
		return "not empty"
	case low != "":
		return low + unit + " at least"
	case high != "":
		return "up to " + high + unit
	}
	return ""
}

// plainText writes a plain value in one line.
func plainText(v any) string {
	switch x := v.(type) {
	case string:
		if x == "" {
			return "(empty)"
		}
		return x
	case []string, []any:
		line, err := json.Marshal(x)
		if err == nil {
			return string(line)
		}
	}
	return fmt.Sprint(v)
}
