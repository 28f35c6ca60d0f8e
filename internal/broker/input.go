package broker

import (
	"slices"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/fault"
)

var errInput = fault.New(fault.MemoryGuard, "Too many bytes of packets that are not whole wait at this moment; this client had sent the most.")

// tellInput adds to the broker's sum what this loop keeps of what clients have sent: parts
// of packets, and what waits for its turn. Beyond half of what all may keep, reads are
// short; beyond the whole, a loop with more than its share closes those who hold most.
func (w *worker) tellInput() {
	if n := int64(w.loop.Input()); n != w.toldInput {
		w.broker.input.Add(n - w.toldInput)
		w.toldInput = n
	}
	most, all := w.options.InputBytes, w.broker.input.Load()
	if less := all > most/2; less != w.readLess {
		w.readLess = less
		w.loop.ReadLess(less)
	}
	if share := most / int64(w.options.Loops); all > most && w.toldInput > share {
		w.closeLargest(max(share/4*3, w.toldInput-(all-most/4*3)))
	}
}

// closeLargest closes those of whom most is kept until the others hold no more than that.
func (w *worker) closeLargest(most int64) {
	var all []*loop.Conn
	w.loop.Each(func(c *loop.Conn) {
		if c.Input() > 0 {
			all = append(all, c)
		}
	})
	slices.SortFunc(all, func(a, b *loop.Conn) int { return b.Input() - a.Input() })
	for _, c := range all {
		if int64(w.loop.Input()) <= most {
			return
		}
		w.end(clientOf(c), errInput)
	}
}
