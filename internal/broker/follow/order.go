package follow

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// Order is what $stream/NAME/FROM/FILTER asks for.
type Order struct {
	Stream, Filter string

	from  string       // all, last, new, time or position
	after msg.Position // where it is a position
	at    time.Time    // where it is a time
}

var errForm = fault.New(fault.BadTopicFilter, "Streams are read by $stream/NAME/FROM/FILTER, with all, last, new, a time (2026-01-31T12:00:00Z or 1h) or a position (17:3) as FROM.")

// Parse takes such a filter apart.
func Parse(filter string, now time.Time) (o Order, err error) {
	rest := strings.TrimPrefix(filter, topic.Stream)
	parts := strings.SplitN(rest, "/", 3)
	if len(parts) < 3 || parts[0] == "" || parts[2] == "" || strings.HasPrefix(parts[2], "$") {
		return o, errForm
	}
	o = Order{Stream: parts[0], from: parts[1], Filter: parts[2]}
	if err := topic.ValidFilter([]byte(o.Filter)); err != nil {
		return o, err
	}
	switch o.from {
	case "all", "last", "new":
		return o, nil
	}
	var ok bool
	if o.after, ok = msg.ParsePosition(o.from); ok {
		o.from = "position"
		return o, nil
	}
	if o.at, err = parseTime(o.from, now); err != nil {
		return o, errForm
	}
	o.from = "time"
	return o, nil
}

// parseTime reads a time, or how long ago.
func parseTime(s string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	s = strings.TrimPrefix(s, "-")
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return now.AddDate(0, 0, -int(n)), err
	}
	d, err := time.ParseDuration(s)
	return now.Add(-d), err
}

// Check says what speaks against the order; s may be nil.
func (o *Order) Check(s Streams) error {
	if s == nil {
		return fault.New(fault.NotFound, "The node has no streams to read.")
	}
	if err := s.Followable(o.Stream); err != nil {
		return err
	}
	if o.after.Compare(s.Newest(o.Stream)) > 0 {
		return fault.New(fault.Invalid, "Stream %s has not come to position %v yet.", o.Stream, o.after)
	}
	return nil
}

// begin is the position to read behind.
func (o *Order) begin(ctx context.Context, s Streams) (msg.Position, error) {
	switch o.from {
	case "new":
		return s.Newest(o.Stream), nil
	case "last":
		newest := s.Newest(o.Stream)
		return msg.Position{Seq: max(newest.Seq, 1)}.Before(), nil
	case "time":
		return s.Find(ctx, o.Stream, o.at)
	}
	return o.after, nil
}

// wants says whether the message is among those that are asked for.
func (o *Order) wants(m *msg.Message) bool {
	return len(m.Topic) > 0 && m.Topic[0] != '$' && topic.Match(o.Filter, string(m.Topic))
}

// positionProperty is the user property that tells an MQTT 5 client where a message stands
// that it reads from a stream.
const positionProperty = "millrace-position"

// Placed is a list of properties with one more, where the message stands; the list stays as
// it is.
func Placed(list []byte, at msg.Position) []byte {
	own := append([]byte(nil), list...)
	return packet.AppendProperty(own, packet.Property{ID: packet.UserProperty, Key: []byte(positionProperty), Value: []byte(at.String())})
}
