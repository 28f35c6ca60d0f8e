package broker

import (
	"sync"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/histogram"
	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Stats is what the broker has counted since its start.
type Stats struct {
	// Connections and Subscriptions stand at this moment.
	Connections, Subscriptions int64
	// MessagesIn and MessagesOut count PUBLISH packets by QoS, those from inside
	// the node included, wills too.
	MessagesIn, MessagesOut [3]uint64
	// BytesIn and BytesOut count bytes from and for clients.
	BytesIn, BytesOut uint64
	// PublishBytesIn and PublishBytesOut are those of PUBLISH packets.
	PublishBytesIn, PublishBytesOut uint64
	// PacketsIn and PacketsOut count packets by type.
	PacketsIn, PacketsOut [packet.Types]uint64
	// Dropped counts messages that did not reach a receiver or the log, by reason.
	// Watches are no receivers: see WatchDropped.
	Dropped map[fault.Code]uint64
	// WatchDropped counts messages that the readers of watches were too slow for.
	WatchDropped uint64
	// Refused counts connections that were turned away before their client was let in,
	// by reason.
	Refused map[fault.Code]uint64
	// Closed counts connections of clients that were in and that the broker closed, by
	// reason: taken over, keep alive, shutdown, a packet that breaks the protocol.
	Closed map[fault.Code]uint64
	// SubscriptionsRefused counts topic filters refused in SUBACK, by reason.
	SubscriptionsRefused map[fault.Code]uint64
	// Sessions stand at this moment, with a connection or without; SessionsLasting
	// of them outlive their connection.
	Sessions, SessionsLasting int64
	// QueueBytes are in the queues of all sessions; QueueMessages wait there and were
	// not sent yet.
	QueueBytes, QueueMessages int64
	// Backlog is what the log has for sessions that is not in their queues, nearly: it
	// is some seconds old, and a message that two filters of a session match counts twice.
	Backlog backlog.Tally
	// OutputBytes wait in connections for their sockets.
	OutputBytes int64
	// InputBytes is the memory of what has come and was not taken: parts of packets, and
	// what waits for its turn.
	InputBytes int64
	// Clogged is how many connections are not read now because they do not take
	// their answers, CloggedTotal how often that happened.
	Clogged      int64
	CloggedTotal uint64
	// SessionsNotKept counts clients that asked for a session that outlives its
	// connection, and did not get one: there were as many as there may be.
	SessionsNotKept uint64
	// SessionsLost is how many sessions the start has ended because records of them were
	// lost.
	SessionsLost uint64
	// Access counts answers of the Authenticator and the Authorizer.
	Access AccessStats
	// SessionsExpired counts sessions whose time ran out.
	SessionsExpired uint64
	// Retained is how many retained messages there are.
	Retained int64
	// Delayed is how many delayed messages wait for their time, DelayedBytes their
	// bytes; DelayedTotal counts those that came from clients.
	Delayed, DelayedBytes int64
	DelayedTotal          uint64
	// StreamReaders is how many subscriptions of clients read a stream.
	StreamReaders int64
	// Unkept is how many bytes are handed to the log and not committed.
	Unkept int64
	// Waiting is how many connections are not read because of that, Held how many because
	// the log owes them as many answers as they may have unanswered.
	Waiting, Held int64
	// Slowed is how many connections are not read because they are over a rate.
	Slowed int64
	// Bans is how many bans there are; BansMissed counts those that the node made
	// and could not keep.
	Bans       int64
	BansMissed uint64
	// MemoryStage is the memory guard's, from 0; Guarded counts how often a
	// publisher was paused for want of memory.
	MemoryStage int
	Guarded     uint64
	// OverRate counts how often a client was paused or refused for a rate, by whose
	// and which rate that was: client_messages, listener_bytes, total_connects.
	OverRate map[string]uint64
	// RecordedFrom is since when every loop has recorded everything, ns since 1970, 0 when
	// nothing is recorded; Forgotten counts messages that the recorder has overwritten.
	RecordedFrom int64
	Forgotten    uint64
	// DeliverTime is from the arrival of a message to the hand-over to a receiver's
	// socket, of those that did not wait in a queue; ConnectTime is from the
	// arrival of a connection, after its TLS handshake, to its CONNACK.
	DeliverTime, ConnectTime histogram.Histogram
}

// codes is the length of a table by fault.Code.
const codes = 96

// counts is one loop's share of Stats.
type counts struct {
	messagesIn, messagesOut [3]uint64
	bytesIn, bytesOut       uint64
	publishBytesIn          uint64
	publishBytesOut         uint64
	delayed, expired        uint64
	packetsIn, packetsOut   [packet.Types]uint64
	dropped, refused        [codes]uint64
	closed, ungranted       [codes]uint64
	watchDropped, notKept   uint64
	unkept, waiting, slowed int64
	held, output            int64
	backlog                 backlog.Tally
	sessions, clogged       int64
	cloggedTotal            uint64
	overRate                pace.Over
	guarded                 uint64
	lags                    lags
	access                  accessCounts
	recordedFrom            int64
	forgotten               uint64
}

// published is a loop's counts as others may read them: the loop copies them here
// when a turn ends.
type published struct {
	mu     sync.Mutex
	counts counts // guarded by mu
	_      [64]byte
}

func (p *published) set(c *counts) {
	p.mu.Lock()
	p.counts = *c
	p.mu.Unlock()
}

func (p *published) get() counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Stats adds up what the loops have counted.
func (b *Broker) Stats() Stats {
	s := Stats{
		Subscriptions: b.router.count.Load(),
		Dropped:       map[fault.Code]uint64{}, Refused: map[fault.Code]uint64{},
		Closed: map[fault.Code]uint64{}, SubscriptionsRefused: map[fault.Code]uint64{}, OverRate: map[string]uint64{},
	}
	s.Connections, s.SessionsLasting, s.SessionsLost = b.connections.Load(), b.lasting.Load(), b.sessionsLost
	s.QueueBytes, s.QueueMessages, s.InputBytes = b.queued.Load(), b.waiting.Load(), b.input.Load()
	s.MemoryStage = int(b.memoryStage.Load())
	s.Bans, s.BansMissed = int64(b.bans.InForce()), b.bans.Missed()
	retained, _ := b.retained.Len()
	s.Retained = int64(retained)
	delayed, bytes := b.delays.Len()
	s.Delayed, s.DelayedBytes = int64(delayed), int64(bytes)
	s.StreamReaders = int64(b.followers.Count())
	if n := b.lostDelayed.Load(); n > 0 {
		s.Dropped[fault.ServerShutdown] += n
	}
	for i := range b.turnedAway {
		if n := b.turnedAway[i].Load(); n > 0 {
			s.Refused[fault.Code(i)] += n
		}
	}
	for _, w := range b.workers {
		c := w.published.get()
		s.add(&c)
	}
	return s
}

func (s *Stats) add(c *counts) {
	for i := range c.messagesIn {
		s.MessagesIn[i] += c.messagesIn[i]
		s.MessagesOut[i] += c.messagesOut[i]
	}
	for i := range c.packetsIn {
		s.PacketsIn[i] += c.packetsIn[i]
		s.PacketsOut[i] += c.packetsOut[i]
	}
	s.BytesIn += c.bytesIn
	s.BytesOut += c.bytesOut
	s.PublishBytesIn += c.publishBytesIn
	s.PublishBytesOut += c.publishBytesOut
	s.DelayedTotal += c.delayed
	s.SessionsExpired += c.expired
	s.Sessions += c.sessions
	s.OutputBytes += c.output
	s.Backlog = s.Backlog.Plus(c.backlog)
	s.Clogged += c.clogged
	s.CloggedTotal += c.cloggedTotal
	s.Unkept += c.unkept
	s.Waiting += c.waiting
	s.Slowed += c.slowed
	s.Held += c.held
	s.Guarded += c.guarded
	c.overRate.AddTo(s.OverRate)
	s.RecordedFrom = max(s.RecordedFrom, c.recordedFrom)
	s.Forgotten += c.forgotten
	s.WatchDropped += c.watchDropped
	s.SessionsNotKept += c.notKept
	s.DeliverTime.Merge(&c.lags.deliver)
	s.ConnectTime.Merge(&c.lags.connect)
	s.Access.add(&c.access)
	addByCode(s.Dropped, &c.dropped)
	addByCode(s.Refused, &c.refused)
	addByCode(s.Closed, &c.closed)
	addByCode(s.SubscriptionsRefused, &c.ungranted)
}

func addByCode(to map[fault.Code]uint64, counts *[codes]uint64) {
	for i, n := range counts {
		if n > 0 {
			to[fault.Code(i)] += n
		}
	}
}

// countOut counts b, a PUBLISH to a client.
func (w *worker) countOut(c *client, b []byte) {
	w.counts.messagesOut[b[0]>>1&3]++
	w.counts.packetsOut[packet.TypePublish]++
	w.counts.bytesOut += uint64(len(b))
	w.counts.publishBytesOut += uint64(len(b))
	c.tally.messagesOut++
	c.tally.bytesOut += uint64(len(b))
	w.went(c, len(b))
	if w.tracers != nil {
		w.traceOut(c, b)
	}
}

// countAnswer counts the packets in b that answer a client. There are few, so
// they are counted from their bytes.
func (w *worker) countAnswer(b []byte) {
	w.counts.bytesOut += uint64(len(b))
	for len(b) > 0 {
		w.counts.packetsOut[packet.TypeOf(b[0])]++
		size, err := packet.Frame(b, 0)
		if err != nil || size <= 0 || size > len(b) {
			return
		}
		b = b[size:]
	}
}
