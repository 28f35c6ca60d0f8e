package access

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/internal/mqtt/topic"
)

// pattern is a topic filter of a rule. Its levels may hold variables, which stand for
// what one client is called.
type pattern struct {
	text   string
	head   string // its first levels, as long as they are plain text
	vars   bool   // some level has a variable
	exact  bool   // "eq FILTER": the filter itself, wildcards taken as they are written
	levels []level
	many   bool // ends with #
}

// level is one level of a pattern: any (+), or text, or parts that follow each other.
type level struct {
	any   bool
	text  string
	parts []part // nil when there is no variable
}

// part is text, or the value of a variable.
type part struct {
	text string
	of   variable
	name string // of an attribute
}

type variable uint8

const (
	noVariable variable = iota
	ofClient
	ofUser
	ofAttribute
)

// parsePattern reads FILTER or eq FILTER.
func parsePattern(s string) (p pattern, err error) {
	p.text = s
	if rest, ok := strings.CutPrefix(s, "eq "); ok {
		p.exact, s = true, strings.TrimSpace(rest)
	}
	for _, l := range strings.Split(s, "/") {
		parsed, err := parseLevel(l, p.exact)
		if err != nil {
			return p, fmt.Errorf("%q: %w", p.text, err)
		}
		p.levels = append(p.levels, parsed)
	}
	if err := topic.ValidFilter([]byte(p.plain())); err != nil {
		return p, fmt.Errorf("%q is no topic filter", p.text)
	}
	if last := len(p.levels) - 1; !p.exact && p.levels[last].text == "#" {
		p.levels, p.many = p.levels[:last], true
	}
	p.begin()
	return p, nil
}

// begin notes what makes most questions short.
func (p *pattern) begin() {
	var head []string
	for i := range p.levels {
		if p.levels[i].any || p.levels[i].parts != nil {
			break
		}
		head = append(head, p.levels[i].text)
	}
	p.vars = p.vars || slices.ContainsFunc(p.levels, func(l level) bool { return l.parts != nil })
	p.head = strings.Join(head, "/")
}

// plain is the filter with a word in the place of each variable.
func (p *pattern) plain() string {
	words := make([]string, len(p.levels))
	for i, l := range p.levels {
		words[i] = l.text
		switch {
		case l.any:
			words[i] = "+"
		case l.parts != nil:
			for _, k := range l.parts {
				if words[i] += k.text; k.of != noVariable {
					words[i] += "x"
				}
			}
		}
	}
	return strings.Join(words, "/")
}

func parseLevel(s string, exact bool) (l level, err error) {
	if s == "+" && !exact {
		return level{any: true}, nil
	}
	parts, err := parseParts(s)
	if err != nil || len(parts) == 0 {
		return level{}, err
	}
	if len(parts) == 1 && parts[0].of == noVariable {
		return level{text: parts[0].text}, nil
	}
	return level{parts: parts}, nil
}

// parseParts splits a level at its variables.
func parseParts(s string) (parts []part, err error) {
	for s != "" {
		at, size, k, err := firstVariable(s)
		if err != nil {
			return nil, err
		}
		if at > 0 {
			parts = append(parts, part{text: s[:at]})
		}
		if size > 0 {
			parts = append(parts, k)
		}
		s = s[at+size:]
	}
	return parts, nil
}

// firstVariable finds the first variable; without one at is the length.
func firstVariable(s string) (at, size int, k part, err error) {
	at = len(s)
	for _, v := range []struct {
		sign string
		of   variable
	}{{"%c", ofClient}, {"%u", ofUser}, {"${", noVariable}} {
		if i := strings.Index(s, v.sign); i >= 0 && i < at {
			at, size, k = i, len(v.sign), part{of: v.of}
		}
	}
	if size == 0 || k.of != noVariable {
		return at, size, k, nil
	}
	name, _, closed := strings.Cut(s[at+2:], "}")
	attribute, isAttribute := strings.CutPrefix(name, "attr.")
	switch {
	case closed && name == "clientid":
		k.of = ofClient
	case closed && name == "username":
		k.of = ofUser
	case closed && isAttribute && attribute != "":
		k.of, k.name = ofAttribute, attribute
	default:
		return 0, 0, k, fmt.Errorf("${%s} is no variable; ${clientid}, ${username} and ${attr.NAME} are", name)
	}
	return at, len(name) + 3, k, nil
}

// usable says whether every variable has a value that cannot widen the filter.
func (p *pattern) usable(w *Who) bool {
	if !p.vars {
		return true
	}
	for i := range p.levels {
		for _, k := range p.levels[i].parts {
			if k.of != noVariable && !plainName(k.value(w)) {
				return false
			}
		}
	}
	return true
}

// plainName says whether a name can stand in a topic as one level: a client that
// calls itself + or a/# must not widen a rule.
func plainName(s string) bool { return s != "" && s[0] != '$' && !strings.ContainsAny(s, "+#/\x00") }

func (k *part) value(w *Who) string {
	switch k.of {
	case ofClient:
		return w.ClientID
	case ofUser:
		return w.Identity.Username
	case ofAttribute:
		return w.Identity.Attributes[k.name]
	}
	return k.text
}

// is says whether the level is that text.
func (l *level) is(text []byte, w *Who) bool {
	if l.parts == nil {
		return l.text == string(text)
	}
	for i := range l.parts {
		v := l.parts[i].value(w)
		if len(text) < len(v) || string(text[:len(v)]) != v {
			return false
		}
		text = text[len(v):]
	}
	return len(text) == 0
}

// begins with a wildcard, and so matches no name that begins with $ [MQTT-4.7.2-1].
func (p *pattern) wild() bool { return len(p.levels) == 0 || p.levels[0].any }

// own says whether the pattern begins with $.
func (p *pattern) own() bool { return len(p.levels) > 0 && strings.HasPrefix(p.levels[0].text, "$") }

// matches says whether a topic name matches.
func (p *pattern) matches(name []byte, w *Who) bool {
	if p.wild() && name[0] == '$' || len(name) < len(p.head) || string(name[:len(p.head)]) != p.head {
		return false
	}
	rest, more := name, true
	for i := range p.levels {
		if !more {
			return false
		}
		var have []byte
		have, rest, more = bytes.Cut(rest, slash)
		if l := &p.levels[i]; !l.any && !l.is(have, w) {
			return false
		}
	}
	return p.many || !more
}

var (
	slash    = []byte("/")
	plus     = []byte("+")
	allBelow = []byte("#")
)

// covers says whether every name that the filter matches matches the pattern, too.
func (p *pattern) covers(filter []byte, w *Who) bool {
	if p.wild() && filter[0] == '$' {
		return false
	}
	rest, more := filter, true
	for i := range p.levels {
		if !more {
			return false
		}
		var f []byte
		f, rest, more = bytes.Cut(rest, slash)
		l := &p.levels[i]
		switch {
		case l.any:
			if bytes.Equal(f, allBelow) {
				return false
			}
		case !p.exact && (bytes.Equal(f, allBelow) || bytes.Equal(f, plus)), !l.is(f, w):
			return false
		}
	}
	return p.many || !more
}

// overlaps says whether some name matches both the filter and the pattern. An exact
// one overlaps with itself alone.
func (p *pattern) overlaps(filter []byte, w *Who) bool {
	switch {
	case p.exact:
		return p.covers(filter, w)
	case p.wild() && filter[0] == '$', p.own() && (filter[0] == '+' || filter[0] == '#'):
		return false
	}
	rest, more := filter, true
	for i := range p.levels {
		if !more {
			return false
		}
		var f []byte
		f, rest, more = bytes.Cut(rest, slash)
		if bytes.Equal(f, allBelow) {
			return true
		}
		if l := &p.levels[i]; !l.any && !bytes.Equal(f, plus) && !l.is(f, w) {
			return false
		}
	}
	return p.many || !more || bytes.Equal(rest, allBelow)
}

// glob matches a name; * in it stands for any text.
type glob string

func (g glob) matches(name string) bool {
	head, tail, star := strings.Cut(string(g), "*")
	if !star {
		return string(g) == name
	}
	if !strings.HasPrefix(name, head) {
		return false
	}
	name = name[len(head):]
	for {
		next, rest, star := strings.Cut(tail, "*")
		if !star {
			return strings.HasSuffix(name, next)
		}
		at := strings.Index(name, next)
		if at < 0 {
			return false
		}
		name, tail = name[at+len(next):], rest
	}
}

func anyGlob(globs []glob, name string) bool {
	return slices.ContainsFunc(globs, func(g glob) bool { return g.matches(name) })
}
