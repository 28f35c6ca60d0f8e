//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// crew is the members of a shared subscription together: what they got, and how often.
type crew struct {
	mu  sync.Mutex
	got map[string]map[int]int // by topic and number
	by  map[string]int         // by member
}

func (c *crew) take(member string, p *packet.Publish) {
	n, _ := strconv.Atoi(string(p.Payload))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.got[string(p.Topic)] == nil {
		c.got[string(p.Topic)] = map[int]int{}
	}
	c.got[string(p.Topic)][n]++
	c.by[member]++
}

// lacks is how many of a topic's messages have come to nobody, and how often one came again.
func (c *crew) lacks(topic string, sent int) (missing, again int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := 1; n <= sent; n++ {
		switch times := c.got[topic][n]; times {
		case 0:
			missing++
		default:
			again += times - 1
		}
	}
	return missing, again
}

// hand is one member, which leaves now and then in the midst of its work.
type hand struct {
	wire
	crew *crew
}

func (h *hand) run(ctx context.Context, a *address, ready chan<- struct{}) {
	chance := rand.New(rand.NewPCG(rand.Uint64(), 1))
	for first := true; ctx.Err() == nil; {
		if h.dial(ctx, a) != nil {
			breathe(ctx)
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = h.conn.Close() })
		if first || h.clean {
			h.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("$share/crew/d/#"), QoS: 1}}})
		}
		for n := 0; ; n++ {
			b, err := h.next()
			if err != nil || !first && n > 100 && chance.IntN(300) == 0 {
				break
			}
			if packet.TypeOf(b[0]) == packet.TypeSuback && first {
				first = false
				ready <- struct{}{}
			}
			var p packet.Publish
			if packet.TypeOf(b[0]) == packet.TypePublish && p.Decode(b, packet.V311) == nil {
				h.crew.take(h.id, &p)
				h.ack(packet.TypePuback, p.ID)
			}
		}
		stop()
		_ = h.conn.Close()
		time.Sleep(time.Duration(chance.IntN(100)) * time.Millisecond) // it has gone, and nobody waits for it
	}
}

// A shared subscription whose members come and go, some with sessions that last, while the
// node is killed again and again, also when nobody is there: every acknowledged message
// comes to a member, and few come again.
func TestSharedSubscriptionsSurviveKills(t *testing.T) {
	env := []string{`MILLRACE_STREAMS=[{"name": "telemetry", "filters": ["d/one"]}]`, "MILLRACE_MQTT__BANS__FLAPPING__MOST=0"}
	dir := t.TempDir()
	n := startNode(t, dir, env)
	a := newAddress(n)
	all := &crew{got: map[string]map[int]int{}, by: map[string]int{}}
	publishing, finish := context.WithCancel(t.Context())
	defer finish()
	var pubs sync.WaitGroup
	sources := []*source{{wire: wire{id: "one"}, qos: 1, window: 5}, {wire: wire{id: "two"}, qos: 1, window: 1}, {wire: wire{id: "three"}, qos: 2, window: 1}}
	work := func(hands ...*hand) (rest func()) {
		ctx, cancel := context.WithCancel(t.Context())
		ready := make(chan struct{}, len(hands))
		var working sync.WaitGroup
		for _, h := range hands {
			working.Go(func() { h.run(ctx, a, ready) })
		}
		for range hands {
			<-ready
		}
		return func() { cancel(); working.Wait() }
	}
	hands := func() (some []*hand) {
		for i := range 3 {
			some = append(some, &hand{wire: wire{id: fmt.Sprint("lasting", i)}, crew: all})
		}
		return append(some, &hand{wire: wire{id: "clean", clean: true}, crew: all})
	}
	rest := work(hands()...)
	for _, s := range sources {
		pubs.Go(func() { s.run(publishing, a) })
	}
	kills := testKills(5)
	for k := range kills {
		enough := sources[1].count() + 50 + rand.IntN(200)
		eventually(t, "the publishers get on", func() bool { return sources[1].count() >= enough })
		if k == kills/2 { // and once while nobody is there
			rest()
			enough := sources[1].count() + 100
			eventually(t, "the publishers get on", func() bool { return sources[1].count() >= enough })
		}
		n.kill(t)
		n = startNode(t, dir, env)
		a.set(n)
		if k == kills/2 {
			rest = work(hands()...)
		}
	}
	finish()
	pubs.Wait()
	total, repeated := 0, 0
	for _, p := range sources {
		eventually(t, "all has come", func() bool {
			missing, _ := all.lacks("d/"+p.id, p.count())
			return missing == 0
		})
		_, again := all.lacks("d/"+p.id, p.count())
		total, repeated = total+p.count(), repeated+again
	}
	rest()
	if repeated > total/4 {
		t.Errorf("%d of %d came again", repeated, total)
	}
	for _, h := range hands() {
		if all.by[h.id] == 0 {
			t.Errorf("%s got nothing", h.id)
		}
	}
	t.Logf("%d kills, %d messages acknowledged, %d came again; by member %v", kills, total, repeated, all.by)
}
