package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// realBroker runs on loopback until the test ends.
func realBroker(t *testing.T) string {
	t.Helper()
	b, err := broker.New(broker.Options{Listeners: []broker.Listener{{Address: "127.0.0.1:0"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return b.Addr().String()
}

func TestExactlyOnceAndSharedComeOutCleanOnARealBroker(t *testing.T) {
	addr := realBroker(t)
	for _, o := range []Options{
		{Scenario: Pub, Publishers: 3, QoS: 2},
		{Scenario: P2P, Publishers: 5, QoS: 2},
		{Scenario: P2P, Publishers: 5, QoS: 2, Version: packet.V311, Threads: 2, Rate: 2000},
		{Scenario: Fanout, Subscribers: 7, QoS: 2},
		{Scenario: Fanin, Publishers: 7, Subscribers: 2, QoS: 2, Threads: 2},
		{Scenario: Retained, Subscribers: 3, Topics: 20, QoS: 2},
		{Scenario: Shared, Publishers: 7, Subscribers: 3},
		{Scenario: Shared, Publishers: 7, Subscribers: 3, QoS: 1, Threads: 3, Version: packet.V311},
		{Scenario: Shared, Publishers: 7, Subscribers: 3, Lasting: true},
		{Scenario: Shared, Publishers: 7, Subscribers: 3, QoS: 2, Rate: 2000},
	} {
		for _, portable := range []bool{false, true} {
			o.Portable = portable
			t.Run(fmt.Sprintf("%s QoS %d portable %v", o.Scenario, o.QoS, portable), func(t *testing.T) {
				checkClean(t, o, measured(t, brief(o, addr)))
			})
		}
	}
}

func TestASharedMessageThatIsLostDoubledOrLateIsFound(t *testing.T) {
	for name, c := range meddlings() {
		t.Run(name, func(t *testing.T) {
			o := brief(Options{Scenario: Shared, Publishers: 1, Subscribers: 1, Rate: 2000}, meddle(t, realBroker(t), c.meddle))
			o.Duration = 150 * time.Millisecond
			m := measured(t, o).Messages
			if got := (Messages{Lost: m.Lost, Doubled: m.Doubled, Disordered: m.Disordered}); got != c.want {
				t.Fatalf("%+v", m)
			}
		})
	}
}

func TestMembersOfTwoLoopsAreAddedUp(t *testing.T) {
	ours, theirs := make(ledger, 2), make(ledger, 2)
	for seq := range uint64(200) {
		switch {
		case seq == 70: // lost
		case seq%2 == 0:
			ours.take(1, seq)
		default:
			theirs.take(1, seq)
		}
	}
	theirs.take(1, 64) // both
	if theirs.take(1, 65) {
		t.Fatal("65 came twice unseen")
	}
	if both := ours.merge(theirs); both != 1 || ours.count(1) != 199 || ours.count(0) != 0 {
		t.Fatal(both, ours.count(1))
	}
}

func TestARepeatedIdentifierIsHeldUntilItsRelease(t *testing.T) {
	var h held
	h.release(9)
	for _, id := range []uint16{1, 65535, 64} {
		if !h.take(id) || h.take(id) {
			t.Fatal(id)
		}
		h.release(id)
		if !h.take(id) {
			t.Fatal(id, "was not released")
		}
	}
}
