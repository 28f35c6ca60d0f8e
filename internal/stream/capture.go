package stream

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Config is one named capture.
type Config struct {
	// Name names the stream: lower-case letters, digits, - and _, 64 at most.
	Name string
	// Filters are the topic filters whose messages it takes.
	Filters []string
	// MaxAge is how long a message is kept; 0 is for ever.
	MaxAge time.Duration
	// MaxBytes is how much is kept on disk, the oldest goes first; 0 is no bound, the
	// least is 4 MiB.
	MaxBytes int64
	// MaxMessages is how many messages are kept. The log counts entries of many
	// messages, so this bound is not offered yet: anything but 0 is refused.
	MaxMessages int64
	// Memory keeps the messages in memory alone.
	Memory bool
	// BuiltIn takes no topic by itself, and needs no filter: its user hands it what it
	// is to keep, and says what may go ([Streams.Purge]).
	BuiltIn bool
	// Retired says that the stream takes nothing and is not shown: a user has deleted it.
	// Its log stays, so that positions never come twice.
	Retired bool
	// State says that a built-in stream is a journal and holds no messages of clients.
	State bool
}

// checkConfigs refuses what cannot work, naming the stream and the setting.
func checkConfigs(all []Config) error {
	seen := map[string]bool{}
	for _, c := range all {
		if err := c.check(); err != nil {
			return err
		}
		if seen[c.Name] {
			return fault.New(fault.Invalid, "Stream %s is configured twice.", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

func (c Config) check() error {
	switch {
	case c.Name == "":
		return fault.New(fault.Invalid, "A stream needs a name.")
	case len(c.Filters) == 0 && !c.BuiltIn && !c.Retired:
		return fault.New(fault.Invalid, "Stream %s needs at least one topic filter.", c.Name)
	case c.MaxMessages != 0:
		return fault.New(fault.Invalid, "Stream %s: a bound by messages is not offered; bound its age or bytes.", c.Name)
	case c.MaxAge < 0 || c.MaxBytes < 0:
		return fault.New(fault.Invalid, "Stream %s: age and bytes cannot be negative.", c.Name)
	case c.MaxBytes > 0 && c.MaxBytes < 4<<20:
		return fault.New(fault.Invalid, "Stream %s: the least bound by bytes is 4 MiB.", c.Name)
	case c.MaxAge > 0 && c.MaxAge < 100*time.Millisecond:
		return fault.New(fault.Invalid, "Stream %s: the shortest age is 100ms.", c.Name)
	}
	for _, f := range c.Filters {
		if err := topic.ValidFilter([]byte(f)); err != nil {
			return fault.Wrap(fault.BadTopicFilter, "stream: configure "+c.Name, err, "Stream %s: %q is not a topic filter.", c.Name, f)
		}
	}
	return nil
}

// captures are the filters of the streams, in their order.
type captures [][]string

// route finds the first stream that takes the topic.
func (c captures) route(name []byte) (int, bool) {
	if len(name) == 0 || name[0] == '$' {
		return 0, false
	}
	s := unsafe.String(&name[0], len(name)) // borrowed: nothing below keeps it
	for i, filters := range c {
		for _, f := range filters {
			if f == "#" || topic.Match(f, s) {
				return i, true
			}
		}
	}
	return 0, false
}

// Route tells which stream keeps the topic: its index for [Streams.Keep]. It takes
// no lock and allocates nothing.
func (s *Streams) Route(topic []byte) (stream int, ok bool) {
	t := s.table.Load()
	if stream, ok = t.captures.route(topic); ok {
		stream = t.numbers[stream]
	}
	return stream, ok
}

// unknown is the answer for a stream that is not there.
func unknown(name string) error {
	return &fault.Error{Code: fault.NotFound, Op: "stream", Message: fmt.Sprintf("There is no stream %s.", name)}
}
