package topic

import (
	"bytes"

	"github.com/millrace/millrace/internal/fault"
)

// Limits are how large topic names and filters may be; what is 0 has no limit.
type Limits struct {
	// Levels is how many levels there may be, Length how many bytes.
	Levels, Length int
	// Wildcards is how many levels of a filter may be + or #.
	Wildcards int
}

// Name returns nil when the limits allow the topic name, else an error with
// fault.BadTopicName.
func (l *Limits) Name(b []byte) error {
	switch {
	case l.Length > 0 && len(b) > l.Length:
		return fault.New(fault.BadTopicName, "The topic name is longer than the %d bytes that are allowed.", l.Length)
	case l.tooDeep(b):
		return fault.New(fault.BadTopicName, "The topic name has more than the %d levels that are allowed.", l.Levels)
	}
	return nil
}

// Filter returns nil when the limits allow the topic filter, else an error with
// fault.BadTopicFilter.
func (l *Limits) Filter(b []byte) error {
	switch {
	case l.Length > 0 && len(b) > l.Length:
		return fault.New(fault.BadTopicFilter, "The topic filter is longer than the %d bytes that are allowed.", l.Length)
	case l.tooDeep(b):
		return fault.New(fault.BadTopicFilter, "The topic filter has more than the %d levels that are allowed.", l.Levels)
	case l.Wildcards > 0 && bytes.Count(b, []byte{'+'})+bytes.Count(b, []byte{'#'}) > l.Wildcards:
		return fault.New(fault.BadTopicFilter, "The topic filter has more than the %d wildcards that are allowed.", l.Wildcards)
	}
	return nil
}

// tooDeep counts levels only where there is room for too many.
func (l *Limits) tooDeep(b []byte) bool {
	return l.Levels > 0 && len(b) >= l.Levels && bytes.Count(b, []byte{'/'}) >= l.Levels
}
