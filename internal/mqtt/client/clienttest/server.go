// Package clienttest is a tiny MQTT server on loopback for tests of clients: it
// records what is published, acknowledges it or not as told, hands messages to
// subscribers by filter, keeps what is retained, and can cut every connection. It
// keeps no sessions.
//
// Every goroutine ends with its connection, at the latest when the test ends.
package clienttest

import (
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Server is the server. Its fields are set before the first client connects.
type Server struct {
	// ReceiveMaximum is told to MQTT 5 clients; 0 is the default.
	ReceiveMaximum uint16
	// Refuse is the reason code of CONNACK.
	Refuse byte
	// Leave ends every connection right after its CONNACK.
	Leave bool
	// Published is called with each message, one at a time; it may be nil.
	Published func(client string, p *packet.Publish)

	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex // guards all below
	hold  bool
	conns []*conn
	kept  map[string][]byte // retained payloads by topic
	total int
	ended bool
}

type conn struct {
	s       *Server
	net     net.Conn
	id      string
	v       packet.Version
	held    []byte // acknowledgements that wait for Release
	filters []string
}

// Start listens on an ephemeral port of 127.0.0.1 until the test ends.
func Start(tb testing.TB, s *Server) *Server {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.listener = l
	s.running.Add(1)
	go s.accept()
	tb.Cleanup(s.Stop)
	return s
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Stop ends everything; the end of the test calls it, too.
func (s *Server) Stop() {
	s.listener.Close()
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.Cut()
	s.running.Wait()
}

// Cut closes every connection without a word.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.net.Close()
	}
}

// Hold withholds acknowledgements until Release.
func (s *Server) Hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = true
}

// Release sends what Hold withheld and goes on acknowledging.
func (s *Server) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = false
	for _, c := range s.conns {
		c.send(c.held)
		c.held = nil
	}
}

// Connections is how many clients connected since the start.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

func (s *Server) accept() {
	defer s.running.Done()
	for {
		n, err := s.listener.Accept()
		if err != nil {
			return
		}
		c := &conn{s: s, net: n}
		s.mu.Lock()
		if s.ended {
			n.Close()
		}
		s.conns = append(s.conns, c)
		s.running.Add(1)
		s.mu.Unlock()
		go c.serve()
	}
}

func (c *conn) serve() {
	defer c.s.running.Done()
	defer c.leave()
	buf := make([]byte, 0, 64<<10)
	for {
		size, err := packet.Frame(buf, 0)
		if err != nil {
			return
		}
		if size > 0 && size <= len(buf) {
			if !c.handle(buf[:size]) {
				return
			}
			buf = buf[:copy(buf, buf[size:])]
			continue
		}
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, len(buf))
		}
		n, err := c.net.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil {
			return
		}
	}
}

func (c *conn) leave() {
	c.net.Close()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.conns = slices.DeleteFunc(c.s.conns, func(o *conn) bool { return o == c })
}

// handle answers one packet; false ends the connection.
func (c *conn) handle(b []byte) bool {
	p, err := packet.Decode(b, c.v)
	if err != nil {
		return false
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	switch p := p.(type) {
	case *packet.Connect:
		return c.connect(p)
	case *packet.Publish:
		c.publish(p)
	case *packet.Ack:
		c.answer(p)
	case *packet.Subscribe:
		c.subscribe(p)
	case *packet.Unsubscribe:
		c.unsubscribe(p)
	case packet.Pingreq:
		c.send(packet.Pingresp{}.Append(nil, c.v))
	case *packet.Disconnect:
		return false
	}
	return true
}

func (c *conn) connect(p *packet.Connect) bool {
	c.v, c.id = p.Version, string(p.ClientID)
	c.s.total++
	c.send((&packet.Connack{Reason: c.s.Refuse, ReceiveMaximum: c.s.ReceiveMaximum}).Append(nil, c.v))
	return c.s.Refuse == packet.Success && !c.s.Leave
}

func (c *conn) publish(p *packet.Publish) {
	if c.s.Published != nil {
		c.s.Published(c.id, p)
	}
	if p.Retain {
		c.s.retain(p)
	}
	for _, o := range c.s.conns {
		for _, f := range o.filters {
			if topic.Match(f, string(p.Topic)) {
				o.send((&packet.Publish{Topic: p.Topic, Payload: p.Payload, QoS: p.QoS, ID: max(p.ID, 1)}).Append(nil, o.v))
			}
		}
	}
	switch p.QoS {
	case 1:
		c.acknowledge(packet.TypePuback, p.ID)
	case 2:
		c.acknowledge(packet.TypePubrec, p.ID)
	}
}

func (s *Server) retain(p *packet.Publish) {
	if s.kept == nil {
		s.kept = map[string][]byte{}
	}
	s.kept[string(p.Topic)] = slices.Clone(p.Payload)
	if len(p.Payload) == 0 {
		delete(s.kept, string(p.Topic))
	}
}

// Retained is how many topics hold a retained message.
func (s *Server) Retained() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

func (c *conn) answer(p *packet.Ack) {
	switch p.Kind {
	case packet.TypePubrec:
		c.acknowledge(packet.TypePubrel, p.ID)
	case packet.TypePubrel:
		c.acknowledge(packet.TypePubcomp, p.ID)
	}
}

func (c *conn) acknowledge(t packet.Type, id uint16) {
	b := packet.AppendAck(nil, t, id, packet.Success, c.v)
	if c.s.hold {
		c.held = append(c.held, b...)
		return
	}
	c.send(b)
}

func (c *conn) subscribe(p *packet.Subscribe) {
	ack := packet.Suback{ID: p.ID}
	for _, f := range p.Filters {
		if !slices.Contains(c.filters, string(f.Filter)) {
			c.filters = append(c.filters, string(f.Filter))
		}
		ack.Reasons = append(ack.Reasons, f.QoS)
	}
	c.send(ack.Append(nil, c.v))
	for _, f := range p.Filters {
		c.sendRetained(&f)
	}
}

func (c *conn) sendRetained(f *packet.Subscription) {
	for name, payload := range c.s.kept {
		if topic.Match(string(f.Filter), name) {
			c.send((&packet.Publish{Topic: []byte(name), Payload: payload, QoS: f.QoS, ID: 1, Retain: true}).Append(nil, c.v))
		}
	}
}

func (c *conn) unsubscribe(p *packet.Unsubscribe) {
	ack := packet.Unsuback{ID: p.ID}
	for _, f := range p.Filters {
		c.filters = slices.DeleteFunc(c.filters, func(o string) bool { return o == string(f) })
		ack.Reasons = append(ack.Reasons, packet.Success)
	}
	c.send(ack.Append(nil, c.v))
}

// send writes at once; a client that is gone is noticed by the reader.
func (c *conn) send(b []byte) {
	if len(b) > 0 {
		_, _ = c.net.Write(b)
	}
}
