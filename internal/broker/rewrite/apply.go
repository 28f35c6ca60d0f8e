package rewrite

import (
	"strings"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// errTooLong bounds the result before it is built.
var errTooLong = fault.New(fault.BadTopicName, "The rewritten topic is longer than %d bytes.", topic.MaxLength)

// Publish returns the topic that a valid name is published to; changed is false when
// no rule matches. The error is the name's that came out.
func (r *Rules) Publish(name string, c Client) (to string, changed bool, err error) {
	to, changed, err = apply(r.publish, name, c)
	if !changed || err != nil {
		return to, changed, err
	}
	if err := topic.ValidName([]byte(to)); err != nil {
		return "", true, err
	}
	if to[0] == '$' && !topic.Publishable([]byte(to)) {
		return "", true, fault.New(fault.Forbidden, "The rewritten topic begins with $: such topics are the server's own.")
	}
	return to, true, nil
}

// Subscribe returns the filter that is subscribed to; changed is false when no rule
// matches. What stands before the filter itself, as $share/NAME/, stays.
func (r *Rules) Subscribe(filter string, c Client) (to string, changed bool, err error) {
	inner := topic.Matching(filter)
	to, changed, err = apply(r.subscribe, inner, c)
	if !changed || err != nil {
		return filter, changed, err
	}
	to = filter[:len(filter)-len(inner)] + to
	if err := topic.ValidSubscription([]byte(to)); err != nil {
		return "", true, err
	}
	return to, true, nil
}

func apply(rules []rule, from string, c Client) (to string, changed bool, err error) {
	for i := range rules {
		r := &rules[i]
		if !topic.Match(r.source, from) {
			continue
		}
		if at := r.regex.FindStringSubmatchIndex(from); at != nil {
			to, err = r.expand(from, at, c)
			return to, true, err
		}
	}
	return from, false, nil
}

// expand puts the destination together. at are the places of the groups in from.
func (r *rule) expand(from string, at []int, c Client) (string, error) {
	var b strings.Builder
	for _, p := range r.destination {
		text := p.text
		switch p.kind {
		case isGroup:
			if text = ""; at[2*p.group] >= 0 {
				text = from[at[2*p.group]:at[2*p.group+1]]
			}
		case isClientID:
			text = c.ID
		case isUsername:
			text = c.Username
		}
		if p.kind >= isClientID {
			if err := Plain(text); err != nil {
				return "", err
			}
		}
		if b.Len()+len(text) > topic.MaxLength {
			return "", errTooLong
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// Plain returns nil when the name can stand in a topic: one with a wildcard would
// widen a filter.
func Plain(name string) error {
	if strings.ContainsAny(name, "+#\x00") {
		return fault.New(fault.BadTopicName, "The client's name holds a wildcard and cannot stand in a topic.")
	}
	return nil
}
