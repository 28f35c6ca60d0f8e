package session

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Two peers over a connection that is cut again and again: whatever happens, QoS 1
// arrives at least once, QoS 2 exactly once, both ways and in order.
func TestNothingIsLostOverLossyConnections(t *testing.T) {
	seeds := uint64(1000)
	if testing.Short() {
		seeds = 100
	}
	first := rand.Uint64()
	for n := range seeds {
		if err := newModel(first + n).run(); err != nil {
			t.Fatalf("seed %d: %v", first+n, err)
		}
	}
}

// model is a session, a client that keeps to the specification, the packets between
// them and a log that takes its time.
type model struct {
	r                  *rand.Rand
	limits             Limits
	s                  Session
	ev                 Event
	version            packet.Version
	now                int64
	connected          bool
	toServer, toClient [][]byte

	given, taken [3]int    // messages for the client, and from it, by QoS
	got, had     [3][]int  // what arrived there, and here
	held         []uint16  // the client's QoS 2 identifiers, until PUBREL
	flights      []*flying // of the client's messages, oldest first
	lastID       uint16
	log          []logged     // messages that the log has yet to take
	owed         map[int]Owed // by connection
	epoch        int          // counts connections
}

type flying struct {
	id       uint16
	qos      byte
	number   int
	received bool // PUBREC came
}

type logged struct {
	epoch  int
	place  Place
	number int
	qos    byte
}

func newModel(seed uint64) *model {
	m := &model{r: rand.New(rand.NewPCG(seed, 1)), owed: map[int]Owed{}}
	m.limits = Limits{ReceiveMaximum: 8, MaximumPacketSize: 1 << 20, Inflight: 1 + m.r.IntN(8), Queue: 1 << 20, QueueBytes: 1 << 30, SessionExpiry3: 100, TopicAliases: 3}
	m.s = New(&m.limits)
	return m
}

func (m *model) run() error {
	m.connect(false)
	for range 300 {
		switch k := m.r.IntN(100); {
		case !m.connected && k < 40:
			m.connect(true)
		case m.connected && k < 4:
			m.cut()
		case k < 25:
			m.give()
		case k < 45:
			m.publish()
		case k < 60:
			m.settle()
		case k < 80:
			m.serverTakes()
		default:
			m.clientTakes()
		}
	}
	if !m.connected {
		m.connect(true)
	}
	for range 100_000 {
		if len(m.toServer)+len(m.toClient)+len(m.log) == 0 {
			break
		}
		m.serverTakes()
		m.clientTakes()
		m.settle()
	}
	return m.check()
}

func (m *model) check() error {
	for qos := 1; qos <= 2; qos++ {
		for _, side := range []struct {
			name string
			sent int
			got  []int
		}{{"to the client", m.given[qos], m.got[qos]}, {"from the client", m.taken[qos], m.had[qos]}} {
			if err := inOrder(side.sent, side.got, qos == 2); err != nil {
				return fmt.Errorf("QoS %d %s: %w", qos, side.name, err)
			}
		}
	}
	if len(m.owed) > 0 {
		return fmt.Errorf("%d connections are owed something", len(m.owed))
	}
	if m.s.Waiting()+m.s.Inflight() > 0 || len(m.flights) > 0 || m.s.flow != nil && m.s.flow.queue.bytes() > 0 {
		return fmt.Errorf("left: %d waiting, %d inflight, %d of the client", m.s.Waiting(), m.s.Inflight(), len(m.flights))
	}
	return nil
}

// inOrder says what is wrong with messages numbered from 0: first arrivals are in
// order and, with once, there are no others.
func inOrder(sent int, got []int, once bool) error {
	next := 0
	for _, n := range got {
		switch {
		case n == next:
			next++
		case once || n > next:
			return fmt.Errorf("%d came, want %d: %v", n, next, got)
		}
	}
	if next != sent {
		return fmt.Errorf("%d of %d came", next, sent)
	}
	return nil
}

func (m *model) connect(again bool) {
	m.version = []packet.Version{packet.V311, packet.V5}[m.r.IntN(2)]
	c := &packet.Connect{Version: m.version, ClientID: []byte("c"), SessionExpiry: 100, ReceiveMaximum: uint16(1 + m.r.IntN(10)), TopicAliasMaximum: uint16(m.r.IntN(3))}
	fresh := New(&m.limits)
	fresh.Step(c.Append(nil, m.version), m.now, &m.ev, nil)
	if again {
		m.s.Resume(&fresh)
	} else {
		m.s = fresh
	}
	m.connected = true
	m.epoch++
	m.send(m.s.Accept(nil, &m.ev.Connect, "c", Admission{Present: again}))
	m.push()
	for _, f := range m.flights { // [MQTT-4.4.0-1]
		m.sendFlight(f, true)
	}
}

func (m *model) cut() {
	m.connected, m.toServer, m.toClient = false, nil, nil
	if _, owed := m.s.Leave(); owed.Any() {
		m.owed[m.epoch] = owed
	}
}

// send takes the session's output apart.
func (m *model) send(b []byte) {
	for len(b) > 0 {
		n, _ := packet.Frame(b, 0)
		if packet.TypeOf(b[0]) != packet.TypeConnack {
			m.toClient = append(m.toClient, slices.Clone(b[:n]))
		}
		b = b[n:]
	}
}

// push is what the shell does when there may be room.
func (m *model) push() {
	for m.connected {
		out, outcome, _ := m.s.Next(nil, m.now)
		if outcome == Queued {
			return
		}
		m.send(out)
	}
}

// give is a message for the client.
func (m *model) give() {
	qos := byte(1 + m.r.IntN(2))
	p := packet.Publish{Topic: fmt.Appendf(nil, "topic/%d", qos), Payload: fmt.Append(nil, m.given[qos]), QoS: qos}
	image, idAt := p.AppendImage(nil, m.s.Version())
	out, _, _ := m.s.Deliver(nil, &Image{Bytes: image, IDAt: idAt, QoS: qos, Of: qos, V5: m.s.Version() == packet.V5}, m.now, m.r.IntN(5) > 0)
	m.given[qos]++
	m.send(out)
}

// publish is a message of the client, which keeps its own window.
func (m *model) publish() {
	if !m.connected || len(m.flights) >= int(m.limits.ReceiveMaximum) {
		return
	}
	qos := byte(1 + m.r.IntN(2))
	m.lastID = m.lastID%20 + 1
	for slices.ContainsFunc(m.flights, func(f *flying) bool { return f.id == m.lastID }) {
		m.lastID = m.lastID%20 + 1
	}
	f := &flying{id: m.lastID, qos: qos, number: m.taken[qos]}
	m.taken[qos]++
	m.flights = append(m.flights, f)
	m.sendFlight(f, false)
}

func (m *model) sendFlight(f *flying, dup bool) {
	if f.received {
		m.toServer = append(m.toServer, packet.AppendAck(nil, packet.TypePubrel, f.id, 0, m.version))
		return
	}
	p := packet.Publish{Topic: []byte("up"), Payload: fmt.Append(nil, f.number), QoS: f.qos, ID: f.id, Dup: dup}
	m.toServer = append(m.toServer, p.Append(nil, m.version))
}

func (m *model) serverTakes() {
	if len(m.toServer) == 0 {
		return
	}
	frame := m.toServer[0]
	m.toServer = m.toServer[1:]
	m.send(m.s.Step(frame, m.now, &m.ev, nil))
	switch m.ev.Do {
	case Acknowledged:
		m.push()
	case Publish:
		m.take(&m.ev)
	case End:
		panic(m.ev.Err)
	}
}

// take is the shell's: the log takes some messages at once and others later.
func (m *model) take(ev *Event) {
	var number int
	_, _ = fmt.Sscan(string(ev.Message.Payload), &number)
	qos := ev.Message.QoS
	if qos == 1 || len(m.log) == 0 && m.r.IntN(2) == 0 {
		m.had[qos] = append(m.had[qos], number)
		m.send(m.s.Acknowledge(nil, ev.PacketID, qos, Answer{}))
		return
	}
	m.log = append(m.log, logged{m.epoch, m.s.Await(ev.PacketID, qos), number, qos})
}

// settle lets the log take a message.
func (m *model) settle() {
	if len(m.log) == 0 {
		return
	}
	l := m.log[0]
	m.log = m.log[1:]
	m.had[l.qos] = append(m.had[l.qos], l.number)
	if m.connected && l.epoch == m.epoch {
		m.send(m.s.Settle(nil, l.place, Answer{}))
	} else if owed, ok := m.owed[l.epoch]; ok {
		out, _ := m.s.SettleOwed(nil, owed, l.place, Answer{})
		m.send(out)
		for epoch, owed := range m.owed {
			if !m.s.Owes(owed) {
				delete(m.owed, epoch)
			}
		}
	}
}

func (m *model) clientTakes() {
	if len(m.toClient) == 0 {
		return
	}
	frame := m.toClient[0]
	m.toClient = m.toClient[1:]
	p, err := packet.Decode(frame, m.version)
	if err != nil {
		panic(err)
	}
	switch p := p.(type) {
	case *packet.Publish:
		m.clientGets(p)
	case *packet.Ack:
		m.clientIsTold(p)
	}
}

func (m *model) answer(kind packet.Type, id uint16) {
	m.toServer = append(m.toServer, packet.AppendAck(nil, kind, id, 0, m.version))
}

func (m *model) clientGets(p *packet.Publish) {
	var number int
	_, _ = fmt.Sscan(string(p.Payload), &number)
	if p.QoS == 1 {
		m.got[1] = append(m.got[1], number)
		m.answer(packet.TypePuback, p.ID)
		return
	}
	if !slices.Contains(m.held, p.ID) {
		m.held = append(m.held, p.ID)
		m.got[2] = append(m.got[2], number)
	}
	m.answer(packet.TypePubrec, p.ID)
}

func (m *model) clientIsTold(a *packet.Ack) {
	i := slices.IndexFunc(m.flights, func(f *flying) bool { return f.id == a.ID })
	switch {
	case a.Kind == packet.TypePubrel:
		m.held = slices.DeleteFunc(m.held, func(id uint16) bool { return id == a.ID })
		m.answer(packet.TypePubcomp, a.ID)
	case i < 0:
	case a.Kind == packet.TypePubrec:
		m.flights[i].received = true
		m.answer(packet.TypePubrel, a.ID)
	default:
		m.flights = slices.Delete(m.flights, i, i+1)
	}
}
