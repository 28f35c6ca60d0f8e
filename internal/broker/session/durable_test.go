package session

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// A durable session over a log and a journal, with connections that are cut and a server
// that is killed at any moment: QoS 1 arrives at least once, QoS 2 exactly once, both
// ways and in order.
func TestNothingIsLostOverKills(t *testing.T) {
	seeds := uint64(2000)
	if testing.Short() {
		seeds = 200
	}
	first := rand.Uint64()
	for n := range seeds {
		if err := newDurableModel(first + n).run(); err != nil {
			t.Fatalf("seed %d: %v", first+n, err)
		}
	}
}

// durableModel is the model with what survives a kill: the log of messages for the
// client, the log of those from it, and the journal of the session's progress.
type durableModel struct {
	*model
	toLog   []byte       // QoS of each message for the client, as the log has them
	fed     int          // of them were given to the session
	fromLog [2][]inbound // messages of the client that the log has, by stream
	fromGo  [2][]inbound // on their way into it
	checked [2]int       // of fromLog: before the checkpoint
	silent  bool         // the client publishes nothing
	round   [2]int       // the checkpoint that follows the write under way
	stored  []byte       // what the journal has
	writing []byte       // what it is being given; nil is nothing
}

type inbound struct {
	id     uint16
	number int
	qos    byte
	at     int64
	epoch  int
	place  Place
}

const toClient = 1 // the stream of messages for the client

func newDurableModel(seed uint64) *durableModel {
	m := &durableModel{model: newModel(seed)}
	m.limits.Queue = 1 + m.r.IntN(20)
	m.limits.Inflight = 1 + m.r.IntN(6)
	m.version = packet.V5
	m.silent = m.r.IntN(3) == 0
	return m
}

func (m *durableModel) run() error {
	m.enter(false)
	m.s.Endure()
	m.write()
	m.commit()
	for range 400 {
		m.now++
		m.step()
	}
	if !m.connected {
		m.enter(true)
	}
	for range 100_000 {
		if len(m.toServer)+len(m.toClient)+len(m.fromGo[0])+len(m.fromGo[1]) == 0 && m.fed == len(m.toLog) && !m.s.Changed() && m.writing == nil {
			break
		}
		m.feed()
		m.serverTakes()
		m.clientTakes()
		m.settle()
		m.write()
		m.commit()
	}
	return m.checkStreams()
}

// checkStreams looks that the messages of each stream are in order, and at everything.
func (m *durableModel) checkStreams() error {
	for stream, all := range m.fromLog {
		newest := [3]int{-1, -1, -1}
		for _, in := range all {
			if in.number < newest[in.qos] && in.qos == 2 {
				return fmt.Errorf("stream %d has %d behind %d", stream, in.number, newest[in.qos])
			}
			newest[in.qos] = max(newest[in.qos], in.number)
		}
	}
	slices.Sort(m.had[1])
	slices.Sort(m.had[2])
	return m.check()
}

func (m *durableModel) step() {
	switch k := m.r.IntN(100); {
	case !m.connected && k < 40:
		m.enter(true)
	case m.connected && k < 4:
		m.leave()
	case k < 6:
		m.kill()
	case k < 22:
		m.toLog = append(m.toLog, byte(1+m.r.IntN(2)))
		m.given[m.toLog[len(m.toLog)-1]]++
	case k < 35:
		m.feed()
	case k < 36:
		m.fold()
	case k < 50 && !m.silent:
		m.publish()
	case k < 60:
		m.settle()
	case k < 75:
		m.serverTakes()
	case k < 90:
		m.clientTakes()
	case k < 94:
		m.write()
	case k < 96:
		m.checkpoint()
	default:
		m.commit()
	}
}

// checkpoint begins a round: what the streams have now need not be read again once the
// session is written down.
func (m *durableModel) checkpoint() {
	if m.writing != nil {
		return
	}
	m.round = [2]int{len(m.fromLog[0]), len(m.fromLog[1])}
	if m.write(); m.writing == nil {
		m.checked = m.round
	}
}

func (m *durableModel) enter(again bool) {
	c := &packet.Connect{Version: m.version, ClientID: []byte("c"), SessionExpiry: 100, ReceiveMaximum: uint16(1 + m.r.IntN(10))}
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
	for _, f := range m.flights {
		m.sendFlight(f, true)
	}
}

// leave is a connection that is cut: what waits is in the log.
func (m *durableModel) leave() {
	m.cut()
	m.fallBack()
}

// fold lets go of what a session does not need whose client is away.
func (m *durableModel) fold() {
	if m.s.flow == nil {
		return
	}
	before := m.s.progress(nil).append(nil)
	if m.s.Fold(); m.s.flow == nil && !bytes.Equal(before, Progress{LastID: m.s.folded.lastID}.append(nil)) {
		panic("what was folded was not nothing")
	}
}

// fallBack takes the session's messages back that it has not sent.
func (m *durableModel) fallBack() {
	m.s.Unqueue(func(l Logged, _ int) { m.fed = min(m.fed, int(l.At.Seq)-1) })
}

// feed gives the session the next message of the log.
func (m *durableModel) feed() {
	if !m.connected || m.fed == len(m.toLog) {
		return
	}
	im := m.image(m.fed)
	out, outcome, _ := m.s.Deliver(nil, im, m.now, m.r.IntN(5) > 0)
	m.send(out)
	if outcome == Behind {
		m.fallBack()
		return
	}
	m.fed++
	if outcome == Queued {
		m.push()
	}
}

func (m *durableModel) image(at int) *Image {
	qos, number := m.toLog[at], 0
	for _, q := range m.toLog[:at] {
		if q == qos {
			number++
		}
	}
	p := packet.Publish{Topic: fmt.Appendf(nil, "topic/%d", qos), Payload: fmt.Append(nil, number), QoS: qos}
	image, idAt := p.AppendImage(nil, m.version)
	return &Image{Bytes: image, IDAt: idAt, QoS: qos, Of: qos, V5: true, Logged: Logged{toClient, msg.Position{Seq: uint64(at + 1)}}}
}

func (m *durableModel) serverTakes() {
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
		in := inbound{id: m.ev.PacketID, qos: m.ev.Message.QoS, at: m.ev.Message.Time, epoch: m.epoch}
		_, _ = fmt.Sscan(string(m.ev.Message.Payload), &in.number)
		in.place = m.s.Await(in.id, in.qos)
		m.fromGo[in.number%2] = append(m.fromGo[in.number%2], in)
	case End:
		panic(m.ev.Err)
	}
}

// settle lets one stream take a message of the client.
func (m *durableModel) settle() {
	under := &m.fromGo[m.r.IntN(2)]
	if len(*under) == 0 {
		return
	}
	in := (*under)[0]
	*under = (*under)[1:]
	m.logIt(in)
	if m.connected && in.epoch == m.epoch {
		m.send(m.s.Settle(nil, in.place, Answer{}))
	} else if owed, ok := m.owed[in.epoch]; ok {
		out, _ := m.s.SettleOwed(nil, owed, in.place, Answer{})
		m.send(out)
		for epoch, owed := range m.owed {
			if !m.s.Owes(owed) {
				delete(m.owed, epoch)
			}
		}
	}
}

func (m *durableModel) logIt(in inbound) {
	m.fromLog[in.number%2] = append(m.fromLog[in.number%2], in)
	m.had[in.qos] = append(m.had[in.qos], in.number)
}

// write gives the journal the session, when that has changed and nothing is under way.
func (m *durableModel) write() {
	if m.writing != nil || !m.s.Changed() {
		return
	}
	next := m.fed + 1
	m.s.Places(func(l Logged, waits bool) bool {
		if waits {
			next = min(next, int(l.At.Seq))
		}
		return true
	})
	m.writing = m.s.Write(nil, []Logged{{toClient, msg.Position{Seq: uint64(next)}}})
}

func (m *durableModel) commit() {
	if m.writing == nil {
		return
	}
	m.stored, m.writing = m.writing, nil
	m.checked = [2]int{max(m.checked[0], m.round[0]), max(m.checked[1], m.round[1])}
	m.send(m.s.Written(nil))
	m.push()
}

// kill ends the server: the logs have a part of what was under way, or all, or none.
func (m *durableModel) kill() {
	for i := range m.fromGo {
		for n := m.r.IntN(len(m.fromGo[i]) + 1); n > 0; n-- {
			m.logIt(m.fromGo[i][0])
			m.fromGo[i] = m.fromGo[i][1:]
		}
	}
	if m.writing != nil && m.r.IntN(2) == 0 {
		m.stored = m.writing
	}
	m.fromGo, m.round, m.writing, m.owed = [2][]inbound{}, [2]int{}, nil, map[int]Owed{}
	m.connected, m.toServer, m.toClient = false, nil, nil
	p, err := ReadProgress(m.stored)
	if err != nil {
		panic(err)
	}
	p.LastID += uint16(m.r.IntN(3)) // other streams have used some, too
	m.s = Recovered(&m.limits, "c", m.version, 100, &p)
	m.now -= int64(m.r.IntN(50)) // and the clock was set
	for _, o := range p.Open {
		if !o.Received {
			m.s.Refill(o, m.image(int(o.Place.At.Seq)-1), 0, m.now)
		}
	}
	for i := range m.fromLog {
		for _, in := range m.fromLog[i][m.checked[i]:] {
			if in.qos == 2 {
				m.s.Hold(in.id, in.at)
			}
		}
	}
	m.fed = int(p.Next[0].At.Seq) - 1
}

// What Write appends is read again as it was, and no part of it is read as a whole.
func TestProgressIsReadAsItWasWritten(t *testing.T) {
	p := Progress{
		Next:   []Logged{{1, msg.Position{Seq: 77, Index: 3}}, {2, msg.Position{Seq: 1}}},
		Open:   []Open{{ID: 9, Shared: true, Exact: true, Place: Logged{1, msg.Position{Seq: 70}}}, {ID: 65535, Received: true}},
		LastID: 12, Held: []uint16{3, 65535}, HeldAsOf: 1 << 60, Dropped: 5,
	}
	b := p.append(nil)
	if got, err := ReadProgress(b); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range b {
		if got, err := ReadProgress(b[:n]); err == nil {
			t.Errorf("%d of %d bytes were read as %+v", n, len(b), got)
		}
	}
	if _, err := ReadProgress(append(slices.Clone(b), 0)); err == nil {
		t.Error("a byte too many was read")
	}
}

// What a client does not get is counted, over the end of the process, too.
func TestWhatIsMissedStaysCounted(t *testing.T) {
	m := newDurableModel(1)
	m.enter(false)
	s := m.s
	s.Endure()
	s.Miss(fault.QueueFull)
	s.Outlived()
	p, err := ReadProgress(s.Write(nil, nil))
	if err != nil || p.Dropped != 2 || s.Drops() != 2 {
		t.Errorf("%d were missed, %d are written: %v", s.Drops(), p.Dropped, err)
	}
}

func FuzzProgress(f *testing.F) {
	f.Add(Progress{Open: []Open{{ID: 1}}, Held: []uint16{2}, Next: []Logged{{Stream: 1}}}.append(nil))
	f.Add(Progress{Next: []Logged{{}}}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ReadProgress(b)
		if err != nil {
			return
		}
		for _, next := range p.Next {
			if next.Stream == 0 {
				t.Fatalf("%+v", p)
			}
		}
		again, err := ReadProgress(p.append(nil))
		if err != nil || !bytes.Equal(again.append(nil), p.append(nil)) {
			t.Fatalf("%+v, %+v, %v", p, again, err)
		}
	})
}

// A session with nothing under way answers what a client asks that believes otherwise.
func TestNothingUnderWayIsAnswered(t *testing.T) {
	m := newDurableModel(1)
	m.enter(false)
	m.s.Endure()
	if m.s.flow != nil {
		t.Error("a session is born with a flow")
	}
	for _, kind := range []packet.Type{packet.TypePuback, packet.TypePubrec, packet.TypePubrel, packet.TypePubcomp} {
		m.s.Step(packet.AppendAck(nil, kind, 7, packet.Success, m.version), m.now, &m.ev, nil)
		if m.ev.Do == End {
			t.Errorf("%v: %v", kind, m.ev.Err)
		}
	}
	if !m.s.Urgent() {
		t.Error("PUBCOMP does not wait for the journal")
	}
	m.s.Write(nil, nil)
	if out := m.s.Written(nil); packet.TypeOf(out[0]) != packet.TypePubcomp {
		t.Errorf("%x", out)
	}
}
