package access

import (
	"fmt"
	"net/netip"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Question is what somebody wants to try against the rules.
type Question struct {
	ClientID, Username, Listener, Address string
	// Groups are the user's, when the users file does not know it.
	Groups []string
	// Action is publish or subscribe.
	Action, Topic string
	QoS           byte
	Retain        bool
}

// Answer is what the rules say, and which of them.
type Answer struct {
	Allowed bool
	// Rule counts from 1 and Line is where it begins; 0 when no rule decided.
	Rule, Line int
	// Why is the reason in a sentence.
	Why string
	// Decided is the rule; nil when none did.
	Decided *RuleInfo
}

// Try asks the rules as a client's message or subscription would.
func (a *Access) Try(q Question) (Answer, error) {
	s := a.state.Load()
	w, err := s.who(q)
	if err != nil {
		return Answer{}, err
	}
	if err := q.check(); err != nil {
		return Answer{}, err
	}
	if u := s.users.Find(q.Username); q.Username != "" && u != nil && u.Disabled {
		return Answer{Why: "The user is disabled and does not come in."}, nil
	}
	return s.rules.try(w, q), nil
}

func (s *state) who(q Question) (Who, error) {
	w := Who{ClientID: q.ClientID, Listener: q.Listener, Identity: &Identity{Username: q.Username, Groups: q.Groups}}
	if u := s.users.Find(q.Username); u != nil {
		w.Identity = identityOf(u, byPassword)
	}
	if q.Address != "" {
		address, err := netip.ParseAddr(q.Address)
		if err != nil {
			return w, fault.New(fault.Invalid, "%.64q is no IP address.", q.Address)
		}
		w.Address = address.Unmap()
	}
	return w, nil
}

func (q *Question) check() error {
	switch q.Action {
	case "publish":
		return topic.ValidName([]byte(q.Topic))
	case "subscribe":
		return topic.ValidFilter([]byte(q.Topic))
	}
	return fault.New(fault.Invalid, "The action %.32q is none of publish and subscribe.", q.Action)
}

func (r *Rules) try(w Who, q Question) Answer {
	g := r.RightsOf(w)
	if g == nil {
		return Answer{Allowed: true, Why: r.whyAll(&w)}
	}
	var ok bool
	var by *rule
	if q.Action == "publish" {
		ok, by = g.publish([]byte(q.Topic), q.QoS, q.Retain)
	} else {
		_, filter, err := topic.ParseShare([]byte(q.Topic))
		if err != nil {
			return Answer{Why: fault.UserMessage(err)}
		}
		ok, by = g.subscribe(filter, q.QoS)
	}
	if by == nil {
		return Answer{Allowed: ok, Why: "No rule is about it; the default decides: " + word(ok) + "."}
	}
	for i := range r.list {
		if r.list[i] == by {
			return Answer{Allowed: ok, Rule: i + 1, Line: by.line, Decided: &RuleInfo{by.line, by.Rule}, Why: fmt.Sprintf("Rule %d, line %d of the rules file, decides: %s.", i+1, by.line, word(ok))}
		}
	}
	return Answer{Allowed: ok}
}

func (r *Rules) whyAll(w *Who) string {
	switch {
	case !r.some:
		return "There is no rules file: everything is allowed but to publish below $SYS."
	case w.Identity.Superuser:
		return "The user is a superuser: the rules do not count."
	}
	return "No rule is about this client; the default decides: allow."
}

func word(ok bool) string {
	if ok {
		return "allow"
	}
	return "deny"
}

// Overview is what is in force.
type Overview struct {
	UsersFile, RulesFile string
	Users                []UserInfo
	// Default is allow or deny; Configured says that there is a rules file.
	Default    string
	Configured bool
	Rules      []RuleInfo
	// UsersProblem and RulesProblem say why the newest file is not in force.
	UsersProblem, RulesProblem string
}

// RuleInfo is a rule and the line it begins on.
type RuleInfo struct {
	Line int
	Rule
}

// UserInfo is a user without secrets.
type UserInfo struct {
	Name                string
	Password            bool
	Methods             []string
	Groups              []string
	Superuser, Disabled bool
}

// Overview says what is in force.
func (a *Access) Overview() Overview {
	s := a.state.Load()
	o := Overview{UsersFile: a.o.Users, RulesFile: a.o.Rules, Configured: s.rules.some, Default: word(s.rules.allow || !s.rules.some)}
	for _, r := range s.rules.list {
		o.Rules = append(o.Rules, RuleInfo{r.line, r.Rule})
	}
	for _, u := range s.users.All() {
		o.Users = append(o.Users, UserInfo{u.Name, u.Hash != "", u.Methods(), append([]string{}, u.Groups...), u.Superuser, u.Disabled})
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	o.UsersProblem, o.RulesProblem = problem(a.users.err), problem(a.rules.err)
	return o
}

func problem(err error) string {
	if err == nil {
		return ""
	}
	return fault.UserMessage(err)
}
