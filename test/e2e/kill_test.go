//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
)

const (
	kills      = 20
	publishers = 8
)

// A plant publishes without a pause while the node is killed again and again.
// Every value carries its own time stamp, and what was not acknowledged is
// published again, as a device does; so in the end what is stored has to be what
// was acknowledged: all of it, nothing else, nothing twice.
func TestKillNineLosesAndRepeatsNothing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))

	dir := t.TempDir()
	n := startNode(t, dir, nil)
	c := newCaller(t, n, "viewer")
	address := newAddress(n)

	ctx, finish := context.WithCancel(t.Context())
	var devices [publishers]device
	var running sync.WaitGroup
	for i := range devices {
		devices[i].id = fmt.Sprintf("device-%d", i)
		running.Go(func() { devices[i].publish(ctx, address) })
	}
	for range kills {
		enough := devices[0].count() + 20 + chance.IntN(200)
		eventually(t, "the plant gets on", func() bool { return devices[0].count() >= enough })
		n.kill(t)
		n = startNode(t, dir, nil)
		address.set(n)
	}
	finish()
	running.Wait()

	c.url = n.url
	total := 0
	for i := range devices {
		total += devices[i].check(t, c)
	}
	t.Logf("%d kills, %d acknowledged values, all stored once", kills, total)
}

// device publishes 0, 1, 2 … on its topic, each until it is acknowledged.
type device struct {
	id    string
	mu    sync.Mutex
	acked int
}

func (d *device) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.acked
}

var firstTime = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func (d *device) publish(ctx context.Context, a *address) {
	for ctx.Err() == nil {
		client, err := dial(ctx, a.node(), d.id, nil)
		if err != nil {
			continue
		}
		for ctx.Err() == nil && d.next(ctx, client) == nil {
		}
		_ = client.Disconnect(&paho.Disconnect{})
	}
}

func (d *device) next(ctx context.Context, client *paho.Client) error {
	i := d.count()
	payload := fmt.Appendf(nil, `{"ts": %d, "n": %d}`, firstTime.Add(time.Duration(i)*time.Second).UnixMilli(), i)
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	defer whenGone(client, cancel)()
	if _, err := client.Publish(within, &paho.Publish{Topic: "kill/" + d.id, QoS: 1, Payload: payload}); err != nil {
		return err
	}
	d.mu.Lock()
	d.acked++
	d.mu.Unlock()
	return nil
}

// whenGone calls f when the connection has ended, unless stop is called before.
func whenGone(client *paho.Client, f func()) (stop func()) {
	done := make(chan struct{})
	go func() {
		select {
		case <-client.Done():
			f()
		case <-done:
		}
	}()
	return sync.OnceFunc(func() { close(done) })
}

// check compares what is stored with what was acknowledged. The one value under
// way when the publishing ended may be stored as well.
func (d *device) check(t *testing.T, c *caller) int {
	t.Helper()
	acked := d.count()
	series := "kill/" + d.id + "/n"
	eventually(t, series+" is complete", func() bool { return len(c.raw(series).Values) >= acked })
	stored := c.raw(series)
	if len(stored.Values) > acked+1 {
		t.Errorf("%s: %d acknowledged, %d stored", d.id, acked, len(stored.Values))
	}
	for i, v := range stored.Values {
		if v != float64(i) || !stored.Times[i].Equal(firstTime.Add(time.Duration(i)*time.Second)) {
			t.Fatalf("%s: sample %d is %v at %s", d.id, i, v, stored.Times[i])
		}
	}
	return acked
}

// address tells devices where the node listens now.
type address struct {
	mu      sync.Mutex
	current *node
}

func newAddress(n *node) *address { return &address{current: n} }

func (a *address) node() *node {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current
}

func (a *address) set(n *node) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.current = n
}
