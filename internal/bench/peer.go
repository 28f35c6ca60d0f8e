package bench

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// errEnded says that the broker closed the connection without a word.
var errEnded = errors.New("the broker closed the connection")

// role is what a peer is for. Every call comes from the peer's loop.
type role interface {
	// up is called after CONNACK; window is the broker's receive maximum.
	up(window int, now int64)
	// subscribed is called with each SUBACK.
	subscribed(reasons []byte, now int64)
	// received is called with each PUBLISH; m is borrowed.
	received(m *packet.Publish, now int64)
	// acked is called with each PUBACK, PUBCOMP and PUBREC that refuses.
	acked(id uint16, reason byte, now int64)
}

// peer is one MQTT client without a socket: bytes go in by feed, come out in out.
type peer struct {
	loop    *loop
	role    role
	id      string
	source  netip.Addr
	version packet.Version

	begun int64 // when the connection was due
	state state
	dirty bool   // in loop.dirty
	stuck bool   // a publisher that stopped because too much waits to be written
	in    []byte // the begin of a packet that is not whole yet
	out   []byte // to be written; the wire cuts off what it has taken
	held  held   // of QoS 2

	session session
	listed  bool // in loop.peers
	reason  byte // for which the broker turned us away
	wanted  bool // is to be connected, and to come back when it falls
	wire    handle
}

type state byte

const (
	fresh state = iota
	opening
	shaking // CONNECT is sent
	up
	ended
)

// session is what a peer wants to have of its session in the broker.
type session byte

const (
	unkept   session = iota // it ends with the connection
	leaves                  // it outlives the connection
	resumes                 // it was left behind, and must be there
	discards                // it was left behind, and is to end
)

// keeps is the session expiry in seconds, should we never come back to end it.
const keeps = 3600

// connect says hello; the wire has opened the connection.
func (p *peer) connect() {
	o := &p.loop.o
	c := packet.Connect{
		Version: o.Version, CleanStart: true, ClientID: []byte(p.id), ReceiveMaximum: 65535,
		KeepAlive: uint16((o.KeepAlive + time.Second - 1) / time.Second),
	}
	if p.session == leaves || p.session == resumes {
		c.CleanStart, c.SessionExpiry = false, keeps
	}
	if o.Username != "" {
		c.Username = []byte(o.Username)
	}
	if o.Password != "" {
		c.Password = []byte(o.Password)
	}
	p.state, p.reason = shaking, packet.Success
	p.out = c.Append(p.out, p.version)
	p.touch()
}

// touch has the loop write out at the end of its turn.
func (p *peer) touch() {
	if !p.dirty {
		p.dirty = true
		p.loop.dirty = append(p.loop.dirty, p)
	}
}

// feed takes what came from the network; b is borrowed.
func (p *peer) feed(b []byte, now int64) error {
	if len(p.in) == 0 {
		n, err := p.handleAll(b, now)
		if err == nil && n < len(b) {
			p.in = append(p.in, b[n:]...)
		}
		return err
	}
	p.in = append(p.in, b...)
	n, err := p.handleAll(p.in, now)
	if n > 0 {
		p.in = p.in[:copy(p.in, p.in[n:])]
	}
	if len(p.in) == 0 && cap(p.in) > 4<<10 {
		p.in = nil
	}
	return err
}

// handleAll handles every whole packet in b and returns how many bytes those were.
func (p *peer) handleAll(b []byte, now int64) (n int, err error) {
	for {
		size, err := packet.Frame(b[n:], 0)
		if err != nil {
			return n, err
		}
		if size == 0 || size > len(b)-n {
			return n, nil
		}
		if err := p.handle(b[n:n+size], now); err != nil {
			return n, err
		}
		n += size
	}
}

func (p *peer) handle(b []byte, now int64) error {
	t := packet.TypeOf(b[0])
	if (t == packet.TypeConnack) != (p.state == shaking) {
		return fmt.Errorf("unexpected %v", t)
	}
	switch t {
	case packet.TypePublish:
		return p.publish(b, now)
	case packet.TypePuback, packet.TypePubcomp:
		return p.puback(b, now)
	case packet.TypePubrec:
		return p.pubrec(b, now)
	case packet.TypePubrel:
		return p.pubrel(b)
	case packet.TypeConnack:
		return p.connack(b, now)
	case packet.TypeSuback:
		return p.suback(b, now)
	case packet.TypePingresp:
		if b, ok := p.role.(*publisher); ok {
			b.ponged()
		}
		return nil
	case packet.TypeDisconnect:
		return p.disconnected(b)
	}
	return fmt.Errorf("unexpected %v", t)
}

func (p *peer) publish(b []byte, now int64) error {
	m := &p.loop.publish
	if err := m.Decode(b, p.version); err != nil {
		return err
	}
	switch m.QoS {
	case 1:
		p.answer(packet.TypePuback, m.ID)
	case 2:
		p.answer(packet.TypePubrec, m.ID)
		if !p.held.take(m.ID) {
			return nil
		}
	}
	p.role.received(m, now)
	return nil
}

func (p *peer) puback(b []byte, now int64) error {
	a := &p.loop.ack
	if err := a.Decode(b, p.version); err != nil {
		return err
	}
	p.role.acked(a.ID, a.Reason, now)
	return nil
}

func (p *peer) connack(b []byte, now int64) error {
	var c packet.Connack
	if err := c.Decode(b, p.version); err != nil {
		return fmt.Errorf("the answer to CONNECT is none of MQTT %s, perhaps the broker knows another version only: %v", versionName(p.version), err)
	}
	if c.Reason != packet.Success {
		p.reason = c.Reason
		return fmt.Errorf("connection refused: %s", packet.ReasonName(c.Reason))
	}
	if p.session == resumes && !c.SessionPresent {
		if err := p.forgotten(); err != nil {
			return err
		}
	}
	if p.session == leaves {
		p.session = resumes
	}
	p.state = up
	p.loop.connected(p, now)
	if c.HasServerKeepAlive && c.ServerKeepAlive > 0 {
		p.loop.hurryPings(time.Duration(c.ServerKeepAlive) * time.Second)
	}
	p.role.up(int(c.ReceiveMaximum), now)
	return nil
}

func (p *peer) suback(b []byte, now int64) error {
	var a packet.Suback
	if err := a.Decode(b, p.version); err != nil {
		return err
	}
	for _, reason := range a.Reasons {
		if reason >= packet.UnspecifiedError {
			return fmt.Errorf("subscription refused: %s", packet.ReasonName(reason))
		}
	}
	p.role.subscribed(a.Reasons, now)
	return nil
}

func (p *peer) disconnected(b []byte) error {
	var d packet.Disconnect
	if err := d.Decode(b, p.version); err != nil {
		return err
	}
	p.reason = d.Reason
	return fmt.Errorf("disconnected by the broker: %s", packet.ReasonName(d.Reason))
}

// ping keeps a silent connection.
func (p *peer) ping() {
	p.out = packet.Pingreq{}.Append(p.out, p.version)
	p.touch()
}

// leave says good-bye.
func (p *peer) leave() {
	p.out = (&packet.Disconnect{}).Append(p.out, p.version)
	p.touch()
}

// idler is the role of a connection that does nothing.
type idler struct{}

func (idler) up(int, int64)                   {}
func (idler) subscribed([]byte, int64)        {}
func (idler) received(*packet.Publish, int64) {}
func (idler) acked(uint16, byte, int64)       {}
