package session

import (
	"unsafe"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// Limits are what a session is held to and what it holds its client to. One
// Limits serves all sessions of a listener; it does not change while they live.
type Limits struct {
	// ReceiveMaximum is how many PUBLISH packets of QoS 1 and 2 a client may have
	// under way: without PUBACK, or without PUBREL and PUBCOMP.
	ReceiveMaximum uint16
	// MaximumPacketSize is the largest packet taken from a client, in bytes.
	MaximumPacketSize int
	// Inflight is how many messages a client is sent before it acknowledges one;
	// its own receive maximum may lower it.
	Inflight int
	// Queue and QueueBytes bound what is kept back for a client beyond that, and
	// Policy says what gives way to more. The bytes of messages in flight that are
	// kept to be sent again count, too.
	Queue, QueueBytes int
	Policy            Policy
	// QueueQoS0 keeps messages of QoS 0 back, too, for clients that are away or
	// slow.
	QueueQoS0 bool
	// SessionExpiry is the longest that a session outlives its connection, in
	// seconds; 0 is as long as the client asks.
	SessionExpiry uint32
	// SessionExpiry3 is how long one does that a client before MQTT 5 asked for; 0
	// ends it with the connection.
	SessionExpiry3 uint32
	// ResponsePrefix, before the client identifier, is the response information of
	// clients that ask for it; empty is none.
	ResponsePrefix string
	// CheckPayload refuses messages whose payload is not the UTF-8 that its format
	// indicator says.
	CheckPayload bool
	// ClientID is how many bytes a client identifier may have; 0 is any.
	ClientID int
	// TopicAliases is how many topic aliases each side of a connection may set.
	TopicAliases uint16
	// Subscriptions is how many topic filters a client may have.
	Subscriptions int
	// Filters is how many topic filters one SUBSCRIBE or UNSUBSCRIBE may have; 0 is any.
	Filters int
	// KeepAlive is the longest keep alive in seconds; a client that asks for more,
	// or for none, is told this one. 0 lets clients choose.
	KeepAlive uint16
	// Topics are how large topic names and filters may be.
	Topics topic.Limits
	// Slow is how long a message may take from its arrival to the client's
	// acknowledgement before Event.Slow tells of it, in ns; 0 tells of none.
	Slow int64
	// Retain says that retained messages are served.
	Retain bool
	// NoReasons says that refusals come without words.
	NoReasons bool
}

// Action is what the shell is to do after a Step.
type Action uint8

// The actions.
const (
	// Nothing is to be done but to send the bytes.
	Nothing Action = iota
	// Connect: admit Event.Connect by Accept or turn it away by Refuse.
	Connect
	// Publish: route Event.Message; for QoS 1 and 2 answer with Acknowledge or Await.
	Publish
	// Refused: a message was turned down with Event.Err; count it.
	Refused
	// Subscribe: enter Event.Subscribe's filters and answer with Granted.
	Subscribe
	// Unsubscribe: take Event.Unsubscribe's filters out, answer with Ended.
	Unsubscribe
	// Acknowledged: the client has acknowledged a message; Next may send.
	Acknowledged
	// Authenticate: step on with Event.Auth, and answer with Challenge, Proved,
	// Reproved or End.
	Authenticate
	// End: the client leaves as agreed, or with Event.Err against the rules.
	End
)

// Event is the outcome of one Step, and the memory that packets are decoded into:
// one serves all sessions of a loop.
type Event struct {
	Do Action
	// Err is why, for Refused and End; nil when the client left in order.
	Err error
	// Message and PacketID are a Publish.
	Message  msg.Message
	PacketID uint16
	// AsCame says that its packet is what a client of the same version is sent, but for the
	// packet identifier.
	AsCame bool
	// Acked is, for Acknowledged, the message's packet identifier.
	Acked uint16
	// Slow is, for Acknowledged, a message that took longer than Limits.Slow.
	Slow Slow
	// The packets, for Connect, Subscribe and Unsubscribe.
	Connect     packet.Connect
	Subscribe   packet.Subscribe
	Unsubscribe packet.Unsubscribe
	Auth        packet.Auth // for Authenticate

	publish    packet.Publish
	ack        packet.Ack
	disconnect packet.Disconnect
}

// state is how far a connection has come.
type state uint8

const (
	fresh   state = iota // no CONNECT yet
	asked                // CONNECT is being decided
	proving              // AUTH packets go to and fro before CONNACK
	serving              // CONNACK was sent
	ended
	away // the client has no connection; its session waits for it
)

// Session is one client: what lasts from connection to connection, and what
// belongs to the one it has.
type Session struct {
	lasting
	limits    *Limits
	tally     *Tally     // of the loop; may be nil
	heard     int64      // when the last packet came, ns since 1970
	acks      *acks      // nil until the first
	aliases   *[][]byte  // topics by the client's alias; nil until the first
	numbering *numbering // of the topics that it is sent
	proof     *proof     // nil when CONNECT named no authentication method
	maxPacket uint32     // the largest packet the client takes; 0 is any
	keepAlive uint16     // seconds; 0 is none
	sendMax   uint16     // messages in flight to the client
	version   packet.Version
	state     state
	unkept    bool // the client asked for a session that lasts and does not get it
	terse     bool // the client wants no reason strings
	folded    folded
}

// lasting is what outlives the connection.
type lasting struct {
	id     *byte // of the client; nil before it was accepted
	will   *will
	flow   *flow  // nil until there is any
	expiry uint32 // how long the session outlives its connection, in seconds
	idSize uint16
}

// flow is what is under way between the client and the server.
type flow struct {
	window    window
	queue     queue
	exact     exact
	dropped   uint64 // messages that the client did not get
	evicted   int    // of them, since somebody asked
	lastDrop  fault.Code
	evictedBy fault.Code
	durable   *durable // nil for a session that ends with the process
}

// New returns the session of a connection that has just been accepted.
func New(l *Limits) Session { return Session{limits: l} }

// Tally is what the queues of all sessions of a loop hold together.
type Tally struct {
	// Bytes are in use.
	Bytes int64
	// Most is how many there may be; 0 is no bound.
	Most int64
	// Waiting are messages that were not sent yet.
	Waiting int64
	// SentID and SentSince are the packet identifier of the message that Next has sent last,
	// and when it was put into its queue.
	SentID    uint16
	SentSince int64
	// Runs are the queues' memory that is free.
	Runs Runs
	// Lost is told of each message that leaves a queue otherwise than to its client, when it
	// was put in, by which shared subscription (0 is none), and why; it may be nil. The bytes
	// are valid until it returns.
	Lost func(client, topic []byte, share uint32, since int64, code fault.Code)
}

// fits says whether n bytes more may be in use, by a session that uses own of them. A
// session may have eight times what is left, so that those with long queues are the first
// to get no more, and something is left for those with short ones.
func (t *Tally) fits(own, n int) bool {
	if t == nil || t.Most == 0 {
		return true
	}
	left := t.Most - t.Bytes - int64(n)
	return left >= 0 && int64(own) <= 8*left
}

// Count lets the session's queue count for the tally.
func (s *Session) Count(t *Tally) {
	s.tally = t
	if s.flow != nil {
		s.flow.queue.tally = t
	}
}

// flows returns what is under way, making room for it.
func (s *Session) flows() *flow {
	if s.flow == nil {
		s.flow = &flow{}
		s.flow.queue.tally = s.tally
		s.flow.unfold(s.folded)
		s.folded = folded{}
	}
	return s.flow
}

// Version is the protocol version; 0 before CONNECT.
func (s *Session) Version() packet.Version { return s.version }

// Serving says whether the client was admitted and has not ended.
func (s *Session) Serving() bool { return s.state == serving }

// ClientID is the client identifier, once CONNECT has been accepted.
func (s *Session) ClientID() string { return string(s.publisher()) }

// publisher is the client identifier; nil before it was accepted.
func (s *Session) publisher() []byte { return unsafe.Slice(s.id, s.idSize) }

// setID takes the client identifier, of which nobody writes to a byte.
func (s *Session) setID(id string) { s.id, s.idSize = unsafe.StringData(id), uint16(len(id)) }

// Limits are the session's limits.
func (s *Session) Limits() *Limits { return s.limits }

// Step takes one whole packet of the client, fills ev and returns dst with what
// is to be sent. After an End, no further Step changes anything.
func (s *Session) Step(frame []byte, now int64, ev *Event, dst []byte) []byte {
	ev.Do, ev.Err, ev.Slow = Nothing, nil, Slow{}
	s.heard = now
	t := packet.TypeOf(frame[0])
	switch {
	case s.state == fresh && t == packet.TypeConnect:
		return s.connect(frame, ev, dst)
	case s.state == fresh: // [MQTT-3.1.0-1]
		return s.fail(dst, ev, errNoConnect)
	case s.state == proving:
		return s.prove(frame, ev, dst)
	case s.state != serving:
		return dst
	}
	switch t {
	case packet.TypePublish:
		return s.publish(frame, now, ev, dst)
	case packet.TypePuback:
		return s.puback(frame, ev, dst)
	case packet.TypePubrec:
		return s.pubrec(frame, ev, dst)
	case packet.TypePubrel:
		return s.pubrel(frame, ev, dst)
	case packet.TypePubcomp:
		return s.pubcomp(frame, ev, dst)
	case packet.TypeSubscribe:
		return s.subscribe(frame, ev, dst)
	case packet.TypeUnsubscribe:
		return s.unsubscribe(frame, ev, dst)
	case packet.TypePingreq: // [MQTT-3.12.4-1]
		if err := (packet.Pingreq{}).Decode(frame, s.version); err != nil {
			return s.fail(dst, ev, err)
		}
		return packet.Pingresp{}.Append(dst, s.version)
	case packet.TypeDisconnect:
		return s.disconnect(frame, ev, dst)
	case packet.TypeAuth:
		return s.auth(frame, ev, dst)
	}
	return s.unexpected(t, ev, dst)
}

// unexpected refuses a packet type that has no place here.
func (s *Session) unexpected(t packet.Type, ev *Event, dst []byte) []byte {
	err := errUnexpected
	if t == packet.TypeConnect { // [MQTT-3.1.0-2]
		err = errSecondConnect
	}
	return s.fail(dst, ev, err)
}

func (s *Session) disconnect(frame []byte, ev *Event, dst []byte) []byte {
	p := &ev.disconnect
	if err := p.Decode(frame, s.version); err != nil {
		return s.fail(dst, ev, err)
	}
	if p.HasSessionExpiry && !s.unkept {
		if s.expiry == 0 && p.SessionExpiry > 0 { // [MQTT-3.1.2-23]
			return s.fail(dst, ev, errExpiry)
		}
		s.expiry = s.limits.expiry(p.SessionExpiry)
	}
	if p.Reason != packet.DisconnectWithWill { // [MQTT-3.1.2-10]
		s.will = nil
	}
	s.state = ended
	ev.Do = End
	return dst
}

// fail ends the session because of what the client sent.
func (s *Session) fail(dst []byte, ev *Event, err error) []byte {
	ev.Do, ev.Err = End, err
	return s.End(dst, err)
}

// End ends the session from the server's side: an MQTT 5 client that was admitted
// is told why [MQTT-4.13.1-1]; before that CONNACK says it.
func (s *Session) End(dst []byte, err error) []byte {
	switch s.state {
	case serving:
		s.state = ended
		if s.version == packet.V5 {
			p := packet.Disconnect{Reason: Reason(packet.TypeDisconnect, fault.CodeOf(err))}
			return s.explained(dst, reasonString(err), func(dst, text []byte) []byte { // [MQTT-3.14.2-3]
				p.ReasonString = text
				return p.Append(dst, s.version)
			})
		}
	case asked, proving:
		return s.Refuse(dst, err)
	}
	s.state = ended
	return dst
}

// Silent says whether the client has kept quiet for more than one and a half
// times its keep alive [MQTT-3.1.2-22].
func (s *Session) Silent(now int64) bool { return s.keepAlive > 0 && now-s.heard > s.silence() }

// silence is how long the client may be silent, ns.
func (s *Session) silence() int64 { return int64(s.keepAlive) * 1_500_000_000 }

// Deadline is when the client will have been silent for too long, ns since 1970;
// 0 is never.
func (s *Session) Deadline() int64 {
	if s.keepAlive == 0 {
		return 0
	}
	return s.heard + s.silence()
}

// Hear counts as a packet of the client: its bytes wait while it is not read.
func (s *Session) Hear(now int64) { s.heard = now }
