//go:build e2e

package e2e

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// visitor subscribes and unsubscribes again and again, and notes between which messages.
type visitor struct {
	sink
	sources []*source
	visits  []visit
}

// visit is one subscription, by topic: nothing up to before may come, since it was
// acknowledged before SUBSCRIBE was sent; everything behind from and up to to has to, since
// it was begun after SUBACK and acknowledged before UNSUBSCRIBE; nothing behind after may
// come, since it was begun after UNSUBACK.
type visit struct{ before, from, to, after map[string]int }

type phase int

const (
	outside phase = iota
	entering
	inside
	leaving
)

func (v *visitor) counts(of func(*source) int) map[string]int {
	n := map[string]int{}
	for _, s := range v.sources {
		n[s.topic()] = of(s)
	}
	return n
}

// run goes on until ctx ends; it ends outside.
func (v *visitor) run(ctx context.Context, a *address) {
	chance := rand.New(rand.NewPCG(v.seed, 2))
	p, stay := outside, time.Time{}
	patience, end := context.WithCancel(context.Background())
	defer end()
	for ctx.Err() == nil || p != outside {
		if v.dial(patience, a) != nil {
			breathe(patience)
			continue
		}
		v.lost = v.lost || !v.came && (p == inside || p == leaving)
		again := true
		for {
			p, stay = v.step(p, again, stay, chance, ctx.Err() != nil)
			if again = false; ctx.Err() != nil && p == outside {
				break
			}
			_ = v.conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			if _, err := v.in.Peek(1); timedOut(err) {
				continue
			}
			_ = v.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
			b, err := v.next()
			if err != nil {
				break
			}
			v.take(b)
			p = v.answered(p, packet.TypeOf(b[0]))
		}
		_ = v.conn.Close()
	}
}

// timedOut says that nothing has come.
func timedOut(err error) bool {
	t, ok := err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

// step goes in or out when it is time to; again says that the connection is a new one.
func (v *visitor) step(p phase, again bool, stay time.Time, chance *rand.Rand, over bool) (phase, time.Time) {
	due := time.Now().After(stay)
	switch {
	case p == outside && due && !over:
		v.visits = append(v.visits, visit{before: v.counts((*source).count)})
		p, again = entering, true
	case p == inside && due && v.visits[len(v.visits)-1].to == nil:
		v.visits[len(v.visits)-1].to = v.counts((*source).count)
	case p == inside && due && v.has(v.visits[len(v.visits)-1].to):
		p, again = leaving, true
	}
	if again && p == entering {
		v.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("d/#"), QoS: v.qos}}})
	}
	if again && p == leaving {
		v.send(&packet.Unsubscribe{ID: 2, Filters: [][]byte{[]byte("d/#")}})
	}
	if due {
		stay = time.Now().Add(time.Duration(20+chance.IntN(200)) * time.Millisecond)
		if p == inside { // it waits for what is due, and looks often
			stay = time.Time{}
		}
	}
	return p, stay
}

func (v *visitor) answered(p phase, t packet.Type) phase {
	switch {
	case p == entering && t == packet.TypeSuback:
		v.visits[len(v.visits)-1].from = v.counts((*source).begun)
		return inside
	case p == leaving && t == packet.TypeUnsuback:
		v.visits[len(v.visits)-1].after = v.counts((*source).begun)
		return outside
	}
	return p
}

// has says whether everything up to those numbers has come.
func (v *visitor) has(n map[string]int) bool {
	for topic, to := range n {
		if to > v.visits[len(v.visits)-1].from[topic] && v.highest(topic) < to {
			return false
		}
	}
	return true
}

// check holds what came against the visits.
func (v *visitor) check(t *testing.T) (visits int) {
	if v.lost {
		t.Errorf("%s: the session was not there", v.id)
	}
	for topic, got := range v.got {
		seen := map[int]bool{}
		for _, n := range got {
			if seen[n] && v.exact(topic) {
				t.Errorf("%s: %s %d came twice", v.id, topic, n)
			}
			if seen[n] = true; !v.invited(topic, n) {
				t.Errorf("%s: %s %d came outside of every visit", v.id, topic, n)
			}
		}
		for _, x := range v.visits {
			for n := x.from[topic] + 1; n <= x.to[topic]; n++ {
				if !seen[n] {
					t.Errorf("%s: %s %d has not come, published during %+v", v.id, topic, n, x)
				}
			}
		}
	}
	return len(v.visits)
}

func (v *visitor) exact(topic string) bool {
	for _, s := range v.sources {
		if s.topic() == topic {
			return s.qos == 2 && v.qos == 2
		}
	}
	return false
}

func (v *visitor) invited(topic string, n int) bool {
	for _, x := range v.visits {
		if n > x.before[topic] && (x.after == nil || n <= x.after[topic]) {
			return true
		}
	}
	return false
}
