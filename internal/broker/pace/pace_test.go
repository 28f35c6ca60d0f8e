package pace

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/internal/broker/limit"
)

func perSecond(n, burst int64) limit.Rate { return limit.Rate{PerSecond: n, Burst: burst} }

// gaugeOf is a gauge of those rates of a client, of a listener and of all.
func gaugeOf(own, listener, total Rates) *Gauge {
	l, t := NewShared(&listener, 1), NewShared(&total, 1)
	return NewGauge(&own, Keeper{&listener, &l}, Keeper{&total, &t})
}

const second = int64(1e9)

// Whose rate is missed is said with the time when it will be kept.
func TestWhoseRateItIs(t *testing.T) {
	one := Rates{Messages: perSecond(1, 2)}
	for of, g := range map[Scope]*Gauge{
		OfClient:   gaugeOf(one, Rates{}, Rates{}),
		OfListener: gaugeOf(Rates{}, one, Rates{}),
		OfTotal:    gaugeOf(Rates{}, Rates{}, one),
	} {
		p := g.Pace()
		for range 2 {
			if _, ok := p.Packet(ByMessages, 1, 100, 0); !ok {
				t.Fatalf("%d: the burst is not there", of)
			}
		}
		e, ok := p.Packet(ByMessages, 1, 100, 0)
		if want := (Excess{of, ByMessages, second}); ok || e != want {
			t.Errorf("%+v, want %+v", e, want)
		}
		if _, ok := p.Packet(ByMessages, 1, 100, e.When); !ok {
			t.Errorf("%d: not when it said", of)
		}
	}
}

// What one rate refuses costs nothing of the others, but for a few tokens that a lease may lose.
func TestAllRatesOrNone(t *testing.T) {
	wide := Rates{Messages: perSecond(1000, 100)}
	narrow := Rates{Bytes: perSecond(1, 100)}
	for name, g := range map[string]*Gauge{
		"the client's, the total's":   gaugeOf(wide, Rates{}, narrow),
		"the listener's, the total's": gaugeOf(Rates{}, wide, narrow),
		"the total's, the client's":   gaugeOf(narrow, Rates{}, wide),
		"the client's both":           gaugeOf(Rates{Messages: wide.Messages, Bytes: narrow.Bytes}, Rates{}, Rates{}),
	} {
		p := g.Pace()
		if e, ok := p.Take(ByBytes, 100, 0); !ok {
			t.Fatalf("%s: 100 bytes of 100: %+v", name, e)
		}
		for range 50 {
			if e, ok := p.Packet(ByMessages, 1, 10, 0); ok || e.By != ByBytes {
				t.Fatalf("%s: 10 bytes more: %+v", name, e)
			}
		}
		for range 85 {
			if e, ok := p.Take(ByMessages, 1, 0); !ok {
				t.Fatalf("%s: refused messages were counted: %+v", name, e)
			}
		}
	}
}

// What is owed delays what comes next.
func TestWhatIsOwed(t *testing.T) {
	p := gaugeOf(Rates{Subscribes: perSecond(1, 1)}, Rates{}, Rates{}).Pace()
	if _, ok := p.Take(BySubscribes, 1, 0); !ok {
		t.Fatal("the first waits")
	}
	p.Owe(BySubscribes, 0)
	p.Owe(BySubscribes, 0)
	if e, ok := p.Take(BySubscribes, 1, 2*second); ok || e.When != 3*second {
		t.Errorf("%+v, %v", e, ok)
	}
}

// Connects have a bucket by client identifier; who finds no room in the table is held to
// what all share.
func TestConnectsByClientIdentifier(t *testing.T) {
	g := gaugeOf(Rates{Connects: perSecond(1, 1)}, Rates{Connects: perSecond(1, 3)}, Rates{})
	if g.Pace() != nil {
		t.Error("a rate of connects alone needs no pace")
	}
	table := limit.NewTable(1)
	for i, want := range []struct {
		id string
		of Scope
		ok bool
	}{{"a", 0, true}, {"a", OfClient, false}, {"b", 0, true}, {"b", 0, true}, {"c", OfListener, false}} {
		of, when, ok := g.Connect(table, want.id, 0)
		if of != want.of || ok != want.ok || !ok && when != second {
			t.Errorf("%d: %v, %d, %v", i, of, when, ok)
		}
	}
}

func TestThePastIsBounded(t *testing.T) {
	p, rate := NewPast(2), perSecond(1, 1)
	used := func(now int64) *Pace {
		c := new(Pace)
		c.buckets[ByMessages].Take(rate, 1, now)
		return c
	}
	for i := range 5 {
		p.Leave(fmt.Sprint(i), used(0), 0)
	}
	if len(p.used) != 2 {
		t.Errorf("%d are remembered", len(p.used))
	}
	p.Leave("later", used(5*second), 5*second)
	if len(p.used) != 1 {
		t.Errorf("%d are remembered once the others have recovered", len(p.used))
	}
	p.Leave("quiet", new(Pace), 5*second)
	fresh := new(Pace)
	p.Enter("later", fresh)
	if fresh.buckets[ByMessages] == (limit.Bucket{}) || len(p.used) != 0 {
		t.Error("what was used is lost")
	}
}

func BenchmarkPacket(b *testing.B) {
	many := Rates{Messages: perSecond(1e9, 1e9), Bytes: perSecond(1e12, 1e12)}
	p := gaugeOf(many, many, many).Pace()
	b.ReportAllocs()
	now := int64(0)
	for b.Loop() {
		now += 100
		p.Packet(ByMessages, 1, 64, now)
	}
}
