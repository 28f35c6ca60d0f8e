package broker

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream"
)

// valve is a log that can be shut: then what is appended waits before it.
type valve struct {
	*stream.MemoryLog
	waits chan bool // told of each append that finds it shut
	gate  atomic.Pointer[chan struct{}]
	full  atomic.Bool // then it refuses
}

func newValve(log *stream.MemoryLog) *valve {
	v := &valve{MemoryLog: log, waits: make(chan bool, 100)}
	v.shut()
	v.open()
	return v
}

func (v *valve) shut() {
	gate := make(chan struct{})
	v.gate.Store(&gate)
}

func (v *valve) open() { close(*v.gate.Load()) }

func (v *valve) Append(id string, repeat bool, entry []byte, done func(uint64, error)) {
	select {
	case <-*v.gate.Load():
	default:
		v.waits <- true
		<-*v.gate.Load()
	}
	if v.full.Load() {
		done(0, fault.New(fault.StorageFull, "full"))
		return
	}
	v.MemoryLog.Append(id, repeat, entry, done)
}

// killed is what a node that is killed now leaves behind.
func (d disk) killed(t *testing.T) disk {
	t.Helper()
	left := disk{}
	for name, log := range d {
		s, _ := log.State(t.Context())
		n := new(stream.MemoryLog)
		for range s.First - 1 {
			n.Append("", false, nil, func(uint64, error) {})
		}
		_ = n.Purge(t.Context(), s.First-1)
		enough := errors.New("enough")
		if s.Last >= s.First {
			_ = log.Read(t.Context(), s.First, func(seq uint64, entry []byte) error {
				n.Append("", false, entry, func(uint64, error) {})
				if seq == s.Last {
					return enough
				}
				return nil
			})
		}
		left[name] = n
	}
	return left
}

// nodeBehind is node with one of its logs behind a valve.
func (d disk) nodeBehind(t *testing.T, name string, o Options) (*Broker, *valve) {
	t.Helper()
	v := newValve(d[name])
	b, _ := d.nodeOn(t, o, func(c stream.LogConfig) stream.Log {
		if c.Name == name {
			return v
		}
		return d[c.Name]
	})
	return b, v
}

// silent says whether nothing has come to the client.
func (c *raw) silent() bool {
	_ = c.nc.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	b := make([]byte, 1)
	n, err := c.nc.Read(b)
	c.in = append(c.in, b[:n]...)
	var late net.Error
	return errors.As(err, &late) && late.Timeout()
}

// Who begins clean hears so when a kill cannot bring the old session back any more.
func TestACleanBeginIsAnsweredWhenTheOldSessionIsGone(t *testing.T) {
	d := newDisk()
	b, journal := d.nodeBehind(t, "journal", Options{})
	old, _ := come(t, b, "c", 100, nil)
	old.subscribe("kept/#", 1)
	old.drop(b)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	journal.shut()
	c := dial(t, b, packet.V5)
	c.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("c"), SessionExpiry: 100})
	<-journal.waits
	settle(b)
	if !c.silent() {
		t.Error("CONNACK has come, and the journal has the old session")
	}
	journal.open()
	if a := expect[*packet.Connack](c); a.Reason != packet.Success || a.SessionPresent {
		t.Errorf("%+v", a)
	}
	c.subscribe("other/#", 1)
	left := d.killed(t)
	b2, _ := left.node(t, Options{})
	again, a := come(t, b2, "c", 100, nil)
	if !a.SessionPresent {
		t.Error("the new session is not there")
	}
	pub := enter(t, b2, packet.V5, "pub")
	pub.publishAll("kept/1", []string{"old"})
	pub.publishAll("other/1", []string{"new"})
	if got := again.take(1); got[0] != "new" {
		t.Errorf("got %v", got)
	}
}

// The same of a client whose new session does not outlive its connection.
func TestACleanBeginWithoutASessionIsAnsweredWhenTheOldOneIsGone(t *testing.T) {
	d := newDisk()
	b, journal := d.nodeBehind(t, "journal", Options{})
	old, _ := come(t, b, "c", 100, nil)
	old.drop(b)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	journal.shut()
	c := dial(t, b, packet.V5)
	c.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: []byte("c")})
	<-journal.waits
	settle(b)
	if !c.silent() {
		t.Error("CONNACK has come, and the journal has the old session")
	}
	journal.open()
	if a := expect[*packet.Connack](c); a.Reason != packet.Success || a.SessionPresent {
		t.Errorf("%+v", a)
	}
	b, _ = d.killed(t).node(t, Options{})
	if _, a := come(t, b, "c", 100, nil); a.SessionPresent {
		t.Error("the old session is there again")
	}
}

// Who ends the session sees the connection closed when that is written.
func TestTheEndOfASessionIsWrittenBeforeItsConnectionCloses(t *testing.T) {
	d := newDisk()
	b, journal := d.nodeBehind(t, "journal", Options{})
	c, _ := come(t, b, "c", 100, nil)
	c.subscribe("kept/#", 1)
	journal.shut()
	c.send(&packet.Disconnect{HasSessionExpiry: true})
	<-journal.waits
	settle(b)
	if !c.silent() {
		t.Error("the connection is closed, and the journal has the session")
	}
	journal.open()
	c.closed()
	b, _ = d.killed(t).node(t, Options{})
	if _, a := come(t, b, "c", 100, nil); a.SessionPresent {
		t.Error("the session is there again")
	}
}

// A session that says on its last connection that it does not last is gone after a kill.
func TestASessionThatIsNotToLastEndsWithTheNode(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{})
	c, _ := come(t, b, "c", 100, nil)
	c.drop(b)
	c, a := come(t, b, "c", 0, nil)
	if !a.SessionPresent {
		t.Fatal("the session was not there")
	}
	c.subscribe("kept/#", 1)
	b, _ = d.killed(t).node(t, Options{})
	if _, a := come(t, b, "c", 100, nil); a.SessionPresent {
		t.Error("the session is there again")
	}
}

// A session ends by its expiry, and the node is killed before the log has its will, or
// right behind it: the will comes once.
func TestAWillAtTheEndOfASessionComesOnceOverAKill(t *testing.T) {
	for _, delay := range []uint32{0, 1000} { // with the connection, and with the session
		d, clock := newDisk(), newClock()
		o := Options{Now: clock.now}
		b, log := d.nodeBehind(t, "sessions", o)
		b.endPreserving() // rounds are made by hand
		heir, _ := come(t, b, "heir", 1000, nil)
		heir.subscribe("wills/#", 1)
		heir.drop(b)
		c, _ := come(t, b, "c", 20, func(p *packet.Connect) {
			p.HasWill, p.Will = true, packet.Will{Topic: []byte("wills/c"), Payload: []byte("gone"), QoS: 1, Delay: delay}
		})
		c.send(packet.Pingreq{})
		expect[packet.Pingresp](c)
		log.shut()
		c.drop(b)
		if err := writeDown(b); err != nil { // that it has left
			t.Fatal(err)
		}
		clock.forward(30 * time.Second)
		settleTicks(b)
		<-log.waits
		if err := writeDown(b); err != nil {
			t.Fatal(err)
		}
		before := d.killed(t)
		log.open()
		eventually(t, "the log has the will", func() bool { return b.options.Durable.Log.Answered("sessions").Seq > 0 })
		b.endPreserving() // one goroutine at a time makes rounds
		if err := b.preserver.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		for when, left := range map[string]disk{"before": before, "behind": d.killed(t)} {
			b, end := left.node(t, o)
			eventually(t, "the session has ended", func() bool { return b.lasting.Load() == 1 })
			_ = b.settle(t.Context())
			heir, _ := come(t, b, "heir", 1000, nil)
			if got := heir.take(1); got[0] != "gone" {
				t.Errorf("%s: got %v", when, got)
			}
			if more := heir.next(); len(more) > 0 {
				t.Errorf("%s: and %v", when, more)
			}
			heir.drop(b)
			end()
		}
	}
}

// writeDown has all that changed written down.
func writeDown(b *Broker) error {
	_, _, err := b.flushSessions(context.Background(), false)
	return err
}

// Nobody gets a session whose time was up while the node was down, however early it comes.
func TestASessionWhoseTimeIsUpIsNotResumed(t *testing.T) {
	d, clock := newDisk(), newClock()
	o := Options{Now: clock.now}
	b, _ := d.node(t, o)
	c, _ := come(t, b, "c", 20, nil)
	c.subscribe("kept/#", 1)
	c.drop(b)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	d = d.killed(t)
	clock.forward(30 * time.Second)
	b, _ = d.node(t, o)
	if _, a := come(t, b, "c", 20, nil); a.SessionPresent {
		t.Error("the session is there")
	}
}

// What comes for the first session of a node stays for it, whatever is purged at that moment.
func TestWhatTheFirstSessionNeedsIsNotPurged(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{})
	eventually(t, "nobody needs anything", func() bool { return b.feeds.lowest(uint8(b.feeds.spare+1)) == 1<<64-1 })
	c, _ := come(t, b, "c", 100, nil)
	c.subscribe("other/#", 1)
	c.drop(b)
	enter(t, b, packet.V5, "pub").publishAll("other/1", series("m", 1, 60))
	b.endPreserving() // one goroutine at a time makes rounds
	if err := b.preserver.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, _ = d.killed(t).node(t, Options{})
	c, _ = come(t, b, "c", 100, nil)
	if got := c.take(60); got[0] != "m1" {
		t.Errorf("got %v", got)
	}
}

// eachRecord calls f for every record of the journal.
func (d disk) eachRecord(t *testing.T, f func(*msg.Message)) {
	t.Helper()
	s, _ := d["journal"].State(t.Context())
	enough := errors.New("enough")
	_ = d["journal"].Read(t.Context(), s.First, func(seq uint64, raw []byte) error {
		e, err := stream.ReadEntry(raw)
		if err != nil {
			t.Fatal(err)
		}
		ms, err := e.Messages(nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range ms {
			f(&ms[i])
		}
		if seq == s.Last {
			return enough
		}
		return nil
	})
}
