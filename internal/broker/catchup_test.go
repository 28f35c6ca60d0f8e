package broker

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/stream"
)

// heldState is a log that holds one who asks for its state.
type heldState struct {
	*stream.MemoryLog
	held  chan chan struct{} // gets who asks, when somebody listens
	armed *atomic.Bool
}

func (l heldState) State(ctx context.Context) (stream.LogState, error) {
	if l.armed.CompareAndSwap(true, false) {
		release := make(chan struct{})
		l.held <- release
		<-release
	}
	return l.MemoryLog.State(ctx)
}

// A client that is catching up subscribes to more: what comes for it then is not passed
// over by an answer that was asked for before.
func TestWhoSubscribesWhileCatchingUpMissesNothing(t *testing.T) {
	d, l := newDisk(), heldState{held: make(chan chan struct{}), armed: new(atomic.Bool)}
	b, _ := d.nodeOn(t, Options{}, func(c stream.LogConfig) stream.Log {
		if c.Name != "telemetry" {
			return d[c.Name]
		}
		l.MemoryLog = d[c.Name]
		return l
	})
	sub, _ := come(t, b, "sub", 100, nil)
	sub.subscribe("kept/a", 1)
	sub.drop(b)
	pub := enter(t, b, packet.V5, "pub")
	long := string(make([]byte, 1<<10))
	pub.publishAll("kept/a", []string{long, long})
	eventually(t, "it has passed the client by", func() bool { return queued(t, b, "sub") == 2 })

	l.armed.Store(true)
	sub, _ = come(t, b, "sub", 100, nil)
	asked := <-l.held // by the one who reads what it has missed
	sub.send(&packet.Subscribe{ID: 9, Filters: []packet.Subscription{{Filter: []byte("kept/b"), QoS: 1}}})
	var got []string
	for done := false; !done; {
		switch p, err := sub.read(); p := p.(type) {
		case *packet.Suback:
			done = true
		case *packet.Publish:
			got = append(got, string(p.Payload))
			sub.send(&packet.Ack{Kind: packet.TypePuback, ID: p.ID})
		default:
			t.Fatal(p, err)
		}
	}
	pub.publishAll("kept/b", []string{"new"})
	close(asked)
	got = append(got, sub.take(3-len(got))...)
	if !slices.Contains(got, "new") {
		t.Errorf("got %d messages, and not the new one", len(got))
	}
}
