package broker

import (
	"fmt"
	"maps"
	"testing"

	"github.com/millrace/millrace/internal/broker/record"
	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// filtersOf are the subscriptions of a client, as the broker shows them.
func filtersOf(t *testing.T, b *Broker, id string) map[string]view.Subscription {
	t.Helper()
	list, _, err := b.Subscriptions(t.Context(), view.SubscriptionQuery{Client: id})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]view.Subscription{}
	for _, s := range list {
		all[s.Filter] = s
	}
	return all
}

// Who subscribes to many filters in many packets writes each down once, not all of them
// with every packet.
func TestEachFilterIsWrittenOnce(t *testing.T) {
	const packets, each = 100, 20
	d := newDisk()
	b, _ := d.node(t, Options{})
	c, _ := come(t, b, "c", 1000, nil)
	for n := range packets {
		s := &packet.Subscribe{ID: uint16(n + 1)}
		for k := range each {
			s.Filters = append(s.Filters, packet.Subscription{Filter: fmt.Appendf(nil, "plant/line/%d/cell/%d", n, k), QoS: 1})
		}
		c.send(s)
		expect[*packet.Suback](c)
	}
	bytes := 0
	d.eachRecord(t, func(m *msg.Message) {
		if m.Topic[0] != record.KindProgress && m.Topic[0] != record.KindIndex {
			bytes += len(m.Payload)
		}
	})
	if most := packets * each * 60; bytes > most {
		t.Errorf("%d bytes for %d filters, %d at most", bytes, packets*each, most)
	}
	c.send(&packet.Unsubscribe{ID: 1, Filters: [][]byte{[]byte("plant/line/0/cell/0")}})
	expect[*packet.Unsuback](c)
	before := filtersOf(t, b, "c")
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	b, _ = d.killed(t).node(t, Options{})
	after := filtersOf(t, b, "c")
	if len(after) != packets*each-1 || len(before) != len(after) {
		t.Errorf("%d filters, before %d", len(after), len(before))
	}
}

// A subscription is after a kill as it was granted: its options and its identifier, over a
// record of one change and over one of all.
func TestASubscriptionComesBackAsItWas(t *testing.T) {
	for _, all := range []bool{false, true} {
		d := newDisk()
		b, _ := d.node(t, Options{})
		c, _ := come(t, b, "c", 1000, nil)
		c.subscribeWith(7, packet.Subscription{Filter: []byte("kept/+"), QoS: 1, NoLocal: true, RetainAsPublished: true, RetainHandling: 2})
		c.subscribeWith(8, packet.Subscription{Filter: []byte("other/+"), QoS: 2})
		before := filtersOf(t, b, "c")
		if _, _, err := b.flushSessions(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		b, _ = d.killed(t).node(t, Options{})
		c, _ = come(t, b, "c", 1000, nil)
		if after := filtersOf(t, b, "c"); !maps.Equal(after, before) {
			t.Errorf("%+v, was %+v", after, before)
		}
		c.send(publish("kept/own", "x", 1, 1))
		expect[*packet.Ack](c)
		pub := enter(t, b, packet.V5, "pub")
		pub.send(retained("kept/1", "y", 1), retained("other/1", "z", 2))
		got := map[string]string{}
		for range 2 {
			p := expect[*packet.Publish](c)
			got[string(p.Topic)] = fmt.Sprint(p.Retain, p.SubscriptionIDs)
		}
		if got["kept/1"] != "true [7]" || got["other/1"] != "false [8]" {
			t.Errorf("%v", got)
		}
	}
}

// No record is longer than the log takes, however many filters a client has and however long
// they are: it would be refused each time anew, and with it whatever others wait for.
func TestRecordsOfManyLongFiltersFitIntoTheLog(t *testing.T) {
	const packets, each, most = 20, 100, 256 << 10
	d := newDisk()
	b, _ := d.node(t, Options{})
	c, _ := come(t, b, "c", 1000, nil)
	for n := range packets {
		s := &packet.Subscribe{ID: uint16(n + 1)}
		for k := range each {
			s.Filters = append(s.Filters, packet.Subscription{Filter: fmt.Appendf(nil, "%d/%d/%0500d", n, k, 0), QoS: 1})
		}
		c.send(s)
	}
	for range packets {
		expect[*packet.Suback](c)
	}
	if _, _, err := b.flushSessions(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	d.eachRecord(t, func(m *msg.Message) {
		if len(m.Payload) > most {
			t.Errorf("a record of %d bytes", len(m.Payload))
		}
	})
	b, _ = d.killed(t).node(t, Options{})
	if n := len(filtersOf(t, b, "c")); n != packets*each {
		t.Errorf("%d filters, want %d", n, packets*each)
	}
}
