package broker

import (
	"bytes"
	"context"
	"net"
	"net/netip"

	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// TracedPacket is one packet as it passed, for whoever follows it.
type TracedPacket struct {
	At            int64 // ns since 1970
	In            bool  // from the client
	Conn          uint64
	Client        string
	Remote, Local netip.AddrPort // Remote is not valid for a Unix socket
	Version       packet.Version
	Bytes         []byte // the receiver's own, secrets and all
}

// tracer is somebody who follows packets.
type tracer struct {
	client  string
	filter  string
	network netip.Prefix
	sink    func(TracedPacket)
}

// Trace shows every packet of a client, every PUBLISH that a topic filter matches, or
// every packet of an address or network to sink, by kind: client, topic or address.
// Loops call sink: it must not block. After stop has returned it is called no more.
func (b *Broker) Trace(kind, value string, sink func(TracedPacket)) (stop func(), err error) {
	t := &tracer{sink: sink}
	switch kind {
	case "client":
		t.client = value
	case "topic":
		t.filter, err = value, topic.ValidFilter([]byte(value))
	case "address":
		t.network, err = network(value)
	default:
		err = fault.New(fault.Invalid, "A trace follows a client, topic or address, not %q.", kind)
	}
	if err != nil {
		return nil, err
	}
	if err := b.tracing(func(all []*tracer) []*tracer { return append(all, t) }); err != nil {
		return nil, err
	}
	return func() {
		_ = b.tracing(func(all []*tracer) []*tracer { return without(all, t) }) // a broker that has stopped calls nobody
	}, nil
}

func network(value string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(value); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(value)
	if err != nil {
		return p, fault.New(fault.Invalid, "%q is no IP address, and no network such as 10.1.0.0/16.", shown(value))
	}
	return p.Masked(), nil
}

func without(all []*tracer, t *tracer) (rest []*tracer) {
	for _, have := range all {
		if have != t {
			rest = append(rest, have)
		}
	}
	return rest
}

// tracing changes who follows on every loop and waits until it is so.
func (b *Broker) tracing(change func([]*tracer) []*tracer) error {
	return b.ask(context.Background(), b.workers, func(int) func(*worker) bool {
		return func(w *worker) bool { w.tracers = change(w.tracers); return false }
	})
}

// traceIn shows a packet of the client that has just been understood.
func (w *worker) traceIn(c *client, frame []byte, ev *session.Event) {
	name := c.id
	if name == "" && packet.TypeOf(frame[0]) == packet.TypeConnect {
		name, c.name = string(ev.Connect.ClientID), shown(ev.Connect.ClientID)
		if ev.Do == session.Connect && name != "" && w.broker.homeOf(name) != w {
			return // it moves to another loop, and is taken there
		}
	}
	var on []byte
	if packet.TypeOf(frame[0]) == packet.TypePublish {
		on = ev.Message.Topic
	}
	w.trace(c, name, true, on, frame)
}

// traceOut shows what goes to the client: whole packets.
func (w *worker) traceOut(c *client, b []byte) {
	for len(b) > 0 {
		size, err := packet.Frame(b, 0)
		if err != nil || size <= 0 || size > len(b) {
			return
		}
		var on []byte
		if packet.TypeOf(b[0]) == packet.TypePublish {
			on = w.topicOf(c, b[:size])
		}
		w.trace(c, c.id, false, on, b[:size])
		b = b[size:]
	}
}

// topicOf is the topic of a PUBLISH to the client, also when an alias stands for it.
func (w *worker) topicOf(c *client, frame []byte) []byte {
	var p packet.Publish
	if p.Decode(frame, c.session.Version()) != nil {
		return nil
	}
	if len(p.Topic) == 0 {
		return c.session.Aliased(p.Alias)
	}
	return p.Topic
}

func (w *worker) trace(c *client, name string, in bool, on, frame []byte) {
	remote := c.conn.RemoteAddrPort()
	for _, t := range w.tracers {
		if !t.follows(c, name, remote.Addr(), on) {
			continue
		}
		local, _ := c.door.listener.Addr().(*net.TCPAddr)
		t.sink(TracedPacket{At: w.loop.Now(), In: in, Conn: c.conn.ID, Client: name, Remote: remote, Local: local.AddrPort(),
			Version: c.session.Version(), Bytes: bytes.Clone(frame)})
	}
}

func (t *tracer) follows(c *client, name string, from netip.Addr, on []byte) bool {
	switch {
	case t.filter != "":
		return on != nil && topic.Match(topic.Matching(t.filter), string(on))
	case t.network.IsValid():
		return t.network.Contains(from.Unmap())
	}
	return name == t.client || name == "" && c.name != "" && c.name == shown(t.client)
}
