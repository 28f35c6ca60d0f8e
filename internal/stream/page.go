package stream

import (
	"context"
	"errors"
	"time"
	"unsafe"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// Page is some messages of a stream, in its order. It is an alias of a plain struct, so
// that a room may declare the same one without importing this package.
type Page = struct {
	// Messages own their bytes.
	Messages []msg.Placed
	// Next is the position to go on behind: everything up to it was looked at.
	Next msg.Position
	// More says that more may be stored already.
	More bool
	// Removed says that entries behind the position that was asked for were gone:
	// retention or a purge has removed them before this reader came.
	Removed bool
}

const (
	pageBytes = 4 << 20         // bytes of messages on one page; the first comes whatever its size
	pageScan  = 5 * time.Second // how long one page looks through what is stored
)

var errPageFull = errors.New("stream: the page is full")

// Page returns what a stream has behind a position, at most limit messages and about
// 4 MiB, of topics that the filter matches; an empty filter is all. With nothing there
// it waits for up to wait, and returns as soon as there is something. A page that looked
// for five seconds returns what it has, with the position it came to.
func (s *Streams) Page(ctx context.Context, stream string, after msg.Position, filter string, limit int, wait time.Duration) (Page, error) {
	st, err := s.stateFor(ctx, stream, after)
	if err != nil {
		return Page{}, err
	}
	c := collector{filter: filter, limit: limit}
	c.page.Next = after
	c.page.Removed = after.Seq > 0 && st.First > after.Seq+1
	err = within(ctx, pageScan, func(ctx context.Context) error { return s.Replay(ctx, stream, after, c.take) })
	c.page.More = err != nil
	if err == nil && len(c.page.Messages) == 0 && wait > 0 {
		c.eager = true
		err = within(ctx, wait, func(ctx context.Context) error { return s.Read(ctx, stream, c.page.Next, c.take) })
	}
	if errors.Is(err, errPageFull) || ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return c.page, err
}

func within(ctx context.Context, d time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return f(ctx)
}

// Readable refuses a stream that users do not read, and a position that the stream has
// not come to yet.
func (s *Streams) Readable(ctx context.Context, stream string, after msg.Position) error {
	_, err := s.stateFor(ctx, stream, after)
	return err
}

// Followable refuses a stream that users do not read. It never waits.
func (s *Streams) Followable(stream string) error {
	k := s.byName(stream)
	switch {
	case k == nil || k.cfg().State || k.cfg().Retired:
		return unknown(stream)
	case k.cfg().BuiltIn:
		return fault.New(fault.Forbidden, "Stream %s is the node's own: it is described, and neither read nor changed.", stream)
	}
	return nil
}

func (s *Streams) stateFor(ctx context.Context, stream string, after msg.Position) (LogState, error) {
	if err := s.Followable(stream); err != nil {
		return LogState{}, err
	}
	k := s.byName(stream)
	st, err := k.log.State(ctx)
	if err == nil && after.Seq > st.Last {
		err = fault.New(fault.Invalid, "Entry %d lies behind the newest one of stream %s, which is %d. Was the position read from another stream or node?", after.Seq, stream, st.Last)
	}
	return st, err
}

// collector gathers a page.
type collector struct {
	filter string
	limit  int
	eager  bool // the first entry with something is enough
	bytes  int
	page   Page
}

func (c *collector) take(at msg.Position, ms []msg.Message) error {
	for i := range ms {
		m := &ms[i]
		if !matches(c.filter, m.Topic) {
			c.page.Next = at
		} else if !c.add(at, m) {
			return errPageFull
		}
		at.Index++
	}
	if c.eager && len(c.page.Messages) > 0 {
		return errPageFull
	}
	return nil
}

// add takes a message, false when it finds no room.
func (c *collector) add(at msg.Position, m *msg.Message) bool {
	size := m.Bytes()
	if n := len(c.page.Messages); n >= c.limit || n > 0 && c.bytes+size > pageBytes {
		return false
	}
	c.bytes += size
	c.page.Messages = append(c.page.Messages, msg.Placed{At: at, Message: m.Clone()})
	c.page.Next = at
	return true
}

// matches says whether a filter, empty for all, takes the topic.
func matches(filter string, name []byte) bool {
	return filter == "" || filter == "#" || len(name) > 0 && topic.Match(filter, unsafe.String(&name[0], len(name)))
}
