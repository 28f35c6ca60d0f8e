package broker

import (
	"context"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Recording is what one loop has recorded, and has not forgotten.
type Recording struct {
	Segments []recorder.Segment
	// From is when the oldest of it was written, or the loop began, ns since 1970.
	From int64
	// Forgot is how many messages were overwritten since the start.
	Forgot uint64
}

// copiedAtOnce is how many segments a loop copies in one turn, some 20 µs each.
const copiedAtOnce = 4

// Recordings copies what the loops have recorded. Each goes on with its work in between.
func (b *Broker) Recordings(ctx context.Context) ([]Recording, error) {
	all := make([]Recording, len(b.workers))
	if b.workers[0].recorder == nil {
		return nil, fault.New(fault.Unavailable, "Nothing is recorded: observe.recorder_bytes is 0.")
	}
	err := b.ask(ctx, b.workers, func(i int) func(*worker) bool {
		after := uint64(0)
		return func(w *worker) bool {
			part, more := w.recorder.Copy(after, copiedAtOnce)
			if n := len(part); n > 0 {
				after = part[n-1].Number
			}
			all[i].Segments = append(all[i].Segments, part...)
			all[i].From, all[i].Forgot = w.recorder.Window()
			return more
		}
	})
	return all, err
}

// Named says which clients have those connections, by loop.
func (b *Broker) Named(ctx context.Context, conns []map[uint32]bool) ([]map[uint32]string, error) {
	names := make([]map[uint32]string, len(b.workers))
	err := b.ask(ctx, b.workers, func(i int) func(*worker) bool {
		names[i] = map[uint32]string{}
		if len(conns[i]) == 0 {
			return func(*worker) bool { return false }
		}
		return overClients(func(_ *worker, c *client) int {
			if conns[i][connOf(c)] {
				names[i][connOf(c)] = c.id
			}
			return 0
		})
	})
	return names, err
}

// Standing is how a client stands with its messages.
type Standing struct {
	Client    string
	Loop      int
	Conn      uint32 // as it is recorded
	Connected bool
	// Since is when it came, or left when it is not connected, ns since 1970.
	Since int64
	// Lasting says that its session outlives its connection, Durable the process, too.
	Lasting, Durable bool
	Subscribed       []StandingSubscription
	Inflight, Queued int
	// Streams are, by name, how far a durable session has come.
	Streams map[string]StandingStream
}

// StandingSubscription is one filter; Begins is by stream where a durable one began, Since
// the second in which it did, ns since 1970, 0 for not known.
type StandingSubscription struct {
	Filter, Matches, Group string
	QoS                    byte
	NoLocal                bool
	Begins                 map[string]msg.Position
	Since                  int64
}

// StandingStream is how far a durable session has come in one stream.
type StandingStream struct {
	// Next is the first position that it has not taken; Behind says that it does not
	// follow the tail.
	Next   msg.Position
	Behind bool
	// Waiting and Sent are positions before Next: of messages in its queue, and of those
	// that were sent and are not acknowledged.
	Waiting, Sent []msg.Position
}

// Standing says how the client stands; false says that there is none.
func (b *Broker) Standing(ctx context.Context, id string) (s Standing, found bool, err error) {
	err = b.tell(ctx, b.homeOf(id), func(w *worker) {
		if c := w.clients[id]; c != nil {
			found, s = true, w.standing(c)
		}
	})
	return s, found, err
}

// LoopOf is the number of the loop on which the client's session lives or would live.
func (b *Broker) LoopOf(client string) int { return b.homeOf(client).home }

// StreamName is the name of the stream that a loop's recording of what the log has brought
// calls by that number.
func (b *Broker) StreamName(number uint8) string {
	if i := int(number) - 1; i >= 0 && i < len(b.feeds.list()) {
		return b.feeds.list()[i]
	}
	return ""
}

func (w *worker) standing(c *client) Standing {
	s := Standing{
		Client: c.id, Loop: w.home, Conn: connOf(c), Connected: !c.session.Away(), Since: c.since, Lasting: c.session.Expiry() > 0,
		Durable: c.enduring != nil, Inflight: c.session.Inflight(), Queued: c.session.Waiting(),
	}
	if !s.Connected {
		s.Since = w.wall(c.leftAt)
	}
	for _, f := range c.filters.list() {
		s.Subscribed = append(s.Subscribed, w.standingOf(f))
	}
	if c.enduring == nil {
		return s
	}
	s.Streams = map[string]StandingStream{}
	for i, name := range w.broker.feeds.list() {
		k := c.enduring.cursor(uint8(i + 1))
		s.Streams[name] = StandingStream{Next: w.cursorAt(k, uint8(i+1)), Behind: k.Behind()}
	}
	c.session.Places(func(l session.Logged, waits bool) bool {
		name := w.broker.feeds.list()[l.Stream-1]
		k := s.Streams[name]
		if waits {
			k.Waiting = append(k.Waiting, l.At)
		} else {
			k.Sent = append(k.Sent, l.At)
		}
		s.Streams[name] = k
		return true
	})
	return s
}

func (w *worker) standingOf(f *subscription) StandingSubscription {
	i := subscriptionInfo(f.client, f)
	s := StandingSubscription{Filter: f.filter, Matches: f.matches(), Group: i.Share, QoS: f.qos, NoLocal: f.noLocal, Since: int64(f.since) * 1e9}
	if f.durable {
		s.Begins = map[string]msg.Position{}
		for i, p := range f.begins {
			s.Begins[w.broker.feeds.list()[i]] = p
		}
	}
	return s
}
