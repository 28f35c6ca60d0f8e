package access

import (
	"fmt"
	"reflect"
	"strings"
)

// Doubts are sentences about rules that allow subscriptions and never allow those to
// their own topics, because a rule before them denies a part of what they would bring.
func Doubts(list []RuleInfo) []string {
	rules := make([]*rule, 0, len(list))
	for _, t := range list {
		r, err := t.ready(t.Line)
		if err != nil {
			return nil // rules in force are ready
		}
		rules = append(rules, r)
	}
	return doubts(rules)
}

func doubts(rules []*rule) (said []string) {
	for i, r := range rules {
		if !r.allow || r.actions&subscribes == 0 {
			continue
		}
		for j := range r.topics {
			filter := strings.TrimPrefix(r.Topics[j], "eq ")
			if n := r.deniedBefore(rules[:i], filter); n > 0 && !r.topics[j].vars {
				said = append(said, fmt.Sprintf("Rule %d, line %d, never allows a subscription to %s itself: rule %d before it denies a part of what it would bring.", i+1, r.line, filter, n))
			}
		}
	}
	return said
}

// deniedBefore is the number of the rule that denies the filter to everybody whom r is
// about; 0 when there is none.
func (r *rule) deniedBefore(earlier []*rule, filter string) int {
	nobody := &Who{Identity: anonymous}
	for n, e := range earlier {
		if e.actions&subscribes == 0 || !e.holds([]byte(filter), nobody) {
			continue
		}
		if e.allow {
			return 0 // perhaps it is allowed already
		}
		if e.widerThan(&r.Rule) {
			return n + 1
		}
	}
	return 0
}

// widerThan says that the rule is about all whom t is about.
func (r *rule) widerThan(t *Rule) bool {
	mine := [...]any{r.Users, r.Clients, r.Groups, r.Addresses, r.Listeners, r.Anonymous, r.QoS}
	for i, theirs := range [...]any{t.Users, t.Clients, t.Groups, t.Addresses, t.Listeners, t.Anonymous, t.QoS} {
		if !reflect.ValueOf(mine[i]).IsNil() && !reflect.DeepEqual(mine[i], theirs) {
			return false
		}
	}
	return true
}
