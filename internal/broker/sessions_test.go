package broker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// come connects with a session that may have waited; change may alter the CONNECT.
func come(t testing.TB, b *Broker, id string, expiry uint32, change func(*packet.Connect)) (*raw, *packet.Connack) {
	t.Helper()
	p := &packet.Connect{Version: packet.V5, ClientID: []byte(id), SessionExpiry: expiry}
	if change != nil {
		change(p)
	}
	c := dial(t, b, p.Version)
	c.send(p)
	a := expect[*packet.Connack](c)
	if a.Reason != packet.Success {
		t.Fatalf("%s: CONNACK %s", id, packet.ReasonName(a.Reason))
	}
	return c, a
}

// drop ends the connection without a word, and waits until the broker knows.
func (c *raw) drop(b *Broker) {
	c.t.Helper()
	before := b.connections.Load()
	_ = c.nc.Close()
	eventually(c.t, "connection gone", func() bool { return b.connections.Load() < before })
}

func TestASessionOutlivesItsConnection(t *testing.T) {
	for _, v := range []packet.Version{packet.V31, packet.V311, packet.V5} {
		t.Run(v.String(), func(t *testing.T) {
			b := start(t, Options{})
			as := func(p *packet.Connect) { p.Version = v }
			sub, a := come(t, b, "sub", 100, as)
			if a.SessionPresent || a.HasSessionExpiry {
				t.Errorf("%+v", a)
			}
			sub.subscribe("a/#", 2)
			pub := enter(t, b, packet.V5, "pub")
			pub.send(publish("a/1", "1", 1, 1), publish("a/1", "2", 2, 2), publish("a/1", "3", 2, 3))
			for range 3 {
				expect[*packet.Publish](sub)
			}
			sub.send(&packet.Ack{Kind: packet.TypePubrec, ID: 3})
			expect[*packet.Ack](sub)
			sub.drop(b)
			pub.send(publish("a/1", "4", 1, 4), publish("a/1", "5", 0, 0), publish("a/1", "6", 1, 6))
			eventually(t, "QoS 0 is dropped", func() bool { return b.Stats().Dropped[fault.Away] == 1 })
			settle(b)

			sub, a = come(t, b, "sub", 100, as)
			if a.SessionPresent != (v != packet.V31) {
				t.Errorf("%+v", a)
			}
			if r := expect[*packet.Ack](sub); r.Kind != packet.TypePubrel || r.ID != 3 {
				t.Errorf("%+v", r)
			}
			for _, want := range []string{"1 qos 1 id 1 dup true", "2 qos 2 id 2 dup true", "4 qos 1 id 4 dup false", "6 qos 1 id 5 dup false"} {
				p := expect[*packet.Publish](sub)
				if got := fmt.Sprintf("%s qos %d id %d dup %v", p.Payload, p.QoS, p.ID, p.Dup); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
			sub.send(&packet.Disconnect{})
			sub.closed()
			if _, a = come(t, b, "sub", 0, func(p *packet.Connect) { p.Version, p.CleanStart = v, true }); a.SessionPresent {
				t.Error("a clean start finds a session")
			}
			settle(b)
			if s := b.Stats(); s.Dropped[fault.SessionEnded] != 4 || s.Subscriptions != 0 || s.SessionsLasting != 0 || s.Sessions != 2 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// What a session missed while its client was away, or on an earlier connection, is shown
// when the client is there again: nobody looked before.
func TestWhatASessionMissedIsShownWhenItsClientIsBack(t *testing.T) {
	b := start(t, Options{Zone: Zone{Queue: 1}})
	c, _ := come(t, b, "c", 100, nil)
	c.subscribe("a", 1)
	c.drop(b)
	pub := enter(t, b, packet.V5, "pub")
	pub.publishAll("a", series("m", 1, 4))
	pub.send(publish("a", "x", 0, 0), packet.Pingreq{})
	expect[packet.Pingresp](pub)
	settle(b)
	for range 2 { // the second takes over
		c, _ = come(t, b, "c", 100, nil)
		expect[*packet.Publish](c)
		d, err := b.Client(t.Context(), "c")
		want := []view.Drop{{Code: fault.QueueFull, Count: 3}, {Code: fault.Away, Count: 1}}
		if err != nil || d.Dropped != 4 || !slices.Equal(d.DroppedBy, want) || d.Error != fault.Away {
			t.Errorf("%d were dropped, %v, the last as %v: %v", d.Dropped, d.DroppedBy, d.Error, err)
		}
	}
}

func TestATakeoverTakesTheSession(t *testing.T) {
	b := start(t, Options{})
	one, _ := come(t, b, "c", 100, nil)
	one.subscribe("a", 1)
	pub := enter(t, b, packet.V5, "pub")
	pub.send(publish("a", "1", 1, 1))
	expect[*packet.Publish](one)
	two, a := come(t, b, "c", 100, nil)
	if !a.SessionPresent {
		t.Error("no session")
	}
	if d := expect[*packet.Disconnect](one); d.Reason != packet.SessionTakenOver {
		t.Errorf("%+v", d)
	}
	if p := expect[*packet.Publish](two); !p.Dup || p.ID != 1 {
		t.Errorf("%+v", p)
	}
	pub.send(publish("a", "2", 1, 2))
	if p := expect[*packet.Publish](two); p.ID != 2 {
		t.Errorf("%+v", p)
	}
	if s := b.Stats(); s.Connections != 2 || s.SessionsLasting != 1 {
		t.Errorf("%+v", s)
	}
}

func TestASessionExpires(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	c, _ := come(t, b, "c", 10, nil)
	c.subscribe("a", 1)
	c.drop(b)
	forever, _ := come(t, b, "forever", 0xFFFFFFFF, nil)
	forever.drop(b)
	clock.forward(9 * time.Second)
	b.tick()
	settle(b)
	if s := b.Stats(); s.SessionsLasting != 2 || s.Subscriptions != 1 {
		t.Errorf("%+v", s)
	}
	c, a := come(t, b, "c", 10, nil)
	if !a.SessionPresent {
		t.Error("it is there after 9 s")
	}
	clock.forward(9 * time.Second)
	c.drop(b)
	clock.forward(11 * time.Second)
	b.tick()
	settle(b)
	if s := b.Stats(); s.SessionsLasting != 1 || s.Subscriptions != 0 {
		t.Errorf("%+v", s)
	}
	clock.forward(100 * 365 * 24 * time.Hour)
	b.tick()
	if _, a := come(t, b, "forever", 0, nil); !a.SessionPresent {
		t.Error("never came")
	}
	if _, a := come(t, b, "c", 10, nil); a.SessionPresent {
		t.Error("it is there after 11 s")
	}
}

func TestAnAssignedIdentifierFindsItsSession(t *testing.T) {
	b := start(t, Options{Loops: 3})
	for range 10 {
		c, a := come(t, b, "", 100, func(p *packet.Connect) { p.CleanStart = true })
		c.drop(b)
		if _, again := come(t, b, string(a.AssignedClientID), 100, nil); !again.SessionPresent {
			t.Errorf("%s has no session", a.AssignedClientID)
		}
	}
}

func TestAWillWaitsForItsClient(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	watch := enter(t, b, packet.V5, "watch")
	watch.subscribe("will/#", 1)
	with := func(delay uint32) func(*packet.Connect) {
		return func(p *packet.Connect) {
			p.HasWill, p.Will = true, packet.Will{Topic: []byte("will/" + string(p.ClientID)), Payload: []byte("gone"), Delay: delay, QoS: 1}
		}
	}
	pass := func(d time.Duration) {
		clock.forward(d)
		b.tick()
		settle(b)
	}
	says := func(topic string) {
		t.Helper()
		p := expect[*packet.Publish](watch)
		if string(p.Topic) != topic {
			t.Errorf("got %s, want %s", p.Topic, topic)
		}
		watch.send(&packet.Ack{Kind: packet.TypePuback, ID: p.ID})
	}
	a, _ := come(t, b, "a", 100, with(10))
	c, _ := come(t, b, "c", 5, with(50))
	d, _ := come(t, b, "d", 100, with(0))
	a.drop(b)
	d.drop(b)
	says("will/d")
	pass(9 * time.Second)
	a, _ = come(t, b, "a", 100, with(10)) // in time
	pass(20 * time.Second)
	c.drop(b)
	pass(6 * time.Second)
	says("will/c") // with its session's end
	a.drop(b)
	pass(11 * time.Second)
	says("will/a")
	come(t, b, "a", 100, with(10))
	two, _ := come(t, b, "a", 100, with(10)) // a takeover goes on with the session
	pass(time.Minute)
	two.drop(b)
	come(t, b, "a", 0, func(p *packet.Connect) { p.CleanStart = true }) // and this ends it
	says("will/a")
	pass(time.Hour)
	watch.send(packet.Pingreq{})
	expect[packet.Pingresp](watch)
}

func TestResponseInformationIsGivenToWhomAsks(t *testing.T) {
	b := start(t, Options{Zone: Zone{ResponsePrefix: "answers/"}})
	_, a := come(t, b, "c", 0, func(p *packet.Connect) { p.RequestResponse = true })
	if string(a.ResponseInformation) != "answers/c" {
		t.Errorf("%+v", a)
	}
	if _, a = come(t, b, "d", 0, nil); a.ResponseInformation != nil {
		t.Errorf("%+v", a)
	}
}

func TestThePayloadFormatIsCheckedWhenAsked(t *testing.T) {
	b := start(t, Options{Zone: Zone{CheckPayload: true}})
	c := enter(t, b, packet.V5, "c")
	c.subscribe("a", 0)
	text := packet.AppendProperty(nil, packet.Property{ID: packet.PayloadFormat, Num: 1})
	for qos := byte(0); qos < 3; qos++ {
		bad := publish("a", "\xff", qos, 7)
		bad.Properties = text
		c.send(bad)
		if qos > 0 {
			if k := expect[*packet.Ack](c); k.Reason != packet.PayloadFormatInvalid {
				t.Errorf("%+v", k)
			}
		}
	}
	good, unsaid := publish("a", "ü", 0, 0), publish("a", "\xff", 0, 0)
	good.Properties = text
	c.send(good, unsaid)
	for _, want := range []string{"ü", "\xff"} {
		if p := expect[*packet.Publish](c); string(p.Payload) != want {
			t.Errorf("%q, want %q", p.Payload, want)
		}
	}
	settle(b)
	if n := b.Stats().Dropped[fault.PayloadFormat]; n != 3 {
		t.Errorf("%d dropped", n)
	}
	will := dial(t, b, packet.V5)
	will.send(&packet.Connect{Version: packet.V5, CleanStart: true, HasWill: true, Will: packet.Will{Topic: []byte("w"), Payload: []byte("\xff"), Properties: text}})
	if a := expect[*packet.Connack](will); a.Reason != packet.PayloadFormatInvalid {
		t.Errorf("%+v", a)
	}
}

func TestClientsAreSentToAnotherServer(t *testing.T) {
	b := start(t, Options{})
	five, three := enter(t, b, packet.V5, "five"), enter(t, b, packet.V311, "three")
	b.Refer("other.example:1883", false)
	if d := expect[*packet.Disconnect](five); d.Reason != packet.UseAnotherServer || string(d.ServerReference) != "other.example:1883" {
		t.Errorf("%+v", d)
	}
	five.closed()
	three.closed()
	b.Refer("", true)
	late := dial(t, b, packet.V5)
	late.send(&packet.Connect{Version: packet.V5, CleanStart: true})
	if a := expect[*packet.Connack](late); a.Reason != packet.ServerMoved || a.ServerReference != nil {
		t.Errorf("%+v", a)
	}
	old := dial(t, b, packet.V311)
	old.send(&packet.Connect{Version: packet.V311, CleanStart: true, ClientID: []byte("old")})
	if a := expect[*packet.Connack](old); a.Reason != packet.ServerUnavailable {
		t.Errorf("%+v", a)
	}
	b.Refer("a-name-that-this-client-has-no-room-for", true)
	small := dial(t, b, packet.V5)
	small.send(&packet.Connect{Version: packet.V5, CleanStart: true, MaximumPacketSize: 20})
	if a := expect[*packet.Connack](small); a.Reason != packet.ServerMoved || a.ServerReference != nil {
		t.Errorf("%+v", a)
	}
	b.Welcome()
	enter(t, b, packet.V5, "five")
	settle(b)
	if s := b.Stats(); s.Closed[fault.UseAnotherServer] != 2 || s.Closed[fault.ServerMoved] != 3 || len(s.Refused) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAClientThatTakesNoAnswersIsReadNoFurther(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	b := start(t, Options{Zone: Zone{OutputBuffer: 4 << 10}})
	c := enter(t, b, packet.V5, "c")
	tcp := c.nc.(*net.TCPConn)
	if err := errors.Join(tcp.SetReadBuffer(4<<10), tcp.SetWriteBuffer(4<<10)); err != nil { // so that little fills them
		t.Fatal(err)
	}
	pings := make([]byte, 0, 64<<10)
	for len(pings) < cap(pings) {
		pings = packet.Pingreq{}.Append(pings, packet.V5)
	}
	sent := make(chan int)
	go func() { // until its own socket is full, too
		n := 0
		for b.Stats().CloggedTotal == 0 {
			_ = c.nc.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			k, _ := c.nc.Write(pings[n%2:]) // a write may have ended within a packet
			n += k
		}
		sent <- n
	}()
	eventually(t, "clogged", func() bool { return b.Stats().CloggedTotal > 0 })
	n := <-sent / 2
	_ = c.nc.SetReadDeadline(time.Now().Add(patience))
	answers := make([]byte, 2*n) // it reads after all, and gets all answers
	if _, err := io.ReadFull(c.nc, answers); err != nil || !bytes.Equal(answers, bytes.Repeat(packet.Pingresp{}.Append(nil, packet.V5), n)) {
		t.Fatalf("%d answers: %v", n, err)
	}
	settle(b)
	if s := b.Stats(); s.Clogged != 0 || s.CloggedTotal == 0 || s.Connections != 1 {
		t.Errorf("%+v", s)
	}
}

func TestTheQueuesOfAllAreBounded(t *testing.T) {
	b := start(t, Options{SessionBytes: 20_000, Loops: 1})
	for _, id := range []string{"a", "b"} {
		c, _ := come(t, b, id, 100, nil)
		c.subscribe("#", 1)
		c.drop(b)
	}
	pub := enter(t, b, packet.V5, "pub")
	for i := range 20 {
		pub.send(publish("t", string(make([]byte, 1000)), 1, uint16(i+1)))
		expect[*packet.Ack](pub)
	}
	settle(b)
	s := b.Stats()
	if s.QueueBytes < 18_000 || s.QueueBytes > 20_000 || s.QueueMessages != s.QueueBytes/1000 || s.Dropped[fault.QueueMemory] == 0 {
		t.Errorf("%d bytes, %d messages, %v", s.QueueBytes, s.QueueMessages, s.Dropped)
	}
	for _, id := range []string{"a", "b"} {
		come(t, b, id, 0, func(p *packet.Connect) { p.CleanStart = true })
	}
	settle(b)
	if s := b.Stats(); s.QueueBytes != 0 || s.QueueMessages != 0 {
		t.Errorf("%d bytes, %d messages", s.QueueBytes, s.QueueMessages)
	}
}

func TestWhatAMemberLeavesGoesToOthers(t *testing.T) {
	for _, loops := range []int{1, 3} {
		b := start(t, Options{Loops: loops, Zone: Zone{Inflight: 4}, Shared: Sticky})
		one, _ := come(t, b, "one", 0, func(p *packet.Connect) { p.CleanStart, p.ReceiveMaximum = true, 2 })
		one.subscribe("$share/g/a", 2)
		pub := enter(t, b, packet.V5, "pub")
		for i, qos := range []byte{1, 2, 1, 2, 1} { // two are sent, three wait
			pub.send(publish("a", fmt.Sprint(i), qos, uint16(i+1)))
			expect[*packet.Ack](pub)
		}
		expect[*packet.Publish](one)
		expect[*packet.Publish](one)
		two := enter(t, b, packet.V5, "two")
		two.subscribe("$share/g/a", 2)
		one.drop(b)
		for _, want := range []string{"0 1", "2 1", "3 2", "4 1"} { // not 1, which was begun with QoS 2
			p := expect[*packet.Publish](two)
			if got := fmt.Sprint(string(p.Payload), " ", p.QoS); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
}

func TestAMemberThatIsAwayIsPassedOver(t *testing.T) {
	b := start(t, Options{Loops: 3})
	one, _ := come(t, b, "one", 100, nil)
	two, _ := come(t, b, "two", 100, nil)
	one.subscribe("$share/g/a", 1)
	two.subscribe("$share/g/a", 1)
	pub := enter(t, b, packet.V5, "pub")
	send := func(n int) {
		for i := range n {
			pub.send(publish("a", fmt.Sprint(i), 1, uint16(i+1)))
			expect[*packet.Ack](pub)
		}
	}
	one.drop(b)
	send(4)
	for range 4 {
		two.send(&packet.Ack{Kind: packet.TypePuback, ID: expect[*packet.Publish](two).ID})
	}
	two.drop(b)
	send(4) // all are away: each keeps its share
	settle(b)
	one, a := come(t, b, "one", 100, nil)
	two, _ = come(t, b, "two", 100, nil)
	got := append(one.next(), two.next()...)
	if len(got) != 4 || !a.SessionPresent {
		t.Errorf("%v", got)
	}
}

func TestLeastInflightGoesToTheIdlest(t *testing.T) {
	b := start(t, Options{Loops: 2, Shared: LeastInflight})
	slow, fast := enter(t, b, packet.V5, "slow"), enter(t, b, packet.V5, "fast")
	slow.subscribe("$share/g/a", 1)
	fast.subscribe("$share/g/a", 1)
	pub := enter(t, b, packet.V5, "pub")
	n := 0
	for i := range 20 {
		pub.send(publish("a", fmt.Sprint(i), 1, uint16(i+1)))
		expect[*packet.Ack](pub)
		settle(b)
		for _, p := range fast.next() { // it acknowledges, the other does not
			_ = p
			n++
		}
		settle(b)
	}
	if n < 18 {
		t.Errorf("the idle member got %d of 20", n)
	}
}
