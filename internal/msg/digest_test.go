package msg

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
)

// told is what a model, or the reader of digests, knows of a topic.
type told struct {
	count      int
	newest     string
	size       int
	publisher  string
	publishers map[uint64]bool
}

// lines reads a digest whose topics have one line each.
func lines(d *Digest) map[string]*told {
	all := map[string]*told{}
	for i := range d.Lines() {
		l := d.Line(i)
		one := &told{int(l.Count), string(l.Newest.Payload), l.Size, string(l.Newest.Publisher), map[uint64]bool{}}
		if all[string(l.Newest.Topic)] = one; l.Publisher != 0 {
			one.publishers[l.Publisher] = true
		}
	}
	d.Met(func(place int, publisher uint64) {
		all[string(d.Line(place).Newest.Topic)].publishers[publisher] = true
	})
	return all
}

// TestDigestAgainstAModel sums up random messages, payloads and publishers of any
// length, beside a plain map, and empties the digest whenever it is full.
func TestDigestAgainstAModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	limits := DigestLimits{Lines: 40, Bytes: 8_000, Payload: 500}
	d := NewDigest(limits, maphash.MakeSeed())
	model, places := map[string]*told{}, map[string]uint32{}
	full, most := 0, 0
	empty := func() {
		if len(d.met) == limits.Lines {
			// Further publishers are not noted.
			for topic, got := range lines(d) {
				model[topic].publishers = got.publishers
			}
		}
		compare(t, lines(d), model)
		most = max(most, len(d.bytes))
		d.Reset()
		clear(model)
		clear(places)
	}
	for range 20_000 {
		m := &Message{
			Topic:     []byte(strings.Repeat("t", 1+random.IntN(50))),
			Payload:   bytes.Repeat([]byte{byte('a' + random.IntN(26))}, random.IntN(1<<random.IntN(11))),
			Publisher: bytes.Repeat([]byte{'p'}, random.IntN(1<<random.IntN(6))),
		}
		if !sum(d, m, places) {
			full++
			empty()
			if !sum(d, m, places) {
				t.Fatal("no room in an empty digest")
			}
		}
		note(d, model, m)
	}
	empty()
	if full == 0 || most > limits.Bytes || !d.Empty() {
		t.Errorf("%d times full, %d bytes at most, empty %v", full, most, d.Empty())
	}
}

// sum adds m to the line of its topic or begins one.
func sum(d *Digest, m *Message, places map[string]uint32) bool {
	if place, ok := places[string(m.Topic)]; ok {
		return d.Again(place, m)
	}
	place, ok := d.Add(m)
	if ok {
		places[string(m.Topic)] = place
	}
	return ok
}

func note(d *Digest, model map[string]*told, m *Message) {
	w := model[string(m.Topic)]
	if w == nil {
		w = &told{publishers: map[uint64]bool{}}
		model[string(m.Topic)] = w
	}
	w.count++
	w.newest, w.size, w.publisher = string(m.Payload[:min(len(m.Payload), 500)]), len(m.Payload), string(m.Publisher)
	if h := d.hash(m.Publisher); h != 0 {
		w.publishers[h] = true
	}
}

func compare(t *testing.T, got, want map[string]*told) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d topics, want %d", len(got), len(want))
	}
	for topic, w := range want {
		g := got[topic]
		if g.count != w.count || g.newest != w.newest || g.size != w.size || g.publisher != w.publisher || !maps.Equal(g.publishers, w.publishers) {
			t.Fatalf("%s: %+v, want %+v", topic, g, w)
		}
	}
}

// A thousand publishers in turns on one topic are all noted, and leave room for
// messages however many there are.
func TestDigestNotesPublishersOnce(t *testing.T) {
	const publishers, rounds = 1000, 100
	d := NewDigest(DigestLimits{Lines: 2 * publishers, Bytes: 1 << 20, Payload: 10}, maphash.MakeSeed())
	place, _ := d.Add(&Message{Topic: []byte("a")})
	for i := range publishers * rounds {
		if !d.Again(place, &Message{Publisher: fmt.Append(nil, i%publishers)}) {
			t.Fatal("no room")
		}
	}
	if n := len(lines(d)["a"].publishers); n != publishers || d.Line(0).Count != publishers*rounds+1 {
		t.Errorf("%d publishers, %d messages", n, d.Line(0).Count)
	}
	if len(d.met) > 2*publishers {
		t.Errorf("%d meetings noted", len(d.met))
	}
}

// The memory of a burst is given back once less comes.
func TestDigestGivesMemoryBack(t *testing.T) {
	d := NewDigest(DigestLimits{Lines: 10_000, Bytes: 1 << 20, Payload: 1000}, maphash.MakeSeed())
	fill := func(n int) {
		for i := range n {
			if _, ok := d.Add(&Message{Topic: fmt.Append(nil, i), Payload: make([]byte, 50)}); !ok {
				t.Fatal("no room")
			}
		}
		d.Reset()
	}
	fill(5000)
	held := cap(d.bytes)
	if fill(5000); cap(d.bytes) != held {
		t.Error("memory that is needed again was given back")
	}
	if fill(3); cap(d.bytes) > 64<<10 || cap(d.lines) > 256 {
		t.Errorf("%d bytes, %d lines", cap(d.bytes), cap(d.lines))
	}
}
