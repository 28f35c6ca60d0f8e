package broker

import (
	"reflect"
	"testing"

	"github.com/millrace/millrace/internal/broker/cursor"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// A client comes back with the node before it is known how much waits for it, and leaves
// again: nothing of it is passed over, though the loop has taken nothing of the tail yet.
func TestWhoLeavesUncountedLosesNothing(t *testing.T) {
	t.Parallel()
	d := newDisk()
	o := Options{Zone: Zone{Inflight: 2}}
	b, end := d.node(t, o)
	c, _ := come(t, b, "sub", 1000, nil)
	c.subscribe("kept/a", 1)
	c.drop(b)
	all := series("m", 1, 50)
	enter(t, b, packet.V5, "pub").publishAll("kept/a", all)
	end()

	b, end = d.node(t, o)
	eventually(t, "what waits is counted anew", func() bool { return queued(t, b, "sub") == 50 })
	inside := func(f func(w *worker, k *cursor.Cursor)) {
		w := b.homeOf("sub")
		if err := b.ask(t.Context(), []*worker{w}, func(int) func(*worker) bool {
			return func(w *worker) bool { f(w, w.clients["sub"].enduring.cursor(1)); return false }
		}); err != nil {
			t.Fatal(err)
		}
	}
	inside(func(w *worker, k *cursor.Cursor) {
		*k = cursor.Restored(k.Next()) // as if it had come and gone before
		w.trim(w.clients["sub"], 1)
	})
	eventually(t, "it is counted", func() (counted bool) {
		inside(func(_ *worker, k *cursor.Cursor) { counted = !k.Uncounted() })
		return counted
	})
	c, _ = come(t, b, "sub", 1000, nil)
	if got := c.take(50); !reflect.DeepEqual(got, all) {
		t.Errorf("got %d", len(got))
	}
	end()
}
