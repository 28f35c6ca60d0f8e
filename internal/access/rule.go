package access

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/millrace/millrace/internal/fault"
)

// The bounds of a rules file.
const (
	mostRuleBytes = 4 << 20
	mostRules     = 10_000
)

// Rule is one rule as the rules file has it. What is left out is not asked about; who
// is named by several keys has to fit all of them.
type Rule struct {
	// Allow or Deny is set, to publish, subscribe or all.
	Allow string `yaml:"allow,omitempty" json:"allow,omitempty"`
	Deny  string `yaml:"deny,omitempty" json:"deny,omitempty"`
	// Topics are topic filters; any of them will do. "eq FILTER" is that filter
	// itself. ${clientid} or %c, ${username} or %u and ${attr.NAME} are the client's.
	Topics []string `yaml:"topics,omitempty" json:"topics,omitempty"`
	// Users and Clients are names; * stands for any text.
	Users   []string `yaml:"users,omitempty" json:"users,omitempty"`
	Clients []string `yaml:"clients,omitempty" json:"clients,omitempty"`
	Groups  []string `yaml:"groups,omitempty" json:"groups,omitempty"`
	// Addresses are IP addresses and networks such as 10.1.0.0/16.
	Addresses []string `yaml:"addresses,omitempty" json:"addresses,omitempty"`
	Listeners []string `yaml:"listeners,omitempty" json:"listeners,omitempty"`
	// Anonymous is about clients without a user name: only they, or all but they.
	Anonymous *bool `yaml:"anonymous,omitempty" json:"anonymous,omitempty"`
	// QoS and Retain are of the message; QoS also of the subscription.
	QoS    []int `yaml:"qos,omitempty,flow" json:"qos,omitempty"`
	Retain *bool `yaml:"retain,omitempty" json:"retain,omitempty"`
}

// actions, as bits.
const (
	publishes  = 1
	subscribes = 2
)

// rule is a Rule made ready.
type rule struct {
	Rule
	line    int
	allow   bool
	actions uint8
	topics  []pattern
	users   []glob
	clients []glob
	nets    []netip.Prefix
	qos     uint8 // bits; 0 is any
}

// Rules is a rules file. Its zero value allows everything.
type Rules struct {
	list  []*rule
	allow bool // what no rule decides
	some  bool // there is a file
	sets  *sets
}

// ParseRules reads a rules file; an empty one has no rules. The first mistake refuses
// the whole file.
func ParseRules(b []byte) (*Rules, error) {
	if len(b) > mostRuleBytes {
		return nil, fault.New(fault.TooLarge, "The rules file has more than %d bytes.", mostRuleBytes)
	}
	var f struct {
		Default string `yaml:"default"`
		Rules   []Rule `yaml:"rules"`
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	switch err := d.Decode(&f); {
	case errors.Is(err, io.EOF):
		return &Rules{}, nil
	case err != nil:
		return nil, fault.New(fault.Invalid, "The rules file: %s.", plainYAML(err))
	case f.Default != "" && f.Default != "allow" && f.Default != "deny":
		return nil, fault.New(fault.Invalid, "The rules file: default is %q, and wants allow or deny.", f.Default)
	case len(f.Rules) > mostRules:
		return nil, fault.New(fault.TooLarge, "The rules file has more than %d rules.", mostRules)
	}
	r := &Rules{allow: f.Default == "allow", some: true, sets: newSets()}
	lines := linesOf(b)
	for i, text := range f.Rules {
		line := 0
		if i < len(lines) {
			line = lines[i]
		}
		ready, err := text.ready(line)
		if err != nil {
			return nil, fault.New(fault.Invalid, "Line %d of the rules file, rule %d: %v.", line, i+1, err)
		}
		r.list = append(r.list, ready)
	}
	return r, nil
}

// plainYAML is the parser's text on one line, in the file's words.
func plainYAML(err error) string {
	s := strings.NewReplacer("yaml: ", "", "unmarshal errors:", "", "type access.Rule", "a rule", "access.Rule", "rules", "type struct { Default string \"yaml:\\\"default\\\"\"; Rules []rules \"yaml:\\\"rules\\\"\" }", "the file").Replace(err.Error())
	return strings.Join(strings.Fields(s), " ")
}

// linesOf are the lines on which the rules begin.
func linesOf(b []byte) (lines []int) {
	var f struct {
		Rules []yaml.Node `yaml:"rules"`
	}
	if yaml.Unmarshal(b, &f) != nil {
		return nil
	}
	for i := range f.Rules {
		lines = append(lines, f.Rules[i].Line)
	}
	return lines
}

func (t Rule) ready(line int) (*rule, error) {
	r := &rule{Rule: t, line: line}
	for _, take := range []func(*Rule) error{r.takeAction, r.takeTopics, r.takeWho, r.takeMessage} {
		if err := take(&t); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *rule) takeAction(t *Rule) error {
	word := t.Allow + t.Deny
	if (t.Allow == "") == (t.Deny == "") {
		return fmt.Errorf("a rule has either allow or deny, with publish, subscribe or all")
	}
	r.allow = t.Allow != ""
	switch word {
	case "publish":
		r.actions = publishes
	case "subscribe":
		r.actions = subscribes
	case "all":
		r.actions = publishes | subscribes
	default:
		return fmt.Errorf("%q is none of publish, subscribe and all", word)
	}
	return nil
}

func (r *rule) takeTopics(t *Rule) error {
	for _, s := range t.Topics {
		p, err := parsePattern(s)
		if err != nil {
			return fmt.Errorf("topics: %w", err)
		}
		r.topics = append(r.topics, p)
	}
	if t.Topics != nil && len(t.Topics) == 0 {
		return fmt.Errorf("topics is empty; leave it out for every topic")
	}
	return nil
}

func (r *rule) takeWho(t *Rule) error {
	for name, list := range map[string][]string{"users": t.Users, "clients": t.Clients, "groups": t.Groups, "addresses": t.Addresses, "listeners": t.Listeners} {
		if list != nil && len(list) == 0 || slices.Contains(list, "") {
			return fmt.Errorf("%s is empty, or holds an empty name; leave it out for everybody", name)
		}
	}
	for _, s := range t.Users {
		r.users = append(r.users, glob(s))
	}
	for _, s := range t.Clients {
		r.clients = append(r.clients, glob(s))
	}
	for _, s := range t.Addresses {
		p, err := network(s)
		if err != nil {
			return fmt.Errorf("addresses: %q is no address and no network such as 10.1.0.0/16", s)
		}
		r.nets = append(r.nets, p)
	}
	return nil
}

func network(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return a.Unmap().Prefix(a.Unmap().BitLen())
}

func (r *rule) takeMessage(t *Rule) error {
	for _, q := range t.QoS {
		if q < 0 || q > 2 {
			return fmt.Errorf("qos: %d is none of 0, 1 and 2", q)
		}
		r.qos |= 1 << q
	}
	if t.Retain != nil && r.actions == subscribes {
		return fmt.Errorf("retain is of messages, and the rule is about subscriptions")
	}
	return nil
}

// concerns says whether the rule is about that client.
func (r *rule) concerns(w *Who) bool {
	id := w.Identity
	switch {
	case r.users != nil && (id.Username == "" || !anyGlob(r.users, id.Username)),
		r.clients != nil && !anyGlob(r.clients, w.ClientID),
		r.Groups != nil && !slices.ContainsFunc(id.Groups, func(g string) bool { return slices.Contains(r.Groups, g) }),
		r.Listeners != nil && !slices.Contains(r.Listeners, w.Listener),
		r.Anonymous != nil && *r.Anonymous != (id.Username == ""),
		r.nets != nil && !slices.ContainsFunc(r.nets, func(p netip.Prefix) bool { return p.Contains(w.Address) }):
		return false
	}
	return true
}

// about says whether the rule is about such a message or subscription. retain is
// ignored for subscriptions.
func (r *rule) about(action, qos uint8, retain bool) bool {
	return r.actions&action != 0 && (r.qos == 0 || r.qos&(1<<qos) != 0) &&
		(r.Retain == nil || action == subscribes || *r.Retain == retain)
}
