package broker

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream"
)

const jobs = "$share/g/jobs/#"

// worksFor are the messages that come to the clients, each acknowledged, until there are n.
func gather(t *testing.T, n int, members ...*raw) (got [][]string) {
	t.Helper()
	got = make([][]string, len(members))
	eventually(t, fmt.Sprint(n, " messages have come"), func() bool {
		all := 0
		for i, c := range members {
			got[i] = append(got[i], c.next()...)
			all += len(got[i])
		}
		return all >= n
	})
	return got
}

func all(got [][]string) (sorted []string) {
	sorted = slices.Concat(got...)
	slices.Sort(sorted)
	return sorted
}

func same(t *testing.T, got [][]string, want []string) {
	t.Helper()
	want = slices.Clone(want)
	slices.Sort(want)
	if !reflect.DeepEqual(all(got), want) {
		t.Errorf("got %d: %v", len(all(got)), got)
	}
}

// A group whose members are all away keeps what comes, also over a kill, and shares it out
// when they return.
func TestAGroupKeepsWhatComesWhileItsMembersAreAway(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{Loops: 3})
	for i := range 3 {
		c, _ := come(t, b, fmt.Sprint("worker", i), 1000, nil)
		c.subscribe(jobs, 1)
		c.drop(b)
	}
	pub := enter(t, b, packet.V5, "pub")
	pub.publishAll("jobs/1", series("m", 1, 300))
	for range 2 {
		d = d.killed(t)
		b, _ = d.node(t, Options{Loops: 3})
	}
	var back []*raw
	for i := range 3 {
		c, a := come(t, b, fmt.Sprint("worker", i), 1000, nil)
		if !a.SessionPresent {
			t.Fatal("the session is not there")
		}
		back = append(back, c)
	}
	got := gather(t, 300, back...)
	same(t, got, series("m", 1, 300))
	pub = enter(t, b, packet.V5, "pub")
	pub.publishAll("jobs/2", series("n", 1, 300))
	got = gather(t, 300, back...)
	same(t, got, series("n", 1, 300))
	for i := range got {
		if len(got[i]) != 100 {
			t.Errorf("worker %d got %d", i, len(got[i]))
		}
	}
}

// What members have acknowledged and the journal knows does not come again after a kill;
// what they have not comes, of QoS 2 to the same client under the same identifier.
func TestWhatAMemberHasDoneStaysDoneOverAKill(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{})
	c, _ := come(t, b, "worker", 1000, nil)
	c.subscribe(jobs, 2)
	pub := enter(t, b, packet.V5, "pub")
	pub.publishAll("jobs/1", series("done", 1, 50))
	same(t, gather(t, 50, c), series("done", 1, 50))
	pub.publishAll("jobs/1", []string{"once"})
	once := expect[*packet.Publish](c)
	pub.send(publish("jobs/1", "twice", 2, 7))
	pub.answers(packet.TypePubrec, 7, packet.Success)
	pub.completes(7)
	twice := expect[*packet.Publish](c)
	settle(b)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	b, _ = d.killed(t).node(t, Options{})
	c, _ = come(t, b, "worker", 1000, nil)
	for _, want := range []*packet.Publish{once, twice} {
		got := expect[*packet.Publish](c)
		if string(got.Payload) != string(want.Payload) || got.QoS != want.QoS || got.QoS == 2 && (got.ID != want.ID || !got.Dup) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got.QoS == 1 {
			c.send(&packet.Ack{Kind: packet.TypePuback, ID: got.ID})
		}
	}
	c.send(&packet.Ack{Kind: packet.TypePubrec, ID: twice.ID})
	expect[*packet.Ack](c)
	c.send(&packet.Ack{Kind: packet.TypePubcomp, ID: twice.ID})
	if more := c.next(); len(more) > 0 {
		t.Errorf("and %v", more)
	}
	_ = b
}

// So it is when the acknowledgements are the last that the group hears.
func TestTheLastAcknowledgementsOfAGroupAreWrittenDown(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{})
	c, _ := come(t, b, "worker", 1000, nil)
	c.subscribe(jobs, 1)
	enter(t, b, packet.V5, "pub").publishAll("jobs/1", series("m", 1, 20))
	var acks []packet.Packet
	for range 20 {
		acks = append(acks, &packet.Ack{Kind: packet.TypePuback, ID: expect[*packet.Publish](c).ID})
	}
	if err := writeDown(b); err != nil { // as given to the worker
		t.Fatal(err)
	}
	c.send(append(acks, packet.Pingreq{})...)
	expect[packet.Pingresp](c)
	settle(b)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	b, _ = d.killed(t).node(t, Options{})
	other, _ := come(t, b, "other", 1000, nil) // who would be given what nobody has done
	other.subscribe(jobs, 1)
	enter(t, b, packet.V5, "pub").publishAll("jobs/1", []string{"end"})
	if got := other.takeTo("end"); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

// lacking is the disk as a kill leaves it that came before records of that kind were written.
func (d disk) lacking(t *testing.T, kind byte) disk {
	t.Helper()
	open := func(log stream.Log) *stream.Journal {
		s, err := stream.New(stream.Options{
			Streams: []stream.Config{{Name: "journal", BuiltIn: true, State: true}},
			Open:    func(context.Context, stream.LogConfig) (stream.Log, error) { return log, nil },
		})
		if err == nil {
			err = s.Start(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close(context.Background()) })
		j, _ := s.Journal("journal")
		return j
	}
	rest, left, done := new(msg.Batch), new(stream.MemoryLog), make(chan error, 1)
	if err := open(d["journal"]).Replay(t.Context(), func(ms []msg.Message) error {
		for i := range ms {
			if ms[i].Topic[0] != kind {
				rest.Add(&ms[i], 0)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	open(left).Keep(rest, func(_ *msg.Batch, err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	d["journal"] = left
	return d
}

// A member's record that is newer than its group's counts: what the member was sent stays
// its own over a kill, and nobody else gets it [MQTT-4.8.2-5].
func TestAMemberKeepsWhatItsGroupHasYetToTake(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{Loops: 2})
	c, _ := come(t, b, "worker", 1000, nil)
	c.subscribe(jobs, 2)
	pub := enter(t, b, packet.V5, "pub")
	pub.send(publish("jobs/1", "twice", 2, 7))
	pub.answers(packet.TypePubrec, 7, packet.Success)
	pub.completes(7)
	sent := expect[*packet.Publish](c)
	settle(b)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	b, _ = d.killed(t).lacking(t, kindGroup).node(t, Options{Loops: 2})
	other, _ := come(t, b, "other", 1000, nil)
	other.subscribe(jobs, 2)
	enter(t, b, packet.V5, "pub").publishAll("jobs/1", []string{"then"})
	same(t, gather(t, 1, other), []string{"then"})
	c, _ = come(t, b, "worker", 1000, nil)
	if got := expect[*packet.Publish](c); string(got.Payload) != "twice" || got.ID != sent.ID || !got.Dup {
		t.Errorf("got %+v", got)
	}
	c.send(&packet.Ack{Kind: packet.TypePubrec, ID: sent.ID})
	expect[*packet.Ack](c)
	c.send(&packet.Ack{Kind: packet.TypePubcomp, ID: sent.ID})
	settle(b)
	if more := append(c.next(), other.next()...); len(more) > 0 {
		t.Errorf("and %v", more)
	}
}

// What was sent comes again after a kill with the QoS that it was sent with, also when its
// subscription has ended.
func TestWhatWasSentComesAgainWithItsQoS(t *testing.T) {
	for _, filter := range []string{jobs, "jobs/#"} {
		d := newDisk()
		b, _ := d.node(t, Options{})
		c, _ := come(t, b, "c", 1000, nil)
		c.subscribe(filter, 1)
		pub := enter(t, b, packet.V5, "pub")
		pub.send(publish("jobs/1", "m", 2, 7))
		pub.answers(packet.TypePubrec, 7, packet.Success)
		pub.completes(7)
		sent := expect[*packet.Publish](c)
		c.send(&packet.Unsubscribe{ID: 3, Filters: [][]byte{[]byte(filter)}})
		expect[*packet.Unsuback](c)
		b, _ = d.killed(t).node(t, Options{})
		c, _ = come(t, b, "c", 1000, nil)
		if again := expect[*packet.Publish](c); again.ID != sent.ID || again.QoS != 1 || !again.Dup {
			t.Errorf("got %+v", again)
		}
		c.send(&packet.Ack{Kind: packet.TypePuback, ID: sent.ID})
		if more := c.next(); len(more) > 0 {
			t.Errorf("and %v", more)
		}
	}
}

// Members with sessions that last and others share the work; what was begun with one that
// leaves goes to others, but for QoS 2 [MQTT-4.8.2-5].
func TestAMixedGroup(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{Loops: 3})
	clean := enter(t, b, packet.V311, "clean")
	clean.subscribe(jobs, 2)
	pub := enter(t, b, packet.V5, "pub")
	pub.publishAll("jobs/0", []string{"live"})
	if p := expect[*packet.Publish](clean); string(p.Payload) != "live" {
		t.Error(p)
	} else {
		clean.send(&packet.Ack{Kind: packet.TypePuback, ID: p.ID})
	}
	lasting, _ := come(t, b, "lasting", 1000, nil)
	lasting.subscribe(jobs, 2)
	settle(b)
	settle(b)
	pub.publishAll("jobs/1", series("m", 1, 40))
	got := gather(t, 40, clean, lasting)
	same(t, got, series("m", 1, 40))
	if len(got[0]) != 20 {
		t.Errorf("one got %d", len(got[0]))
	}
	for i := range 4 { // two each: of QoS 1 and of QoS 2
		pub.send(publish("jobs/2", fmt.Sprint("left", i), byte(1+i/2), uint16(i+1)))
		if i < 2 {
			expect[*packet.Ack](pub)
		} else {
			pub.answers(packet.TypePubrec, uint16(i+1), packet.Success)
			pub.completes(uint16(i + 1))
		}
	}
	mine := map[byte]string{}
	for range 2 {
		p := expect[*packet.Publish](clean)
		mine[p.QoS] = string(p.Payload)
	}
	kept := []string{string(expect[*packet.Publish](lasting).Payload), string(expect[*packet.Publish](lasting).Payload)}
	clean.drop(b)
	if p := expect[*packet.Publish](lasting); string(p.Payload) != mine[1] {
		t.Errorf("%s came, and not %s", p.Payload, mine[1])
	}
	settle(b)
	if more := lasting.next(); len(more) > 0 {
		t.Errorf("and %v behind %v", more, kept)
	}
}

// A member with a session that lasts leaves: what it has not acknowledged of QoS 1 goes to
// one who is there, and does not come to it again.
func TestALastingMemberLeavesItsWorkToOthers(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{Loops: 3})
	one, _ := come(t, b, "one", 1000, nil)
	one.subscribe(jobs, 1)
	pub := enter(t, b, packet.V5, "pub")
	pub.publishAll("jobs/1", series("m", 1, 10))
	for range 10 {
		expect[*packet.Publish](one)
	}
	two, _ := come(t, b, "two", 1000, nil)
	two.subscribe(jobs, 1)
	one.drop(b)
	same(t, gather(t, 10, two), series("m", 1, 10))
	one, _ = come(t, b, "one", 1000, nil)
	if more := one.next(); len(more) > 0 {
		t.Errorf("%v came again", more)
	}
	for _, c := range []*raw{one, two} {
		c.send(&packet.Unsubscribe{ID: 3, Filters: [][]byte{[]byte(jobs)}})
		expect[*packet.Unsuback](c)
	}
	eventually(t, "nobody keeps the group", func() bool {
		settle(b)
		return len(b.router.groups) == 0 && !b.keeps(jobs)
	})
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	if kept := d.groupsOf(t); len(kept) > 0 {
		t.Errorf("the journal has %v", kept)
	}
}

// keeps says whether a loop keeps the group.
func (b *Broker) keeps(name string) bool {
	done := make(chan bool, 1)
	w := b.homeOf(name)
	w.loop.Post(settled{done})
	<-done
	return w.groups.kept[name] != nil // nobody changes it now
}

// groupsOf are the groups that the journal has.
func (d disk) groupsOf(t *testing.T) map[string][]byte {
	t.Helper()
	b, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &recovery{broker: b}
	d.eachRecord(t, r.Record)
	return r.groups
}

// By each strategy members whose sessions last get the messages of a group as others do.
func TestStrategiesOverTheLog(t *testing.T) {
	const n, publishers, each = 6, 4, 60
	for _, s := range []Strategy{RoundRobin, Random, Sticky, HashClient, HashTopic, LeastInflight} {
		t.Run(string(s), func(t *testing.T) {
			b, _ := newDisk().node(t, Options{Loops: 3, Shared: s})
			var all []*raw
			for i := range n {
				c, _ := come(t, b, fmt.Sprint("worker", i), 1000, nil)
				c.subscribe(jobs, 1)
				all = append(all, c)
				settle(b) // the group's loop hears of its members in this order
			}
			settle(b)
			for i := range publishers {
				pub := enter(t, b, packet.V5, fmt.Sprint("pub", i))
				pub.publishAll(fmt.Sprint("jobs/", i), series(fmt.Sprint(i, " "), 1, each))
			}
			homes := map[byte]int{} // on how many members a publisher's messages were
			got := gather(t, publishers*each, all...)
			for i, mine := range got {
				of := map[byte]bool{}
				for _, p := range mine {
					of[p[0]] = true
				}
				for k := range of {
					homes[k]++
				}
				if s == RoundRobin && len(mine) != publishers*each/n || s == Sticky && (len(mine) > 0) != (i == 0) {
					t.Errorf("member %d got %d", i, len(mine))
				}
			}
			if s == HashTopic && homes['0']*homes['3'] != 1 || s == HashClient && homes['0']*homes['1'] != 1 {
				t.Error(homes)
			}
		})
	}
}
