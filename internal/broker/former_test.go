package broker

import "testing"

// folded waits until a loop has let go of what so many clients do not need who are away.
func folded(t *testing.T, b *Broker, n int) {
	t.Helper()
	eventually(t, "the clients that are away are folded", func() bool {
		have := 0
		for _, w := range b.workers {
			if err := b.tell(t.Context(), w, func(w *worker) {
				for _, c := range w.clients {
					if c.former() != nil && c.conn == w.nobody {
						have++
					}
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		return have == n
	})
}

// What is shown of a client that has left is of its last connection, and the recorder knows it by
// the same number.
func TestAFoldedClientIsShownAsItWas(t *testing.T) {
	d := newDisk()
	b, end := d.node(t, Options{Loops: 2})
	look := func() (remote string, conn uint64) {
		i, err := b.Client(t.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		return i.Remote.String(), i.Conn
	}
	var numbers []uint64
	for range 2 {
		c, _ := come(t, b, "c", 100, nil)
		c.subscribe("kept/a", 1)
		remote, conn := look()
		if remote != c.nc.LocalAddr().String() {
			t.Errorf("connected from %v: %s", c.nc.LocalAddr(), remote)
		}
		c.drop(b)
		folded(t, b, 1)
		if r, n := look(); r != remote || n != conn {
			t.Errorf("away: %s, %d; connected: %s, %d", r, n, remote, conn)
		}
		if s, _, err := b.Standing(t.Context(), "c"); err != nil || s.Conn != uint32(conn) {
			t.Error(s.Conn, err)
		}
		numbers = append(numbers, conn)
	}
	if numbers[0] == numbers[1] {
		t.Error("two connections with the number", numbers[0])
	}
	end()
	b, _ = d.node(t, Options{Loops: 2})
	folded(t, b, 1)
	if err := b.Kick(t.Context(), "c", true); err != nil {
		t.Error(err)
	}
}
