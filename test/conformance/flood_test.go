package conformance

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/testkit"
)

// flood is a player with a broker, for tests that no story can tell.
func flood(t *testing.T, o broker.Options) *player {
	t.Helper()
	p := &player{
		t: t, story: &story{file: "flood"}, line: &line{}, version: packet.V5, clock: newClock(),
		clients: map[string]*client{}, values: map[string]string{},
	}
	p.broker = startBroker(t, p.lookUp(o), p.clock, 2, "")
	t.Cleanup(func() { stop(t, p.broker) })
	t.Cleanup(p.close)
	return p
}

func (p *player) eventually(what string, ok func() bool) {
	p.t.Helper()
	testkit.Within(p.t, 4*patience, ok, what)
}

// heap is what is in use after a collection.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// holdsLess fails when the broker holds more than so many bytes beyond before.
func (p *player) holdsLess(before, most int) {
	p.t.Helper()
	if now := heap(); now-before > most {
		p.t.Errorf("the heap grew by %d KiB, %d are allowed", (now-before)>>10, most>>10)
	}
}

// A CONNECT that trickles in is cut off in time: its bytes win no time.
func TestATricklingConnectIsCutOff(t *testing.T) {
	o := broker.Options{}
	o.ConnectTimeout = 10 * time.Second
	p := flood(t, o)
	c := p.dial("slow")
	connect := (&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("slow")}).Append(nil, packet.V5)
	for _, b := range connect[:len(connect)-1] {
		if _, err := c.nc.Write([]byte{b}); err != nil {
			break // it is closed
		}
		p.clock.ns.Add(int64(time.Second))
	}
	p.forward("20s")
	c.closed()
	p.counted(fault.ConnectTimeout.String())
}

// A peer that closes its half is a peer that has gone.
func TestAHalfClosedConnectionEnds(t *testing.T) {
	p := flood(t, broker.Options{})
	w := p.connect("watcher", words{})
	p.subscribe(w, words{plain: []string{"will"}})
	c := p.connect("half", words{named: map[string][]string{"will": {"will"}, "will-payload": {"gone"}}})
	_ = c.nc.(*net.TCPConn).CloseWrite()
	c.closed()
	p.next(w, "PUBLISH")
}

// What one client subscribes to is bounded, each refusal said and counted, and
// gone when the client is.
func TestAHundredThousandSubscriptionsOfOneClient(t *testing.T) {
	p := flood(t, broker.Options{})
	before := heap()
	c := p.connect("greedy", words{})
	const asked, each, most = 100_000, 2500, 10_000
	granted := 0
	for at := 0; at < asked; at += each {
		s := &packet.Subscribe{ID: 1}
		for i := range each {
			s.Filters = append(s.Filters, packet.Subscription{Filter: fmt.Appendf(nil, "plant/%d/+/#", at+i)})
		}
		c.write(s.Append(nil, c.version))
		p.next(c, "SUBACK")
		granted += bytes.Count(c.last.(*packet.Suback).Reasons, []byte{0})
	}
	if granted != most {
		t.Errorf("%d granted", granted)
	}
	p.publish(p.connect("other", words{}), words{named: map[string][]string{}, plain: []string{"plant/9999/a/b", "x"}})
	p.next(c, "PUBLISH")
	p.eventually("all refusals are counted", func() bool { return p.broker.Stats().SubscriptionsRefused[fault.TooMany] == asked-most })
	c.send(words{plain: []string{"DISCONNECT"}})
	c.closed()
	p.eventually("its subscriptions are gone", func() bool { return p.broker.Stats().Subscriptions == 0 })
	p.holdsLess(before, 8<<20)
}

// Filters of wildcards alone meet topics of as many levels: each subscription gets
// its message once, and nobody else waits for ever.
func TestAStormOfWildcards(t *testing.T) {
	p := flood(t, broker.Options{})
	c := p.connect("storm", words{})
	for levels := 1; levels <= 128; levels++ {
		p.subscribe(c, words{plain: []string{strings.Repeat("+/", levels-1) + "+", strings.Repeat("+/", levels-1) + "#"}})
	}
	pub := p.connect("publisher", words{})
	for levels := 1; levels <= 128; levels += 3 {
		topic := strings.Repeat("a/", levels-1) + "a"
		p.publish(pub, words{named: map[string][]string{}, plain: []string{topic, "x"}})
		if got := p.next(c, "PUBLISH")["topic"]; got != topic {
			t.Fatalf("got %q", got)
		}
	}
	c.ping()
}

// The deepest topics and filters there can be.
func TestTopicsOfThirtyThousandLevels(t *testing.T) {
	p := flood(t, broker.Options{})
	c := p.connect("deep", words{})
	filters := []string{strings.Repeat("/", 65535), strings.Repeat("+/", 32767) + "+", "#", strings.Repeat("+/", 32767) + "#", strings.Repeat("a/", 32767) + "a"}
	for _, f := range filters {
		c.write((&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte(f)}}}).Append(nil, c.version))
		p.next(c, "SUBACK")
	}
	pub := p.connect("publisher", words{})
	for _, topic := range []string{strings.Repeat("/", 65535), strings.Repeat("a/", 32767) + "a", strings.Repeat("/", 65534) + "a"} {
		pub.write((&packet.Publish{Topic: []byte(topic), Payload: []byte("x"), Retain: true}).Append(nil, c.version))
	}
	p.connect("still-served", words{}).ping()
}

// Retained messages are bounded, and what is not kept is counted.
func TestAFloodOfRetainedMessages(t *testing.T) {
	p := flood(t, broker.Options{RetainedMessages: 1000, RetainedBytes: 1 << 20})
	before := heap()
	c := p.connect("flooder", words{})
	for i := range 5000 {
		m := packet.Publish{Topic: fmt.Appendf(nil, "flood/%d", i), Payload: make([]byte, 2000), Retain: true}
		c.write(m.Append(nil, c.version))
	}
	c.sync()
	s := p.broker.Stats()
	if s.Retained > 1000 || s.Retained < 300 {
		t.Errorf("%d are kept", s.Retained)
	}
	var dropped uint64
	for code, n := range s.Dropped {
		if code == fault.NoSubscriber {
			continue
		}
		if dropped += n; !p.told(code.String()) {
			t.Errorf("%d were dropped for %s, which cannot be looked up", n, code)
		}
	}
	if dropped < uint64(5000-s.Retained) {
		t.Errorf("dropped: %v", s.Dropped)
	}
	p.holdsLess(before, 8<<20)
}

// User properties as many as a packet holds travel; more than that ends the
// connection.
func TestHugeUserProperties(t *testing.T) {
	p := flood(t, broker.Options{})
	s := p.connect("sub", words{})
	p.subscribe(s, words{plain: []string{"a"}})
	var many []byte
	for i := range 30_000 {
		many = packet.AppendProperty(many, packet.Property{ID: packet.UserProperty, Key: fmt.Appendf(nil, "key %d", i), Value: []byte("value")})
	}
	huge := packet.Property{ID: packet.UserProperty, Key: bytes.Repeat([]byte{'k'}, 65535), Value: bytes.Repeat([]byte{'v'}, 65535)}
	many = packet.AppendProperty(many, huge)
	c := p.connect("pub", words{})
	c.write((&packet.Publish{Topic: []byte("a"), Properties: many}).Append(nil, c.version))
	p.next(s, "PUBLISH")
	if got := s.last.(*packet.Publish).Properties; !bytes.Equal(got, many) {
		t.Errorf("%d bytes of properties arrive as %d others", len(many), len(got))
	}
	for range 8 {
		many = packet.AppendProperty(many, huge)
	}
	_, _ = c.nc.Write((&packet.Publish{Topic: []byte("a"), Properties: many}).Append(nil, c.version))
	p.next(c, "DISCONNECT")
	c.closed()
	p.counted(fault.PacketTooLarge.String())
}

// A CONNECT with very many user properties is taken, or refused for its size: it
// holds nobody up.
func TestAConnectOfManyUserProperties(t *testing.T) {
	p := flood(t, broker.Options{})
	for _, n := range []int{5_000, 50_000} {
		c := p.dial(fmt.Sprint("many ", n))
		many := &packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("many")}
		for range n {
			many.User = append(many.User, packet.Pair{Key: []byte("key"), Value: []byte("value")})
		}
		c.write(many.Append(nil, packet.V5))
		p.next(c, "CONNACK")
		if r := c.last.(*packet.Connack).Reason; r != packet.Success && r != packet.PacketTooLarge {
			t.Errorf("%d user properties: %s", n, packet.ReasonName(r))
		}
	}
}

// A client that reads nothing costs bounded memory and nobody else anything: what
// it misses is counted.
func TestAClientThatNeverReads(t *testing.T) {
	o := broker.Options{}
	o.OutputBuffer, o.Queue, o.QueueBytes = 256<<10, 1000, 1<<20
	p := flood(t, o)
	before := heap()
	deaf := p.connect("deaf", words{})
	p.subscribe(deaf, words{plain: []string{"flood"}, named: map[string][]string{"qos": {"1"}}})
	reader := p.connect("reader", words{})
	p.subscribe(reader, words{plain: []string{"flood"}, named: map[string][]string{"qos": {"1"}}})
	c := p.connect("flooder", words{})
	for i := range 600 {
		c.write((&packet.Publish{Topic: []byte("flood"), Payload: make([]byte, 60_000), QoS: byte(i % 2), ID: 1}).Append(nil, c.version))
		m := p.next(reader, "PUBLISH")
		if m["qos"] == "1" {
			reader.write(packet.AppendAck(nil, packet.TypePuback, reader.last.(*packet.Publish).ID, 0, reader.version))
			p.next(c, "PUBACK")
		}
	}
	s := p.broker.Stats()
	if s.Dropped[fault.SlowReader] == 0 || s.Dropped[fault.QueueFull] == 0 {
		t.Errorf("dropped: %v", s.Dropped)
	}
	p.holdsLess(before, 16<<20)
}

// Nor do answers that a client does not read pile up: it is read no further.
func TestAClientThatNeverReadsItsAnswers(t *testing.T) {
	o := broker.Options{}
	o.OutputBuffer = 128 << 10
	p := flood(t, o)
	before := heap()
	c := p.connect("deaf", words{})
	pings := bytes.Repeat([]byte{0xC0, 0}, 64<<10)
	p.eventually("it is read no further", func() bool {
		_ = c.nc.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		_, _ = c.nc.Write(pings)
		return p.broker.Stats().CloggedTotal > 0
	})
	p.connect("other", words{}).ping()
	p.holdsLess(before, 8<<20)
}
