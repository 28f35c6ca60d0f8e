package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

const (
	// longestLive is how much of a payload an event carries, in bytes.
	longestLive = 64 << 10
	// turn is how many messages are written before the answer is flushed, and
	// turnBytes how many bytes at about most.
	turn      = 256
	turnBytes = 256 << 10
	// patience is how long one write to a reader may take.
	patience = 10 * time.Second
	// Between two events of a coalescing reader wait at most so many topics and so
	// many bytes of payload; messages beyond are dropped and counted.
	mostPending      = 20_000
	mostPendingBytes = 8 << 20
)

// events turns messages into the events of one reader. One goroutine uses it: the
// request's.
type events struct {
	out  *eventWriter
	feed *feed
	// tick is nil for a reader who wants every message.
	tick    <-chan time.Time
	pending *pending
	// told is how many lost messages the reader knows of, counted how many missed
	// holds.
	told, counted uint64
	// missed counts for all readers.
	missed *atomic.Uint64
}

// take writes some of what waits, or keeps it for the next tick.
func (s *events) take() error {
	for range turn {
		m, ok := s.feed.pop()
		if !ok {
			break
		}
		s.put(&m)
		if len(s.out.buf) >= turnBytes {
			break
		}
	}
	if s.tick != nil {
		return nil
	}
	return s.settle()
}

func (s *events) put(m *msg.Message) {
	if s.tick != nil {
		s.pending.add(liveMessage(m))
		return
	}
	s.out.event("message", liveMessage(m))
}

// flush writes what was kept.
func (s *events) flush() error {
	for _, m := range s.pending.order {
		s.out.event("message", m)
	}
	s.pending.reset()
	return s.settle()
}

func (s *events) beat() error {
	if err := s.settle(); err != nil {
		return err
	}
	return s.out.comment("alive")
}

// settle tells of lost messages and sends everything off.
func (s *events) settle() error {
	if lost := s.account(); lost > s.told {
		s.out.event("dropped", LiveDropped{Dropped: lost - s.told})
		s.told = lost
	}
	return s.out.flush()
}

// account counts what was lost for all readers, and returns how much that is of
// this one.
func (s *events) account() uint64 {
	lost := s.feed.dropped() + s.pending.lost
	s.missed.Add(lost - s.counted)
	s.counted = lost
	return lost
}

func liveMessage(m *msg.Message) *LiveMessage {
	payload := m.Payload[:min(len(m.Payload), longestLive)]
	cut := len(payload) < len(m.Payload)
	out := &LiveMessage{Topic: string(m.Topic), Time: at(m.Time), Publisher: string(m.Publisher), QoS: int(m.QoS),
		Retain: m.Retain, Size: len(m.Payload), Truncated: cut, Count: 1}
	out.Encoding, out.Payload = encode(payload, cut)
	return out
}

// pending holds the newest message of each topic, in the order the topics came.
type pending struct {
	topics map[string]*LiveMessage
	order  []*LiveMessage
	bytes  int
	lost   uint64
}

func newPending() *pending { return &pending{topics: map[string]*LiveMessage{}} }

func (p *pending) add(m *LiveMessage) {
	old := p.topics[m.Topic]
	more := len(m.Payload)
	if old != nil {
		more -= len(old.Payload)
	}
	if old == nil && len(p.order) >= mostPending || p.bytes+more > mostPendingBytes {
		p.lost++
		return
	}
	p.bytes += more
	if old != nil {
		m.Count = old.Count + 1
		*old = *m
		return
	}
	p.topics[m.Topic] = m
	p.order = append(p.order, m)
}

func (p *pending) reset() {
	clear(p.topics)
	p.order, p.bytes = p.order[:0], 0
}

// eventWriter writes server-sent events; the first failure sticks.
type eventWriter struct {
	w   http.ResponseWriter
	rc  *http.ResponseController
	buf []byte
	err error
}

func newEventWriter(w http.ResponseWriter) *eventWriter {
	return &eventWriter{w: w, rc: http.NewResponseController(w)}
}

func (e *eventWriter) event(name string, data any) {
	b, err := json.Marshal(data)
	if err != nil {
		e.err = err
		return
	}
	e.buf = fmt.Appendf(e.buf, "event: %s\ndata: %s\n\n", name, b)
}

func (e *eventWriter) comment(text string) error {
	e.buf = fmt.Appendf(e.buf, ": %s\n\n", text)
	return e.flush()
}

func (e *eventWriter) flush() error {
	if e.err != nil || len(e.buf) == 0 {
		return e.err
	}
	// Writers that have no deadlines (in tests) block as they like.
	_ = e.rc.SetWriteDeadline(time.Now().Add(patience))
	if _, e.err = e.w.Write(e.buf); e.err == nil {
		e.err = e.rc.Flush()
	}
	e.buf = e.buf[:0]
	return e.err
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
