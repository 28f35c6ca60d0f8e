package topic

import (
	"bytes"
	"unicode/utf8"

	"github.com/millrace/millrace/internal/fault"
)

// MaxLength is the most bytes a name or filter may have [MQTT-4.7.3-3].
const MaxLength = 65535

var (
	errNameEmpty    = fault.New(fault.BadTopicName, "A topic name needs at least one character [MQTT-4.7.3-1].")
	errNameLong     = fault.New(fault.BadTopicName, "A topic name has at most 65,535 bytes [MQTT-4.7.3-3].")
	errNameText     = fault.New(fault.BadTopicName, "A topic name is UTF-8 without U+0000 [MQTT-1.5.4-1] [MQTT-4.7.3-2].")
	errNameWild     = fault.New(fault.BadTopicName, "A topic name holds no wildcard, neither + nor # [MQTT-3.3.2-2].")
	errFilterEmpty  = fault.New(fault.BadTopicFilter, "A topic filter needs at least one character [MQTT-4.7.3-1].")
	errFilterLong   = fault.New(fault.BadTopicFilter, "A topic filter has at most 65,535 bytes [MQTT-4.7.3-3].")
	errFilterText   = fault.New(fault.BadTopicFilter, "A topic filter is UTF-8 without U+0000 [MQTT-1.5.4-1] [MQTT-4.7.3-2].")
	errFilterMulti  = fault.New(fault.BadTopicFilter, "The wildcard # stands alone in the last level of a filter [MQTT-4.7.1-1].")
	errFilterSingle = fault.New(fault.BadTopicFilter, "The wildcard + fills a whole level of a filter [MQTT-4.7.1-2].")
)

// ValidName returns nil when b is a topic name that a message may be published
// to, else an error with fault.BadTopicName.
func ValidName(b []byte) error {
	switch {
	case len(b) == 0:
		return errNameEmpty
	case len(b) > MaxLength:
		return errNameLong
	case bytes.IndexByte(b, '+') >= 0 || bytes.IndexByte(b, '#') >= 0:
		return errNameWild
	case !text(b):
		return errNameText
	}
	return nil
}

// ValidFilter returns nil when b is a topic filter, else an error with
// fault.BadTopicFilter. A filter that begins with $share/ needs [ParseShare], too.
func ValidFilter(b []byte) error {
	switch {
	case len(b) == 0:
		return errFilterEmpty
	case len(b) > MaxLength:
		return errFilterLong
	case !text(b):
		return errFilterText
	}
	return validWildcards(b)
}

func validWildcards(b []byte) error {
	for i, c := range b {
		switch c {
		case '#':
			if i != len(b)-1 || i > 0 && b[i-1] != '/' {
				return errFilterMulti
			}
		case '+':
			if i > 0 && b[i-1] != '/' || i < len(b)-1 && b[i+1] != '/' {
				return errFilterSingle
			}
		}
	}
	return nil
}

// text reports whether b is UTF-8 (which excludes the surrogates) without NUL.
func text(b []byte) bool { return bytes.IndexByte(b, 0) < 0 && utf8.Valid(b) }
