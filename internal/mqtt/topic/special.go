package topic

import (
	"strings"

	"github.com/millrace/millrace/internal/fault"
)

// The prefixes that give a topic or a filter a meaning of its own. All that begins
// with $ is the server's: who adds a prefix adds it here.
const (
	System    = "$SYS/"       // what the node tells about itself
	Share     = "$share/"     // $share/NAME/FILTER, MQTT 5 section 4.8.2
	Queue     = "$queue/"     // $queue/FILTER: one group of all who use it
	Exclusive = "$exclusive/" // $exclusive/FILTER: one subscriber at a time
	Stream    = "$stream/"    // $stream/NAME/FROM/FILTER: what is stored, then what comes
	Delayed   = "$delayed/"   // $delayed/SECONDS/TOPIC: published later
)

var (
	errNothing = fault.New(fault.BadTopicFilter, "$queue/ and $exclusive/ need a topic filter behind them.")
	errNested  = fault.New(fault.BadTopicFilter, "$share, $queue and $exclusive do not go together.")
)

// ValidSubscription returns nil when b is what a client may subscribe to: a topic
// filter, alone or behind $share/NAME/, $queue/ or $exclusive/.
func ValidSubscription(b []byte) error {
	if err := ValidFilter(b); err != nil {
		return err
	}
	if b[0] != '$' {
		return nil
	}
	if _, _, err := ParseShare(b); err != nil {
		return err
	}
	filter := string(b)
	switch rest := Matching(filter); {
	case rest == "":
		return errNothing
	case rest != filter && Matching(rest) != rest:
		return errNested
	}
	return nil
}

// Publishable says whether clients may publish to names that begin as this one
// does, which begins with $.
func Publishable(name []byte) bool {
	return strings.HasPrefix(string(name), Delayed)
}

// Matching is the part of a valid filter that names are matched with: what follows
// $share/NAME/, $queue/ or $exclusive/, else all of it.
func Matching(filter string) string {
	if len(filter) == 0 || filter[0] != '$' {
		return filter
	}
	for _, prefix := range []string{Exclusive, Queue} {
		if rest, ok := strings.CutPrefix(filter, prefix); ok {
			return rest
		}
	}
	if tail, ok := strings.CutPrefix(filter, Share); ok {
		_, rest, _ := strings.Cut(tail, "/")
		return rest
	}
	return filter
}

// Group is the name of the shared subscription that the filter is a member of:
// $share/NAME/FILTER, the same for $queue/FILTER as for $share/$queue/FILTER. It is
// empty for a filter that is not shared.
func Group(filter string) string {
	if strings.HasPrefix(filter, Share) {
		return filter
	}
	if rest, ok := strings.CutPrefix(filter, Queue); ok {
		return Share + "$queue/" + rest
	}
	return ""
}
