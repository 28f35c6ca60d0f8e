package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/limit"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Who comes back under its client identifier finds its rate as it left it.
func TestComingBackDoesNotRenewARate(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, Zone: Zone{OverRate: Refuse, Rates: Rates{Messages: perSecond(1, 3)}}})
	for range 3 {
		c := enter(t, b, packet.V5, "c")
		inOneWrite(c, 3, 1)
		for range 3 {
			expect[*packet.Ack](c)
		}
		c.send(&packet.Disconnect{})
		c.closed()
	}
	eventually(t, "six are over the rate", func() bool { return b.Stats().Dropped[fault.RateExceeded] == 6 })
	clock.forward(time.Second)
	c := enter(t, b, packet.V5, "c")
	inOneWrite(c, 1, 1)
	if a := expect[*packet.Ack](c); a.Reason != packet.NoMatchingSubscribers {
		t.Error(packet.ReasonName(a.Reason))
	}
}

func TestPacesAreBounded(t *testing.T) {
	p, rate := newPaces(2), perSecond(1, 1)
	used := func(now int64) *pace {
		c := new(pace)
		c.buckets[byMessages].Take(rate, 1, now)
		return c
	}
	for i := range 5 {
		p.leave(fmt.Sprint(i), used(0), 0)
	}
	if len(p.used) != 2 {
		t.Errorf("%d are remembered", len(p.used))
	}
	p.leave("later", used(5e9), 5e9)
	if len(p.used) != 1 {
		t.Errorf("%d are remembered once the others have recovered", len(p.used))
	}
	p.leave("quiet", new(pace), 5e9)
	fresh := new(pace)
	p.enter("later", fresh)
	if fresh.buckets[byMessages] == (limit.Bucket{}) || len(p.used) != 0 {
		t.Error("what was used is lost")
	}
}
