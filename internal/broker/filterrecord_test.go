package broker

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

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
		if m.Topic[0] != kindProgress {
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

// A record of version 1 has the session's filters; those behind it change them.
func TestARecordOfVersion1HasItsFilters(t *testing.T) {
	old := "\x01\x05\x00\x90\x03\x0e\x12\x01u\x02\x01a\x00\x01\x00\x04\x01\x04\x05\x03b/#\x03\x02\x00\x04\x00"
	s, err := readSessionRecord([]byte(old))
	if err != nil || len(s.filters) != 2 || s.user != "u" {
		t.Fatalf("%+v: %v", s, err)
	}
	c := new(client)
	c.after = &after{enduring: &enduring{user: "v"}}
	c.filters = c.filters.put(&subscription{filter: "c", qos: 1, durable: true})
	var r recovery
	give := func(kind byte, record []byte) {
		r.Record(&msg.Message{Topic: append([]byte{kind}, "id"...), Payload: record})
	}
	give(kindSession, []byte(old))
	(&filterChanges{names: []string{"c", "a"}}).write(nil, c.filters, filterPart, func(b []byte) { give(kindFilters, b) })
	give(kindSession, c.appendRecord(nil, c.leftAt))
	if got := r.filtersOf(t, "id"); len(got) != 2 || got["b/#"].id != 3 || got["c"].qos != 1 {
		t.Errorf("%v", got)
	}
	give(kindSession, nil)
	give(kindSession, c.appendRecord(nil, c.leftAt))
	if got := r.filtersOf(t, "id"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// What two writings left behind, each in part, is not taken for one whole.
func TestPartsOfTwoWritingsAreNoWhole(t *testing.T) {
	var r recovery
	written := func(qos byte) (parts [][]byte) {
		var all *filterSet
		for i := range 9 {
			all = all.put(&subscription{filter: fmt.Sprint("f/", i), qos: qos})
		}
		(&filterChanges{all: true}).write(nil, all, 20, func(b []byte) { parts = append(parts, bytes.Clone(b)) })
		return parts
	}
	whole, begun, again := written(1), written(0), written(2)
	last := len(whole) - 1
	for _, b := range slices.Concat(whole, begun[:last], again[last:]) {
		r.Record(&msg.Message{Topic: []byte{kindFilters, 'c'}, Payload: b})
	}
	got := r.filtersOf(t, "c")
	for name, s := range got {
		if s.qos != 1 {
			t.Errorf("%s has QoS %d", name, s.qos)
		}
	}
	if len(got) != 9 || last < 2 {
		t.Errorf("%d filters, %d parts", len(got), last+1)
	}
}

func (r *recovery) filtersOf(t *testing.T, id string) map[string]*subscription {
	t.Helper()
	filters := map[string]*subscription{}
	if err := readFilters(filters, r.filters[id]); err != nil {
		t.Fatal(err)
	}
	return filters
}

// Whatever a client subscribes to and leaves, and wherever the journal refuses records, is
// written anew and purged, or the node is killed: what was answered is there afterwards.
func TestFiltersAgainstAModel(t *testing.T) {
	first := rand.Uint64()
	for seed := first; seed < first+1000; seed++ {
		if err := filtersModel(rand.New(rand.NewPCG(seed, 1))); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// filtersModel is one run: journal has what was committed, answered what it has to say.
func filtersModel(chance *rand.Rand) error {
	var journal []filterRecord
	most := 1 + chance.IntN(100) // bytes of a record, nearly
	var c *client
	var changes *filterChanges
	var answered map[string]byte
	ended, there := false, false // the session's end is to be written, it is in the journal
	begin := func() {
		c = new(client)
		c.after = &after{enduring: new(enduring)}
		changes, there = nil, false
	}
	begin()
	note := func(name string) {
		delete(answered, name) // either may be there
		if changes == nil {
			changes = new(filterChanges)
		}
		changes.note(name, c.filters.len())
	}
	for range 200 {
		name := fmt.Sprint("f/", chance.IntN(8))
		switch chance.IntN(20) {
		default:
			c.filters = c.filters.put(&subscription{filter: name, qos: byte(chance.IntN(3)), owes: chance.IntN(2) == 0})
			note(name)
		case 0, 1, 2, 3, 4:
			c.filters.remove(name)
			note(name)
		case 5:
			ended = true
			begin()
		case 6, 7, 8, 9, 10, 11: // a flush, or a snapshot, of which some is refused or the kill comes first
			snapshot, before := chance.IntN(5) == 0, len(journal)
			if snapshot {
				changes = &filterChanges{all: true}
			}
			var out []filterRecord
			if ended {
				out = append(out, filterRecord{kindSession, nil})
			}
			if !there || snapshot || chance.IntN(3) == 0 {
				out = append(out, filterRecord{kindSession, c.appendRecord(nil, c.leftAt)})
			}
			if changes != nil {
				changes.write(nil, c.filters, most, func(b []byte) { out = append(out, filterRecord{kindFilters, bytes.Clone(b)}) })
			}
			kept := len(out)
			if chance.IntN(4) == 0 {
				kept = chance.IntN(kept + 1)
			}
			if journal = append(journal, out[:kept]...); kept < len(out) {
				if chance.IntN(2) == 0 && !ended { // entries that come later may be taken
					journal = append(journal, out[len(out)-chance.IntN(len(out)-kept):]...)
				}
				changes, there = &filterChanges{all: true}, there && !ended
				if err := stands(journal, answered, ended); err != nil {
					return err
				}
				continue
			}
			if ended, there, changes = false, true, nil; snapshot {
				journal = slices.Delete(journal, 0, before)
			}
			answered = map[string]byte{}
			for _, s := range c.filters.list() {
				answered[s.filter] = s.qos
			}
			got, err := foundIn(journal)
			if err != nil {
				return err
			}
			if len(got) != len(answered) {
				return fmt.Errorf("got %v, want %v", got, answered)
			}
			for name, qos := range answered {
				if got[name] == nil || got[name].qos != qos {
					return fmt.Errorf("%s: got %v, want %d", name, got[name], qos)
				}
			}
		}
	}
	return nil
}

type filterRecord struct {
	kind byte
	b    []byte
}

// foundIn are the filters that a start finds in the journal.
func foundIn(journal []filterRecord) (map[string]*subscription, error) {
	var r recovery
	for _, k := range journal {
		r.Record(&msg.Message{Topic: append([]byte{k.kind}, 'c'), Payload: k.b})
	}
	got := map[string]*subscription{}
	return got, readFilters(got, r.filters["c"])
}

// stands says whether what was answered, and did not change since, is found by a start that
// comes before all of a flush is there.
func stands(journal []filterRecord, answered map[string]byte, ended bool) error {
	got, err := foundIn(journal)
	for name, qos := range answered {
		if !ended && (got[name] == nil || got[name].qos != qos) {
			return fmt.Errorf("in mid flush %s: got %v, want %d", name, got[name], qos)
		}
	}
	return err
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

// Bytes that are no record are refused, whatever they are.
func FuzzFilterRecord(f *testing.F) {
	f.Add([]byte{filterRecordVersion, recordAllFilters, filterThere})
	f.Fuzz(func(_ *testing.T, b []byte) { _ = readFilters(map[string]*subscription{}, [][]byte{b}) })
}

// What a session writes for a SUBSCRIBE of one filter beside 1,000 others.
func BenchmarkFilterRecord(b *testing.B) {
	var filters *filterSet
	for n := range 1000 {
		name := fmt.Sprint("plant/line/cell/", n)
		filters = filters.put(&subscription{filter: name, qos: 1, durable: true, begins: make([]msg.Position, 3)})
	}
	k := &filterChanges{names: []string{"plant/line/cell/7"}}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = k.write(dst, filters, filterPart, func([]byte) {})
	}
	b.ReportMetric(float64(len(dst)), "B/record")
}
