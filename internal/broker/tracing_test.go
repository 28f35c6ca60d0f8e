package broker

import (
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// follower keeps what a trace shows: > PUBLISH topic …
type follower struct {
	mu   sync.Mutex
	seen []string
}

func (f *follower) sink(p TracedPacket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	arrow := "<"
	if p.In {
		arrow = ">"
	}
	text := p.Client + " " + arrow + " " + packet.TypeOf(p.Bytes[0]).String()
	if d, err := packet.Decode(p.Bytes, p.Version); err != nil {
		text += " malformed"
	} else if publish, ok := d.(*packet.Publish); ok {
		text += " " + string(publish.Topic)
	}
	f.seen = append(f.seen, text)
}

func (f *follower) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.seen, "\n")
}

func traceOf(t *testing.T, b *Broker, kind, value string) (*follower, func()) {
	t.Helper()
	f := &follower{}
	stop, err := b.Trace(kind, value, f.sink)
	if err != nil {
		t.Fatal(err)
	}
	return f, stop
}

func TestPacketsAreFollowed(t *testing.T) {
	b := start(t, Options{Zone: Zone{TopicAliases: 5}})
	client, _ := traceOf(t, b, "client", "press")
	name, stopName := traceOf(t, b, "topic", "plant/+")
	address, _ := traceOf(t, b, "address", "127.0.0.0/8")
	other, _ := traceOf(t, b, "address", "192.0.2.1")

	sub := dial(t, b, packet.V5)
	sub.write(connectBytes(packet.V5, "sub", func(p *packet.Connect) { p.TopicAliasMaximum = 10 }))
	expect[*packet.Connack](sub)
	sub.subscribe("plant/#", 1)
	pub := enter(t, b, packet.V5, "press")
	for i := range 2 {
		pub.send(publish("plant/a", "x", 1, uint16(i+1)))
		expect[*packet.Ack](pub)
		m := expect[*packet.Publish](sub)
		sub.send(&packet.Ack{Kind: packet.TypePuback, ID: m.ID})
	}
	pub.send(publish("other/a", "x", 0, 0), &packet.Disconnect{})
	pub.closed()
	sub.send(packet.Pingreq{})
	expect[packet.Pingresp](sub)

	want := strings.Join([]string{"press > CONNECT", "press < CONNACK", "press > PUBLISH plant/a", "press < PUBACK", "press > PUBLISH plant/a",
		"press < PUBACK", "press > PUBLISH other/a", "press > DISCONNECT"}, "\n")
	if got := client.text(); got != want {
		t.Errorf("the client:\n%s", got)
	}
	got := name.text()
	if strings.Count(got, "press > PUBLISH plant/a") != 2 || strings.Count(got, "sub < PUBLISH plant/a") != 1 ||
		strings.Count(got, "sub < PUBLISH") != 2 || strings.Count(got, "\n") != 3 { // the second comes by its alias
		t.Errorf("the topic:\n%s", got)
	}
	if got := address.text(); strings.Count(got, "\n") < 15 {
		t.Errorf("the address:\n%s", got)
	}
	if other.text() != "" {
		t.Error(other.text())
	}
	stopName()
	again := enter(t, b, packet.V5, "press")
	again.send(publish("plant/a", "x", 1, 1))
	expect[*packet.Ack](again)
	if name.text() != got {
		t.Error("followed after its end")
	}
}

func TestARefusedClientIsFollowed(t *testing.T) {
	b := start(t, Options{Zone: Zone{MaxClientID: 10}})
	long := strings.Repeat("x", 100)
	f, stop := traceOf(t, b, "client", long)
	defer stop()
	c := dial(t, b, packet.V5)
	c.write(connectBytes(packet.V5, long, nil))
	expect[*packet.Connack](c)
	c.closed()
	eventually(t, "both packets", func() bool { return f.text() == long+" > CONNECT\n < CONNACK" })
}

func TestWhatCannotBeFollowed(t *testing.T) {
	b := start(t, Options{})
	for _, c := range []struct {
		kind, value string
		code        fault.Code
	}{{"topic", "a/#/b", fault.BadTopicFilter}, {"address", "plant", fault.Invalid}, {"colour", "red", fault.Invalid}} {
		if _, err := b.Trace(c.kind, c.value, nil); fault.CodeOf(err) != c.code {
			t.Errorf("%s %s: %v", c.kind, c.value, err)
		}
	}
}
