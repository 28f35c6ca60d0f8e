package broker

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/stream"
)

// heldLog stores nothing while it is held.
type heldLog struct {
	*stream.MemoryLog
	mu      sync.Mutex
	held    bool
	waiting []func()
}

func (l *heldLog) Append(id string, repeat bool, entry []byte, done func(uint64, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	store := func() { l.MemoryLog.Append(id, repeat, entry, done) }
	if l.held {
		l.waiting = append(l.waiting, store)
	} else {
		store()
	}
}

func (l *heldLog) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = true
}

func (l *heldLog) holds() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

func (l *heldLog) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = false
	for _, store := range l.waiting {
		store()
	}
	l.waiting = nil
}

// crew are members of one group that acknowledge what they get.
type crew struct {
	mu   sync.Mutex
	got  map[string]int
	more sync.WaitGroup
}

// work takes messages until the connection ends.
func (k *crew) work(c *raw) {
	k.more.Go(func() {
		for {
			p, err := c.read()
			if err != nil {
				return
			}
			switch p := p.(type) {
			case *packet.Publish:
				k.mu.Lock()
				k.got[string(p.Payload)]++
				k.mu.Unlock()
				if p.QoS > 0 {
					c.answer(&packet.Ack{Kind: packet.TypePuback + packet.Type(p.QoS-1), ID: p.ID})
				}
			case *packet.Ack:
				c.answer(&packet.Ack{Kind: packet.TypePubcomp, ID: p.ID})
			}
		}
	})
}

// answer is send for a connection that may have ended.
func (c *raw) answer(p packet.Packet) { _, _ = c.nc.Write(p.Append(nil, c.version)) }

func (k *crew) has(payload string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.got[payload] > 0
}

// check sees that each came once.
func (k *crew) check(t *testing.T, want []string) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range want {
		if n := k.got[p]; n != 1 {
			t.Errorf("%s came %d times", p, n)
		}
	}
}

// flood publishes with QoS 1 and 2 by turns, so many at a time.
func (c *raw) flood(topics []string, payloads []string, window int) {
	type open struct{ qos byte }
	under := map[uint16]open{}
	for i := 0; i < len(payloads) || len(under) > 0; {
		for ; i < len(payloads) && len(under) < window; i++ {
			qos := byte(1 + i%2)
			c.answer(publish(topics[i/2%len(topics)], payloads[i], qos, uint16(i+1)))
			under[uint16(i+1)] = open{qos}
		}
		p, err := c.read()
		if err != nil {
			c.t.Error(err)
			return
		}
		switch a := p.(*packet.Ack); a.Kind {
		case packet.TypePubrec:
			c.answer(&packet.Ack{Kind: packet.TypePubrel, ID: a.ID})
		default:
			delete(under, a.ID)
		}
	}
}

// What is under way to the log when the first member joins whose session lasts comes
// once, whatever its QoS: in memory, to those who were members before.
func TestWhatIsOnItsWayWhenAGroupTurnsComesOnce(t *testing.T) {
	d := newDisk()
	log := &heldLog{MemoryLog: d["telemetry"]}
	b, _ := d.nodeOn(t, Options{Loops: 3}, func(c stream.LogConfig) stream.Log {
		if c.Name == "telemetry" {
			return log
		}
		return d[c.Name]
	})
	const filter = "$share/g/kept/#"
	k := &crew{got: map[string]int{}}
	clean := enter(t, b, packet.V5, "clean")
	clean.subscribe(filter, 2)
	k.work(clean)
	log.hold()
	pub := enter(t, b, packet.V5, "pub")
	pub.send(publish("kept/1", "one", 1, 1), publish("kept/1", "two", 2, 2), publish("kept/2", "three", 1, 3))
	eventually(t, "the log has them", func() bool { return log.holds() > 0 })
	lasting, _ := come(t, b, "lasting", 1000, nil)
	lasting.send(&packet.Subscribe{ID: 9, Filters: []packet.Subscription{{Filter: []byte(filter), QoS: 2}}})
	k.work(lasting)
	settle(b)
	log.release()
	settle(b)
	last := enter(t, b, packet.V5, "last")
	last.publishAll("kept/1", series("end", 1, 4))
	eventually(t, "the last have come", func() bool { return k.has("end1") && k.has("end2") && k.has("end3") && k.has("end4") })
	settle(b)
	stopCrew(k, clean, lasting)
	k.check(t, []string{"one", "two", "three", "end1", "end2", "end3", "end4"})
}

func stopCrew(k *crew, members ...*raw) {
	for _, c := range members {
		_ = c.nc.Close()
	}
	k.more.Wait()
}

// What waits in memory for a member when a group turns to the log stays its own.
func TestWhatWaitsForAMemberStaysWhenItsGroupTurns(t *testing.T) {
	b, _ := newDisk().node(t, Options{Loops: 3, Zone: Zone{Inflight: 2}})
	clean := enter(t, b, packet.V5, "clean")
	clean.subscribe(jobs, 1)
	pub := enter(t, b, packet.V5, "pub")
	pub.publishAll("jobs/1", series("m", 1, 20))
	lasting, _ := come(t, b, "lasting", 1000, nil)
	lasting.subscribe(jobs, 1)
	settle(b)
	same(t, gather(t, 20, clean), series("m", 1, 20))
}

// A member whose session lasts joins others while messages of QoS 1 and 2 come without a
// gap, kept by a stream or not: each comes once.
func TestAGroupTurnsUnderLoad(t *testing.T) {
	seed := rand.Uint64()
	if s := os.Getenv("MILLRACE_TEST_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	for round := range uint64(3) {
		turnUnderLoad(t, rand.New(rand.NewPCG(seed, round)))
		if t.Failed() {
			t.Fatalf("seed %d, round %d", seed, round)
		}
	}
}

func turnUnderLoad(t *testing.T, chance *rand.Rand) {
	const publishers, each = 4, 200
	b, end := newDisk().node(t, Options{Loops: 3, Zone: Zone{Inflight: 4 + chance.IntN(20)}})
	const filter = "$share/g/#"
	k := &crew{got: map[string]int{}}
	var members []*raw
	for i := range chance.IntN(3) + 1 {
		c := enter(t, b, packet.V5, fmt.Sprint("clean", i))
		c.subscribe(filter, 2)
		members = append(members, c)
		k.work(c)
	}
	var pubs sync.WaitGroup
	var want []string
	after := each * (1 + chance.IntN(publishers*8/10))
	for i := range publishers {
		all := series(fmt.Sprint("p", i, " "), 1, each)
		want = append(want, all...)
		c := enter(t, b, packet.V5, fmt.Sprint("pub", chance.IntN(1000), i))
		topics := []string{fmt.Sprint("kept/", i), fmt.Sprint("other/", i), "kept/all"}
		window := 1 + chance.IntN(30)
		pubs.Go(func() { c.flood(topics, all, window) })
	}
	eventually(t, "messages come", func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return len(k.got) >= after/2
	})
	for i := range 2 {
		c, _ := come(t, b, fmt.Sprint("lasting", i), 1000, nil)
		c.send(&packet.Subscribe{ID: 9, Filters: []packet.Subscription{{Filter: []byte(filter), QoS: 2}}})
		members = append(members, c)
		k.work(c)
	}
	pubs.Wait()
	eventually(t, "all have come", func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return len(k.got) >= len(want)
	})
	settle(b)
	last := enter(t, b, packet.V5, "last")
	ends := series("end", 1, 10)
	last.publishAll("kept/1", ends)
	eventually(t, "the last have come", func() bool { return !slices.ContainsFunc(ends, func(p string) bool { return !k.has(p) }) })
	settle(b)
	stopCrew(k, members...)
	k.check(t, append(want, ends...))
	end()
}
