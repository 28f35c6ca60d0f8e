package rewrite

import (
	"regexp"
	"strings"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Action is what a rule is about.
type Action string

// The actions.
const (
	Publish   Action = "publish"   // messages and wills
	Subscribe Action = "subscribe" // SUBSCRIBE and UNSUBSCRIBE
	All       Action = "all"
)

// Rule is one rule as people write it.
type Rule struct {
	Action Action
	// Source is the topic filter that the topic has to match, Regex the regular
	// expression. A filter is held against Source as if it were a topic.
	Source, Regex string
	// Destination is the new topic: $1 … $9 are the expression's groups, ${clientid}
	// or %c and ${username} or %u the client's.
	Destination string
}

// Client is whose topic it is.
type Client struct{ ID, Username string }

// Rules are ordered and checked.
type Rules struct {
	publish, subscribe []rule
	personal           bool // a destination of publish names the client
}

type rule struct {
	source      string
	regex       *regexp.Regexp
	destination []part
}

// part is a piece of a destination: text, or what is put in its place.
type part struct {
	text  string
	kind  kind
	group int
}

type kind uint8

const (
	isText kind = iota
	isGroup
	isClientID
	isUsername
)

// Compile checks the rules; the error names the first that is wrong.
func Compile(rules []Rule) (*Rules, error) {
	r := &Rules{}
	for i, one := range rules {
		c, err := one.compile()
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, "rewrite", err, "Rewrite rule %d: %s", i+1, fault.UserMessage(err))
		}
		if one.Action != Subscribe {
			r.publish = append(r.publish, c)
			r.personal = r.personal || c.personal()
		}
		if one.Action != Publish {
			r.subscribe = append(r.subscribe, c)
		}
	}
	return r, nil
}

func (r *Rule) compile() (c rule, err error) {
	if r.Action != Publish && r.Action != Subscribe && r.Action != All {
		return c, fault.New(fault.Invalid, "The action is %s, %s or %s.", Publish, Subscribe, All)
	}
	if err := topic.ValidFilter([]byte(r.Source)); err != nil {
		return c, err
	}
	if r.Source[0] == '$' {
		return c, fault.New(fault.Invalid, "Topics that begin with $ are not rewritten.")
	}
	c.source = r.Source
	if c.regex, err = regexp.Compile(r.Regex); err != nil {
		return c, fault.Wrap(fault.Invalid, "rewrite", err, "The regular expression is not one of RE2: %v.", err)
	}
	c.destination, err = parse(r.Destination, c.regex.NumSubexp())
	return c, err
}

// marks are what stands for the client in a destination.
var marks = []struct {
	text string
	kind kind
}{{"${clientid}", isClientID}, {"%c", isClientID}, {"${username}", isUsername}, {"%u", isUsername}}

func parse(s string, groups int) (parts []part, err error) {
	from := 0
	add := func(at, end int, p part) {
		if at > from {
			parts = append(parts, part{text: s[from:at]})
		}
		parts = append(parts, p)
		from = end
	}
next:
	for i := 0; i < len(s); i++ {
		for _, m := range marks {
			if strings.HasPrefix(s[i:], m.text) {
				add(i, i+len(m.text), part{kind: m.kind})
				i = from - 1
				continue next
			}
		}
		if s[i] == '$' && i+1 < len(s) && s[i+1] >= '1' && s[i+1] <= '9' {
			n := int(s[i+1] - '0')
			if n > groups {
				return nil, fault.New(fault.Invalid, "The destination names $%d; the regular expression has %d groups.", n, groups)
			}
			add(i, i+2, part{kind: isGroup, group: n})
			i++
		}
	}
	if from < len(s) {
		parts = append(parts, part{text: s[from:]})
	}
	if len(parts) == 0 {
		return nil, fault.New(fault.Invalid, "The destination is empty.")
	}
	return parts, nil
}

func (r *rule) personal() bool {
	for _, p := range r.destination {
		if p.kind == isClientID || p.kind == isUsername {
			return true
		}
	}
	return false
}
