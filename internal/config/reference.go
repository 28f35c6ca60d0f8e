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
	var single []*field
	for _, f := range root.fields {
		if f.kind != group && f.kind != groups {
			single = append(single, f)
		}
	}
	writeSection(&b, "Top level", "", single, EnvName)
	for _, f := range root.fields {
		switch f.kind {
		case group:
			writeSection(&b, f.name, f.doc, f.fields, EnvName)
		case groups:
			intro := fmt.Sprintf("%s\n\nEnvironment: `%s`, as JSON. Default: `%s`. Keys of each:", f.doc, EnvName(f.key), f.def)
			writeSection(&b, f.name, intro, f.fields, nil)
		}
	}
	return b.String()
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
  with 2. ` + "`millrace ctl config explain KEY`" + ` shows a running node's value, where it comes from and what it overrides.
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
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", names, cell(f.typeName()), defaultCell(f), cell(f.doc))
	}
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
	switch {
	case len(f.enum) > 0:
		return "one of " + strings.Join(f.enum, ", ")
	case f.kind == text:
		return f.boundedText()
	case f.kind == secret:
		return fmt.Sprintf("%s, at least %s characters", wants[f.kind], f.min)
	case f.min != "" && f.max != "":
		return fmt.Sprintf("%s, %s to %s", wants[f.kind], f.min, f.max)
	}
	return wants[f.kind]
}

func (f *field) boundedText() string {
	if f.max == "" {
		return wants[text]
	}
	return fmt.Sprintf("%s, up to %s characters", wants[text], f.max)
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
