package broker

import "sync"

// traffic is the bytes of MQTT that came and went by one listener.
type traffic struct{ in, out uint64 }

// publishedTraffic is one loop's traffic by listener, as others may read it: the
// loop copies it here when a turn ends.
type publishedTraffic struct {
	mu      sync.Mutex
	byDoor  []traffic // guarded by mu
	waiting bool      // there is some that is not copied; the loop's alone
}

func (p *publishedTraffic) set(t []traffic) {
	if !p.waiting {
		return
	}
	p.waiting = false
	p.mu.Lock()
	p.byDoor = append(p.byDoor[:0], t...)
	p.mu.Unlock()
}

func (p *publishedTraffic) get(place int) traffic {
	p.mu.Lock()
	defer p.mu.Unlock()
	if place < len(p.byDoor) {
		return p.byDoor[place]
	}
	return traffic{}
}

// came and went count bytes of the client's listener.
func (w *worker) came(c *client, n int) {
	w.traffic[c.door.place].in += uint64(n)
	w.carried.waiting = true
}

func (w *worker) went(c *client, n int) {
	w.traffic[c.door.place].out += uint64(n)
	w.carried.waiting = true
}

// traffic adds up what the loops have counted.
func (d *door) traffic() (sum traffic) {
	for _, w := range d.broker.workers {
		t := w.carried.get(d.place)
		sum.in += t.in
		sum.out += t.out
	}
	return sum
}
