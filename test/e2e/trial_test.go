//go:build e2e

package e2e

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// trial is publishers and receivers whose sessions last, of every QoS, who go on whatever
// happens to the node, and who know in the end whether it kept its promises: nothing that
// was acknowledged is lost, QoS 2 comes once, everything in order, nothing from before
// SUBSCRIBE and nothing from behind UNSUBACK.
type trial struct {
	t       *testing.T
	node    *node
	address *address
	chance  *rand.Rand
	began   time.Time

	sources  []*source
	sinks    []*sink
	visitor  *visitor
	members  []*sink // of a shared subscription
	late     *sink
	lateFrom map[string]int

	finish     context.CancelFunc // ends the publishing
	receiving  context.Context
	stop       context.CancelFunc
	pubs, subs sync.WaitGroup
	kills      int
}

// trialEnv has one half of the topics in a stream, the other in the spare one, and bans
// nobody for coming and going.
var trialEnv = []string{"MILLRACE_MQTT__BANS__FLAPPING__MOST=0", `MILLRACE_STREAMS=[{"name": "telemetry", "filters": ["d/one", "d/two"]}]`}

// testSeed is a seed that is logged, or that of MILLRACE_TEST_SEED.
func testSeed(t *testing.T) uint64 {
	seed := rand.Uint64()
	if s, err := strconv.ParseUint(os.Getenv("MILLRACE_TEST_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("seed %d", seed)
	return seed
}

// rounds is MILLRACE_TEST_DISKS, or 2.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("MILLRACE_TEST_DISKS")); err == nil {
		return n
	}
	return 2
}

func newTrial(t *testing.T, n *node) *trial {
	x := &trial{t: t, node: n, address: newAddress(n), chance: rand.New(rand.NewPCG(testSeed(t), 0)), began: time.Now(), lateFrom: map[string]int{}}
	x.sources = []*source{
		{wire: wire{id: "one"}, qos: 1, window: 8}, {wire: wire{id: "two"}, qos: 2, window: 1},
		{wire: wire{id: "three"}, qos: 1, window: 1}, {wire: wire{id: "four"}, qos: 2, window: 1},
	}
	x.sinks = []*sink{{wire: wire{id: "always"}, qos: 2}, {wire: wire{id: "once"}, qos: 1}, {wire: wire{id: "idle"}, qos: 2, idles: true}}
	receiving, stop := context.WithCancel(context.Background())
	publishing, finish := context.WithCancel(receiving)
	t.Cleanup(stop)
	x.receiving, x.finish, x.stop = receiving, finish, stop
	x.members = []*sink{{wire: wire{id: "member-1"}, qos: 2, filter: shared}, {wire: wire{id: "member-2"}, qos: 2, filter: shared, idles: true}}
	for _, s := range slices.Concat(x.sinks, x.members) {
		x.receive(s)
	}
	for _, s := range x.sources {
		x.pubs.Go(func() { s.run(publishing, x.address) })
	}
	x.visitor = &visitor{sink: sink{wire: wire{id: "visitor"}, qos: 2, got: map[string][]int{}, newest: map[string]int{}, held: map[uint16]bool{}, seed: x.chance.Uint64()}, sources: x.sources}
	x.subs.Go(func() { x.visitor.run(publishing, x.address) })
	return x
}

const shared = "$share/line/d/#"

// awaitMembers waits until the members have everything between them, as long as something
// comes, and returns how much came again: after a kill what was acknowledged last may.
func (x *trial) awaitMembers() (again int) {
	x.t.Helper()
	for _, p := range x.sources {
		seen, idle := map[int]int{}, time.Now()
		for had := -1; ; time.Sleep(10 * time.Millisecond) {
			clear(seen)
			total := 0
			for _, m := range x.members {
				m.mu.Lock()
				for _, n := range m.got[p.topic()] {
					seen[n]++
				}
				m.mu.Unlock()
				total += m.total()
			}
			if total != had {
				had, idle = total, time.Now()
			}
			missing := missingOf(seen, p.count())
			if len(missing) == 0 {
				break
			}
			if time.Since(idle) > 20*time.Second {
				x.t.Fatalf("members: %d of %d of %s have not come, the first are %v", len(missing), p.count(), p.topic(), missing[:min(len(missing), 10)])
			}
		}
		for _, times := range seen {
			again += times - 1
		}
	}
	return again
}

func missingOf(seen map[int]int, to int) (missing []int) {
	for n := 1; n <= to; n++ {
		if seen[n] == 0 {
			missing = append(missing, n)
		}
	}
	return missing
}

// receive lets a receiver begin, and returns when it has subscribed.
func (x *trial) receive(s *sink) {
	s.got, s.newest, s.held, s.seed = map[string][]int{}, map[string]int{}, map[uint16]bool{}, x.chance.Uint64()
	ready := make(chan struct{}, 1)
	x.subs.Go(func() { s.run(x.receiving, x.address, ready) })
	select {
	case <-ready:
	case <-time.After(30 * time.Second):
		x.t.Fatalf("%s cannot subscribe", s.id)
	}
}

// progress returns when every publisher has got through some more messages.
func (x *trial) progress() {
	x.t.Helper()
	var enough []int
	for _, s := range x.sources {
		enough = append(enough, s.count()+1+x.chance.IntN(10))
	}
	eventually(x.t, "the publishers get on", func() bool {
		for i, s := range x.sources {
			if s.count() < enough[i] {
				return false
			}
		}
		return true
	})
}

// acknowledged is how many messages the publishers got through.
func (x *trial) acknowledged() (n int) {
	for _, s := range x.sources {
		n += s.count()
	}
	return n
}

// stall returns when no publisher gets on any more.
func (x *trial) stall() {
	x.t.Helper()
	sum, since := -1, time.Now()
	eventually(x.t, "the publishers stop", func() bool {
		if now := x.acknowledged(); now != sum {
			sum, since = now, time.Now()
		}
		return time.Since(since) > 200*time.Millisecond
	})
}

// kill kills the node, and again while it starts now and then.
func (x *trial) kill() {
	x.t.Helper()
	x.node.kill(x.t)
	x.kills++
	for {
		if err := x.node.Start(); err != nil {
			x.t.Fatal(err)
		}
		if x.chance.IntN(4) > 0 {
			return
		}
		time.Sleep(time.Duration(x.chance.IntN(120)) * time.Millisecond) // somewhere in its start
		x.node.kill(x.t)
		x.kills++
	}
}

// join lets one more receiver come.
func (x *trial) join() {
	x.late = &sink{wire: wire{id: "late"}, qos: 2}
	for _, s := range x.sources {
		x.lateFrom[s.topic()] = s.count()
	}
	x.receive(x.late)
}

// await waits until a receiver has everything, as long as something comes.
func (x *trial) await(s *sink) {
	x.t.Helper()
	for _, p := range x.sources {
		for had := -1; s.highest(p.topic()) < p.count(); {
			if now := s.total(); now > had {
				had = now
			} else {
				x.t.Fatalf("%s has %d of %d of %s, %d in all, and gets no more:\n%s", s.id, s.highest(p.topic()), p.count(), p.topic(), now, x.node.ctl(x.t, "clients", "show", s.id, "--json"))
			}
			end := time.Now().Add(20 * time.Second)
			for s.total() == had && time.Now().Before(end) && s.highest(p.topic()) < p.count() {
				time.Sleep(5 * time.Millisecond)
			}
		}
	}
}

// end ends the publishing, waits for what is due, and checks everything.
func (x *trial) end() {
	t := x.t
	t.Helper()
	x.finish()
	x.pubs.Wait()
	sinks := x.sinks
	if x.late != nil {
		sinks = append(sinks, x.late)
	}
	for _, s := range sinks {
		x.await(s)
	}
	again := x.awaitMembers()
	x.stop()
	x.subs.Wait()
	repeated := 0
	for _, p := range x.sources {
		if p.odd > 0 {
			t.Errorf("%s: %d answers that fit nothing", p.id, p.odd)
		}
	}
	for _, s := range slices.Concat(sinks, x.members) {
		if s.lost {
			t.Errorf("%s: the session was not there", s.id)
		}
	}
	for _, s := range sinks {
		for _, p := range x.sources {
			first := 0
			if s == x.late {
				first = x.lateFrom[p.topic()]
			}
			repeated += s.check(t, p.topic(), p.qos == 2 && s.qos == 2, s == x.late, first, p.count())
		}
	}
	visits := x.visitor.check(t)
	if visits == 0 {
		t.Error("the visitor never came in, so nothing was tried of what comes and goes")
	}
	if repeated > x.acknowledged() || again > x.acknowledged() { // each acknowledgement is late by 20 ms at most
		t.Errorf("of %d messages %d came again to sessions, and %d to members", x.acknowledged(), repeated, again)
	}
	t.Logf("in all: %d kills, %d messages acknowledged, to %d receivers, a shared subscription of two (%d came again), and a visitor %d times; %d of QoS 1 came again; %.1f s", x.kills, x.acknowledged(), len(sinks), again, visits, repeated, time.Since(x.began).Seconds())
}
