package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

var monday = time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)

func newPlant(t testing.TB, o PlantOptions) *Plant {
	t.Helper()
	if o.Start.IsZero() {
		o.Start = monday
	}
	p, err := NewPlant(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSameSeedSameBytes(t *testing.T) {
	o := PlantOptions{Devices: 45, Rate: 450, Seed: 7, Faults: 3}
	a, b := newPlant(t, o), newPlant(t, o)
	o.Seed = 8
	c := newPlant(t, o)
	var ma, mb, mc Message
	differs := 0
	for i := range 20_000 {
		a.Next(&ma)
		b.Next(&mb)
		c.Next(&mc)
		if string(ma.Topic) != string(mb.Topic) || string(ma.Payload) != string(mb.Payload) || ma.Time != mb.Time {
			t.Fatalf("message %d: %s and %s", i, ma.Payload, mb.Payload)
		}
		if string(ma.Payload) != string(mc.Payload) {
			differs++
		}
	}
	if differs < 15_000 {
		t.Fatalf("another seed gives the same data but for %d messages", differs)
	}
}

// The start moves the stamps and nothing else.
func TestValuesDoNotDependOnTheStart(t *testing.T) {
	o := PlantOptions{Devices: 20, Seed: 1, Faults: 1}
	a := newPlant(t, o)
	o.Start = monday.Add(12345 * time.Hour)
	b := newPlant(t, o)
	values := func(m *Message) string { return string(m.Payload[len(`{"ts":"2026-03-02T05:00:00.000Z"`):]) }
	var ma, mb Message
	for range 5000 {
		a.Next(&ma)
		b.Next(&mb)
		if values(&ma) != values(&mb) {
			t.Fatalf("%s and %s", ma.Payload, mb.Payload)
		}
	}
}

// Every message is JSON with a time stamp and five values, and no topic repeats a
// time stamp, even at the highest rate.
func TestPayloads(t *testing.T) {
	for _, o := range []PlantOptions{
		{Devices: 20, Rate: 20_000, Faults: 5}, {Devices: 3, Rate: 2999.7}, {Devices: 41, Rate: 7, EpochMS: true}, {Devices: 1, Rate: 1000},
	} {
		p := newPlant(t, o)
		last := map[string]int64{}
		var m Message
		for i := range int64(5000) {
			p.Next(&m)
			var fields map[string]any
			if err := json.Unmarshal(m.Payload, &fields); err != nil {
				t.Fatalf("%s: %v", m.Payload, err)
			}
			if len(fields) != 1+PointsPerMessage {
				t.Fatalf("%d fields: %s", len(fields), m.Payload)
			}
			if got := stampOf(t, fields["ts"]); got != m.Time {
				t.Fatalf("stamp %v, Time %d", fields["ts"], m.Time)
			}
			if want := monday.Add(p.Due(i)).Truncate(time.Millisecond).UnixNano(); m.Time != want {
				t.Fatalf("message %d is stamped %d, want %d", i, m.Time, want)
			}
			if m.Time <= last[string(m.Topic)] {
				t.Fatalf("%s repeats %v", m.Topic, fields["ts"])
			}
			last[string(m.Topic)] = m.Time
		}
	}
}

func stampOf(t *testing.T, ts any) int64 {
	t.Helper()
	switch ts := ts.(type) {
	case float64:
		return int64(ts) * int64(time.Millisecond)
	case string:
		at, err := time.Parse(time.RFC3339Nano, ts)
		if err != nil {
			t.Fatal(err)
		}
		return at.UnixNano()
	}
	t.Fatalf("stamp %v", ts)
	return 0
}

func TestTopicsNameThePlace(t *testing.T) {
	p := newPlant(t, PlantOptions{Devices: 20 * 11})
	seen := map[string]bool{}
	for _, topic := range p.Topics() {
		if seen[string(topic)] || strings.Count(string(topic), "/") != 6 {
			t.Fatalf("%s", topic)
		}
		seen[string(topic)] = true
	}
	for _, want := range []string{"volta/plant1/electrode/line1/coating/coater1/process", "volta/plant1/formation/line10/racks/rack6/condition", "volta/plant2/assembly/line1/pressing/press4/production"} {
		if !seen[want] {
			t.Errorf("%s is missing", want)
		}
	}
	short := newPlant(t, PlantOptions{Devices: len(kinds)})
	for i := range kinds {
		if short.Kind(i) != kinds[i].name {
			t.Errorf("device %d of a short line is a %s", i, short.Kind(i))
		}
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	for _, o := range []PlantOptions{{Devices: -1}, {Devices: 2, Rate: 2001}, {Rate: -1}, {Speed: -1}, {Faults: -1}, {Devices: 2_000_000}} {
		if _, err := NewPlant(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func TestWearEndsInAFaultAndRepairBeginsAnew(t *testing.T) {
	m := alone(1)
	m.state, m.heat, m.wear = running, 1, 0.999
	seen := []state{m.state}
	for sec := 1.0; sec < 3600 && !(len(seen) > 2 && m.state == running); sec++ {
		m.step(sec)
		if m.state != seen[len(seen)-1] {
			seen = append(seen, m.state)
		}
	}
	if fmt.Sprint(seen) != fmt.Sprint([]state{running, failed, warmUp, running}) || m.wear > 0.1 {
		t.Fatalf("states %v, wear %g", seen, m.wear)
	}
}

func TestWithoutFaultsToolsAreChangedInTime(t *testing.T) {
	p := newPlant(t, PlantOptions{Devices: 20, Rate: 20, Faults: 0, Speed: 60})
	changed := false
	var m Message
	for range 20 * 600 {
		p.Next(&m)
		x := p.machines[m.Device]
		if x.state == failed || x.wear > 1 {
			t.Fatalf("%s: %v, wear %g", m.Topic, x.state, x.wear)
		}
		changed = changed || x.state == changeover
	}
	if !changed {
		t.Fatal("no tool was changed")
	}
}

func TestUpstreamQualityChangesScrap(t *testing.T) {
	scrap := func(upstreamShift float64) float64 {
		up, m := alone(1), alone(0)
		up.shift, up.deviation = upstreamShift, upstreamShift
		m.up, m.buffer, m.state, m.heat = up, 1e9, running, 1
		for sec := 1.0; sec < 600; sec++ {
			m.step(sec)
		}
		return float64(m.scrap) / float64(m.good+m.scrap)
	}
	if good, bad := scrap(0), scrap(1.5); bad < 3*good {
		t.Fatalf("scrap %.4f behind good material, %.4f behind bad", good, bad)
	}
}

func TestAFaultStarvesTheLineBehindAndBlocksItInFront(t *testing.T) {
	p := newPlant(t, PlantOptions{Devices: len(kinds), Rate: 9, Faults: 0, Speed: 10})
	var m Message
	run := func(n int) {
		for range n {
			p.Next(&m)
			broken := p.machines[4]
			broken.enter(failed, 100)
		}
	}
	run(9 * 120)
	if s := p.machines[5].state; s != starved {
		t.Errorf("the machine behind is %s", stateNames[s])
	}
	if s := p.machines[3].state; s != blocked {
		t.Errorf("the machine in front is %s", stateNames[s])
	}
}

func TestBatchesTravelDownTheLine(t *testing.T) {
	p := newPlant(t, PlantOptions{Devices: len(kinds), Rate: 9, Faults: 0, Speed: 60})
	var m Message
	for range 9 * 60 {
		p.Next(&m)
	}
	first, last := p.machines[0], p.machines[len(kinds)-1]
	if first.batch < 3 || last.batch < 2 || last.batch > first.batch {
		t.Fatalf("the mixer is at batch %d, inspection at %d", first.batch, last.batch)
	}
}

func TestShifts(t *testing.T) {
	early, _ := shiftAt(1000)
	handover, _ := shiftAt(shiftSeconds + 10)
	night, scrap := shiftAt(2*shiftSeconds + 1000)
	if early != 1 || handover > 0.7 || night >= early || scrap == 0 {
		t.Fatal(early, handover, night, scrap)
	}
}

func TestAStandingMachineReadsZeroWhereNothingMoves(t *testing.T) {
	m := alone(0)
	m.wear, m.shift, m.heat = 0.9, 1.2, 1
	for i := range kinds {
		m.kind = &kinds[i]
		for _, x := range m.kind.process {
			if v := m.value(&x); x.base == 0 && v != 0 {
				t.Errorf("%s of a standing %s is %g", x.name, m.kind.name, v)
			}
		}
	}
}

func TestWarmUpFollowsACurve(t *testing.T) {
	m := alone(0)
	last := 0.0
	for sec := 1.0; m.state == warmUp; sec++ {
		m.step(sec)
		if m.heat <= last || m.good > 0 {
			t.Fatalf("heat %g after %g, %d parts", m.heat, last, m.good)
		}
		if last = m.heat; sec > 3600 {
			t.Fatal("never warm")
		}
	}
}

// alone is a machine without neighbours, cold.
func alone(faults float64) *machine {
	return &machine{kind: &kinds[4], rand: newRandom(1, 1), faults: faults, share: 1, lotAt: 1e9}
}

func TestAppendNumber(t *testing.T) {
	for _, c := range []struct {
		v        float64
		decimals int
		want     string
	}{{1.005, 1, "1.0"}, {-0.06, 1, "-0.1"}, {-0.04, 1, "0.0"}, {12.3456, 4, "12.3456"}, {1199.6, 0, "1200"}, {0.0004, 3, "0.000"}, {9.999, 2, "10.00"}} {
		if got := string(appendNumber(nil, "k", c.v, c.decimals)); got != `,"k":`+c.want {
			t.Errorf("%g: %s, want %s", c.v, got, c.want)
		}
	}
}

func BenchmarkPlantNext(b *testing.B) {
	p := newPlant(b, PlantOptions{Devices: 1000, Rate: 20_000, Faults: 1})
	var m Message
	bytes := 0
	b.ReportAllocs()
	for b.Loop() {
		p.Next(&m)
		bytes += len(m.Payload)
	}
	b.ReportMetric(float64(bytes)/float64(b.N), "B/payload")
}
