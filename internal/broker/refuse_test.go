package broker

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/listener"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// connectBytes is a CONNECT that may be spoilt.
func connectBytes(v packet.Version, id string, change func(*packet.Connect)) []byte {
	p := &packet.Connect{Version: v, CleanStart: true, ClientID: []byte(id)}
	if change != nil {
		change(p)
	}
	return p.Append(nil, v)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func will(topic string, qos byte, retain bool) func(*packet.Connect) {
	return func(p *packet.Connect) {
		p.HasWill, p.Will = true, packet.Will{Topic: []byte(topic), QoS: qos, Retain: retain}
	}
}

func TestBadInputClosesThatConnectionWithItsReason(t *testing.T) {
	five, three := connectBytes(packet.V5, "c", nil), connectBytes(packet.V311, "c", nil)
	pub := func(v packet.Version, p packet.Publish) []byte { return p.Append(nil, v) }
	const none = -1
	for _, c := range []struct {
		name    string
		version packet.Version
		send    []byte
		connack int // reason, none when no CONNACK comes
		bye     int // DISCONNECT's reason, none when none comes
		code    fault.Code
	}{
		{"a packet before CONNECT", 5, []byte{0xC0, 0}, none, none, fault.Protocol},
		{"nonsense", 5, []byte("GET / HTTP/1.1\r\n\r\n"), none, none, fault.Protocol},
		{"a reserved type", 5, []byte{0x00, 0}, none, none, fault.Malformed},
		{"a length of five bytes", 5, []byte{0x10, 0xFF, 0xFF, 0xFF, 0xFF, 1}, none, none, fault.Malformed},
		{"a CONNECT too large", 5, []byte{0x10, 0xFF, 0xFF, 0x7F}, none, none, fault.PacketTooLarge},
		{"an unknown version", 5, []byte{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 9, 2, 0, 0, 0, 1, 'c'}, 0x84, none, fault.UnsupportedVersion},
		{"an unknown protocol", 4, []byte{0x10, 13, 0, 4, 'M', 'Q', 'X', 'X', 4, 2, 0, 0, 0, 1, 'c'}, 0x84, none, fault.UnsupportedVersion},
		{"CONNECT cut short inside", 5, []byte{0x10, 5, 0, 4, 'M', 'Q', 'T'}, none, none, fault.Malformed},
		{"reserved CONNECT flag, 5.0", 5, []byte{0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 5, 3, 0, 0, 0, 0, 1, 'c'}, 0x81, none, fault.Malformed},
		{"reserved CONNECT flag, 3.1.1", 4, []byte{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 3, 0, 0, 0, 1, 'c'}, none, none, fault.Malformed},
		{"no client id, session kept", 4, connectBytes(4, "", func(p *packet.Connect) { p.CleanStart = false }), 0x85, none, fault.BadClientID},
		{"an authentication method", 5, connectBytes(5, "c", func(p *packet.Connect) { p.AuthMethod = []byte("X") }), 0x8C, none, fault.BadAuthMethod},
		{"a will of QoS 3", 5, connectBytes(5, "c", will("a", 3, false)), 0x81, none, fault.Malformed},
		{"a will on $SYS", 5, connectBytes(5, "c", will("$SYS/a", 0, false)), 0x87, none, fault.Forbidden},
		{"a second CONNECT", 5, join(five, five), 0, 0x82, fault.Protocol},
		{"a second CONNECT, 3.1.1", 4, join(three, three), 0, none, fault.Protocol},
		{"a packet of the server's", 5, join(five, []byte{0xD0, 0}), 0, 0x82, fault.Protocol},
		{"AUTH without method", 5, join(five, []byte{0xF0, 0}), 0, 0x82, fault.Protocol},
		{"PINGREQ with flags", 5, join(five, []byte{0xC1, 0}), 0, 0x81, fault.Malformed},
		{"a packet too large", 5, join(five, []byte{0x30, 0xFF, 0xFF, 0x7F}), 0, 0x95, fault.PacketTooLarge},
		{"QoS 2 without identifier", 5, join(five, []byte{0x34, 6, 0, 1, 'a', 0, 0, 0}), 0, 0x82, fault.Protocol},
		{"PUBREL without its flag", 5, join(five, []byte{0x60, 2, 0, 1}), 0, 0x81, fault.Malformed},
		{"PUBREC with PUBREL's flag, 3.1.1", 4, join(three, []byte{0x52, 2, 0, 1}), 0, none, fault.Malformed},
		{"QoS 3", 5, join(five, []byte{0x36, 6, 0, 1, 'a', 0, 1, 0}), 0, 0x81, fault.Malformed},
		{"packet identifier 0", 5, join(five, []byte{0x32, 6, 0, 1, 'a', 0, 0, 0}), 0, 0x82, fault.Protocol},
		{"NUL in a topic", 5, join(five, pub(5, packet.Publish{Topic: []byte("a\x00b")})), 0, 0x81, fault.Malformed},
		{"a topic that is no UTF-8", 5, join(five, pub(5, packet.Publish{Topic: []byte("a\xff")})), 0, 0x81, fault.Malformed},
		{"a surrogate in a topic", 5, join(five, pub(5, packet.Publish{Topic: []byte("a\xed\xa0\x80")})), 0, 0x81, fault.Malformed},
		{"a wildcard in a topic name", 5, join(five, pub(5, packet.Publish{Topic: []byte("a/+")})), 0, 0x90, fault.BadTopicName},
		{"a topic alias above the maximum", 5, join(five, pub(5, packet.Publish{Topic: []byte("a"), Alias: 33})), 0, 0x94, fault.TopicAlias},
		{"a topic alias that was not set", 5, join(five, pub(5, packet.Publish{Alias: 1})), 0, 0x82, fault.Protocol},
		{"topic alias 0", 5, join(five, []byte{0x30, 7, 0, 1, 'a', 3, 0x23, 0, 0}), 0, 0x94, fault.TopicAlias},
		{"a client's subscription id", 5, join(five, pub(5, packet.Publish{Topic: []byte("a"), SubscriptionIDs: []uint32{1}})), 0, 0x82, fault.Protocol},
		{"a remaining length that lies", 5, join(five, []byte{0x30, 4, 0, 9, 'a', 0}), 0, 0x81, fault.Malformed},
		{"SUBSCRIBE without filters", 5, join(five, []byte{0x82, 3, 0, 1, 0}), 0, 0x82, fault.Protocol},
		{"SUBSCRIBE without options", 5, join(five, []byte{0x82, 6, 0, 1, 0, 0, 1, 'a'}), 0, 0x81, fault.Malformed},
		{"no local with a shared subscription", 5, join(five, (&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("$share/g/a"), NoLocal: true}}}).Append(nil, 5)), 0, 0x82, fault.Protocol},
		{"session expiry at the end", 5, join(five, (&packet.Disconnect{HasSessionExpiry: true, SessionExpiry: 9}).Append(nil, 5)), 0, 0x82, fault.Protocol},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, Options{Zone: Zone{MaxPacketSize: 10_000}})
			witness := enter(t, b, packet.V5, "witness")
			r := dial(t, b, c.version)
			r.write(c.send)
			if c.connack != none {
				if a := expect[*packet.Connack](r); int(a.Reason) != c.connack {
					t.Errorf("CONNACK %#x, want %#x", a.Reason, c.connack)
				}
			}
			if c.bye != none {
				if d := expect[*packet.Disconnect](r); int(d.Reason) != c.bye {
					t.Errorf("DISCONNECT %#x, want %#x", d.Reason, c.bye)
				}
			}
			r.closed()
			eventually(t, "counted as "+c.code.String(), func() bool {
				s, at := b.Stats(), b.Listeners()[0].Refused[c.code]
				if c.connack == 0 { // it was in
					return s.Closed[c.code] == 1 && s.Refused[c.code] == 0 && at == 0
				}
				return s.Refused[c.code] == 1 && s.Closed[c.code] == 0 && at == 1
			})
			witness.send(packet.Pingreq{})
			expect[packet.Pingresp](witness)
		})
	}
}

func TestOddInputThatIsServed(t *testing.T) {
	b := start(t, Options{Zone: Zone{Topics: topic.Limits{Levels: topic.MaxLength}}})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("#", 0)

	slow := dial(t, b, packet.V5)
	for _, c := range join(connectBytes(packet.V5, "slow", nil), publish("a", "byte by byte", 0, 0).Append(nil, 5)) {
		slow.write([]byte{c})
	}
	if got := text(expect[*packet.Publish](sub)); got != "a=byte by byte" {
		t.Error(got)
	}
	expect[*packet.Connack](slow)

	slow.send(publish("empty", "", 0, 0))
	if got := expect[*packet.Publish](sub); len(got.Payload) != 0 {
		t.Errorf("%+v", got)
	}
	most := bytes.Repeat([]byte{0xA5}, 1<<20-100)
	slow.send(&packet.Publish{Topic: []byte("most"), Payload: most})
	if got := expect[*packet.Publish](sub); !bytes.Equal(got.Payload, most) {
		t.Error("the largest payload came out changed")
	}
	long := bytes.Repeat([]byte("x/"), 30_000)
	slow.send(&packet.Publish{Topic: long})
	if got := expect[*packet.Publish](sub); !bytes.Equal(got.Topic, long) {
		t.Error("the longest topic came out changed")
	}
	slow.send(&packet.Ack{Kind: packet.TypePuback, ID: 99}, packet.Pingreq{}) // never asked for
	expect[packet.Pingresp](slow)
}

func TestTopicsOfTheServerAreRefused(t *testing.T) {
	log := &fakeLog{}
	b := start(t, Options{Keeper: log})
	five, three := enter(t, b, packet.V5, "five"), enter(t, b, packet.V311, "three")
	five.send(publish("$SYS/a", "", 0, 0), publish("$SYS/a", "", 1, 1))
	if a := expect[*packet.Ack](five); a.Reason != packet.NotAuthorized {
		t.Errorf("%+v", a)
	}
	three.send(publish("$SYS/a", "", 1, 1))
	expect[*packet.Ack](three)
	eventually(t, "three drops", func() bool { return b.Stats().Dropped[fault.Forbidden] == 3 })
	if n := len(log.messages()); n != 0 {
		t.Errorf("kept %d", n)
	}
}

func TestWhatIsNotServedIsSaid(t *testing.T) {
	b := start(t, Options{Zone: Zone{KeepAlive: 60, ReceiveMaximum: 20, MaxPacketSize: 5000, SessionExpiry: time.Minute}})
	c := dial(t, b, packet.V5)
	c.send(&packet.Connect{Version: 5, CleanStart: true, SessionExpiry: 100})
	a := expect[*packet.Connack](c)
	if a.HasMaximumQoS || a.NoShared || a.ReceiveMaximum != 20 || a.MaximumPacketSize != 5000 ||
		a.TopicAliasMaximum != 32 || !a.HasSessionExpiry || a.SessionExpiry != 60 || a.ServerKeepAlive != 60 || len(a.AssignedClientID) < 10 {
		t.Errorf("%+v", a)
	}
	c.send(&packet.Subscribe{ID: 3, Filters: []packet.Subscription{
		{Filter: []byte("$share/g+/a")}, {Filter: []byte("a/#/b")}, {Filter: []byte("a"), QoS: 2}, {Filter: []byte("")}, {Filter: []byte("$share/a")},
		{Filter: []byte("$share/g/")}, {Filter: []byte("$share//a")}, {Filter: []byte("$share/g/a/#"), QoS: 2}, {Filter: []byte("$share/g/a/#/b")},
	}})
	bad := packet.TopicFilterInvalid
	want := []byte{bad, bad, packet.GrantedQoS2, bad, bad, bad, bad, packet.GrantedQoS2, bad}
	if s := expect[*packet.Suback](c); !bytes.Equal(s.Reasons, want) {
		t.Errorf("% x, want % x", s.Reasons, want)
	}
}

func TestFiltersOfOnePacketAreBounded(t *testing.T) {
	b := start(t, Options{Zone: Zone{Filters: 2}})
	for _, p := range []packet.Packet{
		&packet.Subscribe{ID: 1, Filters: make([]packet.Subscription, 3)}, &packet.Unsubscribe{ID: 1, Filters: make([][]byte, 3)},
	} {
		c := enter(t, b, packet.V5, "c")
		c.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("a")}, {Filter: []byte("b")}}})
		expect[*packet.Suback](c)
		c.send(p)
		if d := expect[*packet.Disconnect](c); d.Reason != packet.QuotaExceeded {
			t.Error(packet.ReasonName(d.Reason))
		}
		c.closed()
	}
	settle(b)
	if n := b.Stats().Closed[fault.TooMany]; n != 2 {
		t.Errorf("%d counted", n)
	}
}

func TestSubscriptionsOfOneClientAreBounded(t *testing.T) {
	b := start(t, Options{Zone: Zone{Subscriptions: 3}})
	c := enter(t, b, packet.V5, "c")
	var filters []packet.Subscription
	for i := range 5 {
		filters = append(filters, packet.Subscription{Filter: fmt.Append(nil, "a", i)})
	}
	c.send(&packet.Subscribe{ID: 1, Filters: filters})
	q := packet.QuotaExceeded
	if s := expect[*packet.Suback](c); !bytes.Equal(s.Reasons, []byte{0, 0, 0, q, q}) {
		t.Errorf("% x", s.Reasons)
	}
	c.send(&packet.Subscribe{ID: 2, Filters: filters[:1]}) // replaced, not added
	if s := expect[*packet.Suback](c); s.Reasons[0] != 0 {
		t.Errorf("% x", s.Reasons)
	}
	c.send(&packet.Unsubscribe{ID: 3, Filters: [][]byte{[]byte("a0"), []byte("never")}})
	if s := expect[*packet.Unsuback](c); !bytes.Equal(s.Reasons, []byte{0, packet.NoSubscriptionExisted}) {
		t.Errorf("% x", s.Reasons)
	}
	if n := b.Stats().Subscriptions; n != 2 { // not counted by turns
		t.Error(n)
	}
}

func FuzzConnection(f *testing.F) {
	five := connectBytes(packet.V5, "c", nil)
	f.Add(five, publish("a", "1", 1, 1).Append(nil, 5))
	f.Add(connectBytes(packet.V311, "c", nil), []byte{0x82, 6, 0, 1, 0, 1, '#', 1, 0x30, 3, 0, 1, 'a'})
	f.Add(five, []byte{0xE0, 0})
	b := start(f, Options{Loops: 1, Keeper: sinkLog{}, Zone: Zone{MaxPacketSize: 5000}})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		r := pipe(t, b)
		read := make(chan bool)
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, r.nc)
		}()
		_, _ = r.nc.Write(first) // fails where the broker has closed
		_, _ = r.nc.Write(second)
		_ = r.nc.Close()
		<-read
		witness := pipe(t, b)
		witness.write(connectBytes(packet.V311, "witness", nil))
		expect[*packet.Connack](witness)
		witness.send(packet.Pingreq{})
		expect[packet.Pingresp](witness)
	})
}

// pipe connects in memory.
func pipe(t *testing.T, b *Broker) *raw {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = ours.Close() })
	b.doors[0].adopt(listener.Arrival{Conn: theirs})
	return &raw{t: t, nc: ours, version: packet.V311}
}
