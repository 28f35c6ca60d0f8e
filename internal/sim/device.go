package sim

import (
	"hash/crc32"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/mqtt/client"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// device is one machine's side of the broker: its connection, what waits to be
// sent, and what was. The generator offers to it, the connection's reader goroutine
// acknowledges, its keeper goroutine (keep.go) connects.
type device struct {
	run    *run
	index  int
	name   string
	topics [][]byte

	// mu guards all below. It is taken before the client's own lock.
	mu      sync.Mutex
	client  *client.Client // nil while not connected
	trouble error          // why not
	proven  bool           // something was acknowledged on the connection, or its last one
	records []record       // what waits or is unacknowledged; the index is the token
	free    []int32
	queue   queue // what waits, oldest first
	publish packet.Publish
	counts  Counts
	first   int64 // time stamps of what counts, ns since 1970; 0 is none
	last    int64
	digest  uint64
	seen    [groups]seen
}

// record is a message that is not done with.
type record struct {
	group   group
	time    int64
	payload []byte
}

// seen is what is known of one topic.
type seen struct {
	count   int64
	time    int64
	payload []byte
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// offer takes a message over; it never waits.
func (d *device) offer(m *Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts.Generated++
	if d.run.waiting.Load() >= int64(d.run.o.Backlog) {
		d.counts.Dropped++
		return
	}
	i := d.record()
	r := &d.records[i]
	r.group, r.time, r.payload = group(m.TopicIndex%groups), m.Time, append(r.payload[:0], m.Payload...)
	d.queue.push(i)
	d.run.waiting.Add(1)
	d.flush()
}

func (d *device) record() int32 {
	if n := len(d.free); n > 0 {
		i := d.free[n-1]
		d.free = d.free[:n-1]
		return i
	}
	d.records = append(d.records, record{})
	return int32(len(d.records) - 1)
}

// flush sends what waits as far as the connection takes it; mu is held.
func (d *device) flush() {
	for d.client != nil && d.queue.len() > 0 {
		i := d.queue.front()
		r := &d.records[i]
		d.publish = packet.Publish{Topic: d.topics[r.group], Payload: r.payload, QoS: d.run.o.QoS}
		if sent, err := d.client.TryPublish(&d.publish, uint64(i)); !sent || err != nil {
			return
		}
		d.queue.pop()
		d.run.waiting.Add(-1)
		d.counts.Published++
		if d.run.o.QoS == 0 {
			d.done(i)
		}
	}
}

// acked is called by the connection's reader for each PUBACK.
func (d *device) acked(token uint64, reason byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.proven = true
	i := int32(token)
	if reason >= packet.UnspecifiedError {
		d.counts.Refused++
		d.free = append(d.free, i)
	} else {
		d.counts.Acknowledged++
		d.done(i)
	}
	d.flush()
}

// done books a message that counts and frees its record; mu is held.
func (d *device) done(i int32) {
	r := &d.records[i]
	d.counts.Points += PointsPerMessage
	if d.first == 0 || r.time < d.first {
		d.first = r.time
	}
	d.last = max(d.last, r.time)
	topic := d.topics[r.group]
	sum := crc32.Update(0, castagnoli, topic)
	sum = crc32.Update(sum, castagnoli, zero)
	d.digest += uint64(crc32.Update(sum, castagnoli, r.payload))
	s := &d.seen[r.group]
	s.count++
	if r.time >= s.time {
		s.time = r.time
		s.payload, r.payload = r.payload, s.payload
	}
	d.free = append(d.free, i)
}

var zero = []byte{0}

// idle reports whether nothing waits and nothing is unacknowledged.
func (d *device) idle() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.free) == len(d.records)
}

// final returns the counts when the run is over: what still waits is dropped.
func (d *device) final() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.counts
	c.Dropped += int64(d.queue.len())
	if d.run.o.QoS > 0 {
		c.Unacknowledged = c.Published - c.Acknowledged - c.Refused
	}
	return c
}

func (d *device) topicReports() (all []TopicReport) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for g, s := range d.seen {
		if s.count > 0 {
			all = append(all, TopicReport{
				Topic: string(d.topics[g]), Device: d.name, Count: s.count,
				LastTime: time.Unix(0, s.time).UTC(), Last: append([]byte(nil), s.payload...),
			})
		}
	}
	return all
}

// queue is a ring of record numbers.
type queue struct {
	ring       []int32
	head, used int
}

func (q *queue) len() int { return q.used }

func (q *queue) front() int32 { return q.ring[q.head] }

func (q *queue) pop() {
	q.head = (q.head + 1) % len(q.ring)
	q.used--
}

func (q *queue) push(i int32) {
	if q.used == len(q.ring) {
		grown := make([]int32, max(8, 2*len(q.ring)))
		for k := range q.used {
			grown[k] = q.ring[(q.head+k)%len(q.ring)]
		}
		q.ring, q.head = grown, 0
	}
	q.ring[(q.head+q.used)%len(q.ring)] = i
	q.used++
}

// totals are what all devices share.
type totals struct {
	waiting    atomic.Int64
	resent     atomic.Int64
	connects   atomic.Int64
	connected  atomic.Int64
	everJoined atomic.Int64 // devices that were connected at least once
}
