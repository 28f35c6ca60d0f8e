package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// The bounds of what is read.
const (
	maxFile  = 4 << 20
	maxValue = 1 << 20
)

// prefix begins every environment variable that is ours.
const prefix = "MILLRACE_"

// notKeys are variables that other commands read; they are no keys.
var notKeys = []string{"MILLRACE_CONFIG", "MILLRACE_API_KEY", "MILLRACE_API_KEY_FILE", "MILLRACE_URL"}

// EnvName is the environment variable of a key: MILLRACE_MQTT__LISTEN.
func EnvName(key string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
}

// defaultOf reads the default in f's tag.
func defaultOf(f *field) value {
	d := &decoder{source: source{name: "default"}, inner: map[string]place{}}
	n := scalarNode(f.def)
	if f.kind == texts || f.kind == groups {
		n = jsonNode(f.def)
	}
	v, ok := d.value(f, f.key, n, 0)
	if !ok || len(d.problems) > 0 {
		panic(fmt.Sprintf("config: the default of %s is wrong: %v", f.key, d.problems))
	}
	return value{field: f, place: d.at(n), v: v, inner: d.inner}
}

// envHint writes a suggested key as the environment does.
func envHint(suffix string) func(string) string {
	return func(key string) string { return fmt.Sprintf("%s%s for %s", EnvName(key), suffix, key) }
}

func scalarNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

// jsonNode reads JSON, which YAML contains; nil when it is neither list nor group.
func jsonNode(s string) *yaml.Node {
	s = strings.TrimSpace(s)
	var n yaml.Node
	if s == "" || s[0] != '[' && s[0] != '{' || yaml.Unmarshal([]byte(s), &n) != nil || len(n.Content) != 1 {
		return nil
	}
	return n.Content[0]
}

// readFile decodes the YAML file.
func readFile(name string) *decoder {
	d := &decoder{source: source{name: name, file: true}}
	content, err := readLimited(name, maxFile)
	if err != nil {
		d.problem("", 0, "", "%s", fileMessage(err))
		return d
	}
	var document yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(content))
	if err := dec.Decode(&document); errors.Is(err, io.EOF) {
		return d
	} else if err != nil {
		d.syntax(err)
		return d
	}
	d.document(document.Content[0])
	if err := dec.Decode(&document); !errors.Is(err, io.EOF) {
		d.problem("", document.Line, "", "holds a second document; one file has one")
	}
	return d
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(?s)(.*)`)

// syntax turns the parser's error into a problem with a line.
func (d *decoder) syntax(err error) {
	line, message := 0, err.Error()
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = m[2]
	}
	d.problem("", line, "", "is not YAML: %s", message)
}

func readLimited(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("larger than %v", Size(limit))
	}
	return content, err
}

func fileMessage(err error) string {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return fmt.Sprintf("cannot be read: %v", err)
}

// readEnv decodes every variable of ours in the environment, in the order of names.
func readEnv(env []string) []*decoder {
	vars := map[string]string{}
	for _, e := range env {
		if name, v, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, prefix) {
			vars[name] = v
		}
	}
	names := make([]string, 0, len(vars))
	for name := range vars {
		names = append(names, name)
	}
	slices.Sort(names)
	all := make([]*decoder, 0, len(names))
	for _, name := range names {
		if !slices.Contains(notKeys, name) {
			all = append(all, readVar(name, vars))
		}
	}
	return all
}

// readVar decodes one variable; …_FILE names a file with its value.
func readVar(name string, vars map[string]string) *decoder {
	d := &decoder{source: source{name: "environment " + name, keys: envHint("")}}
	text := vars[name]
	f := root.find(envKey(name))
	if direct, isFile := strings.CutSuffix(name, "_FILE"); f == nil && isFile && root.find(envKey(direct)) != nil {
		d.source.keys = envHint("_FILE")
		f = root.find(envKey(direct))
		if _, both := vars[direct]; both {
			d.problem(f.key, 0, "", "is given twice, by %s as well", direct)
			return d
		}
		content, err := readLimited(text, maxValue)
		if err != nil {
			d.problem(f.key, 0, "", "%s %s", text, fileMessage(err))
			return d
		}
		text = strings.TrimRight(string(content), "\r\n")
	}
	if f == nil {
		d.unknownVar(name)
		return d
	}
	d.text(f, text)
	return d
}

// unknownVar suggests the nearest variable; no key ends in _FILE, so what does is
// compared without.
func (d *decoder) unknownVar(name string) {
	key := envKey(name)
	if direct, isFile := strings.CutSuffix(name, "_FILE"); isFile {
		d.source.keys = envHint("_FILE")
		meant := nearestKey(root, envKey(direct))
		d.problem(key, 0, d.written(root, meant), "is not a known key")
		d.meant(meant)
		return
	}
	d.unknown(root, key, 0)
}

// envKey is the key that a variable names.
func envKey(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "__", "."))
}

// text decodes a value that came as one text: lists and groups as JSON.
func (d *decoder) text(f *field, s string) {
	n := scalarNode(s)
	if f.kind == group || f.kind == texts || f.kind == groups {
		if j := jsonNode(s); j != nil {
			n = j
		}
	}
	d.top(f, f.key, n, 0)
}

// readFlags decodes flags, by their names.
func readFlags(flags map[string]string) []*decoder {
	all := make([]*decoder, 0, len(flags))
	for _, f := range root.leaves() {
		if s, ok := flags[f.flag]; ok && f.flag != "" {
			d := &decoder{source: source{name: "flag --" + f.flag}}
			d.text(f, s)
			all = append(all, d)
		}
	}
	return all
}

// Flag is a key that has a flag of its own. Values are those it may have, when they
// are few.
type Flag struct {
	Name, Key, Default, Doc string
	Values                  []string
}

// Flags lists the keys that have flags, for the command that registers them.
func Flags() []Flag {
	var all []Flag
	for _, f := range root.leaves() {
		if f.flag != "" {
			all = append(all, Flag{Name: f.flag, Key: f.key, Default: f.def, Doc: f.doc, Values: f.enum})
		}
	}
	return all
}

// Keys lists every key that has a value, in the order of the reference page.
func Keys() []string {
	leaves := root.leaves()
	all := make([]string, len(leaves))
	for i, f := range leaves {
		all[i] = f.key
	}
	return all
}
