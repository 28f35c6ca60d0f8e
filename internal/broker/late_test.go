package broker

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// TestWhoNeverAcknowledgesIsSlow: nothing comes from such a client, so the loop has
// to look.
func TestWhoNeverAcknowledgesIsSlow(t *testing.T) {
	clock, told := newClock(), make(chan string, 100)
	b := start(t, Options{Now: clock.now, Loops: 1, SlowAfter: time.Second, Late: func(client, topic string, took time.Duration, _ time.Time, missed uint64) {
		told <- fmt.Sprint(client, " ", topic, " ", took, " ", missed)
	}, Slow: func(string, string, time.Duration, time.Time) {}})
	sub, _ := come(t, b, "sub", 60, nil)
	sub.subscribe("plant/#", 1)
	pub := enter(t, b, packet.V5, "pub")
	for _, topic := range []string{"plant/a", "plant/b"} {
		pub.send(publish(topic, "x", 1, 1))
		expect[*packet.Ack](pub)
		expect[*packet.Publish](sub)
		clock.forward(10 * time.Second)
	}
	b.tick()
	if got := <-told; got != "sub plant/a 20s 0" {
		t.Error(got)
	}
	d, err := b.Client(t.Context(), "sub")
	if err != nil || len(d.Flights) != 2 || d.Flights[0].Topic != "plant/a" || clock.now().UnixNano()-d.Flights[0].Since != 20e9 {
		t.Errorf("%+v %v", d.Flights, err)
	}
}

// TestWhoDoesNotReadIsSlowAndItsBytesShow: what waits in the connection counts.
func TestWhoDoesNotReadIsSlowAndItsBytesShow(t *testing.T) {
	clock := newClock()
	var told atomic.Uint64
	b := start(t, Options{Now: clock.now, Loops: 1, Zone: Zone{OutputBuffer: 64 << 10}, SlowAfter: time.Second, Late: func(client, topic string, took time.Duration, _ time.Time, missed uint64) {
		if client == "sub" && topic == "" {
			told.Add(missed)
		}
	}, Slow: func(string, string, time.Duration, time.Time) {}})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("plant/#", 0)
	pub := enter(t, b, packet.V5, "pub")
	big := string(make([]byte, 32<<10))
	dropped := func() uint64 { return b.Stats().Dropped[fault.SlowReader] }
	waiting := func() int64 {
		list, _, err := b.Clients(t.Context(), view.ClientQuery{Sort: "queued", Desc: true})
		if err != nil {
			t.Fatal(err)
		}
		if list[0].ID != "sub" {
			return 0 // all of it has gone to the system
		}
		return list[0].OutputBytes
	}
	fill := func() { // until the system takes no more
		for dropped() == 0 || waiting() < 32<<10 {
			for range 100 {
				pub.send(publish("plant/a", big, 0, 0))
			}
			pub.send(packet.Pingreq{})
			expect[packet.Pingresp](pub)
		}
	}
	eventually(t, "its losses and its bytes are told", func() bool {
		fill() // the system may have found more room
		clock.forward(10 * time.Second)
		b.tick()
		return told.Load() == dropped() && b.Stats().OutputBytes >= 32<<10
	})
}
