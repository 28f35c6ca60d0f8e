package loop

import (
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// crowded is a Handler under a flood: a line "f" goes to every receiver, each "a"
// acknowledges one of those and fetches another, "n" is answered. It counts units of
// work as the loop does, and has the newcomer speak when so many are done.
type crowded struct {
	loop    *Loop
	conns   []*Conn // the flooder, the newcomer, the receivers
	units   int
	askAt   int
	now     time.Time
	ask     func()
	asked   int  // when it was
	taken   int  // when the newcomer was read
	left    int  // when its answer left, or was handed to its writer
	waiting int  // lines that are still to come
	due     bool // a line was taken that is for the end of the turn
}

func (h *crowded) Open(c *Conn) { h.conns = append(h.conns, c) }

func (h *crowded) Read(c *Conn, b []byte) (used int) {
	const share = 256
	h.work(0, readWork)
	from := h.units
	for ; len(b)-used >= 2; used += 2 {
		if h.units-from >= share {
			c.Yield()
			break
		}
		h.line(c, b[used:used+2])
	}
	return used
}

func (h *crowded) line(c *Conn, line []byte) {
	h.waiting--
	switch line[0] {
	case 'f':
		for _, r := range h.conns[2:] {
			r.SetOutput(append(r.Output(), "m\n"...))
		}
		h.work(len(h.conns)-1, 0)
	case 'a':
		c.SetOutput(append(c.Output(), "m\n"...))
		h.work(2, 0)
	case 'n':
		h.taken = h.units - h.asked
		c.SetOutput(append(c.Output(), line...))
		h.work(1, 0)
	case 't':
		h.due = true
	}
}

// work counts what the handler tells the loop, and what the loop sees for itself.
func (h *crowded) work(told, seen int) {
	h.loop.Spend(told)
	h.units += told + seen
	if c := h.conns[1]; h.left == 0 && c.portable != nil && c.portable.isWriting {
		h.left = h.units - h.asked
	}
	if h.askAt > 0 && h.units >= h.askAt {
		h.askAt, h.asked = 0, h.units
		h.ask()
	}
}

func (h *crowded) Closed(*Conn, error) {}
func (h *crowded) Due(*Conn)           {}
func (h *crowded) Message(any)         {}
func (h *crowded) Turn()               { h.due = false }

func (h *crowded) Written(c *Conn) {
	if c == h.conns[1] && h.left == 0 {
		h.left = h.units - h.asked
	}
	if c.portable != nil {
		h.work(0, readWork) // the writer's event; the write was counted when it began
		return
	}
	h.work(0, writeWork)
}

// One client floods a hundred that acknowledge each message. Wherever in that a
// newcomer speaks, it is read and answered before much more is done: the acknowledgements
// of a hundred and the writes to them are the flood's work, too.
func TestANewcomerDoesNotWaitForAFloodsReceivers(t *testing.T) {
	over(t, []string{""}, testANewcomerDoesNotWait)
}

func testANewcomerDoesNotWait(t *testing.T, transport string) {
	const most = 1024 // units; a round has tens of thousands
	h := &crowded{now: time.Unix(1e9, 0)}
	h.loop = newLoop(t, transport, h, func() time.Time { return h.now })
	nc := h.sockets(t, 102)
	h.ask = func() { h.waiting++; say(t, nc[1], "n\n"); arrived(h.conns[1]) }
	h.flood(t, nc, 0) // now it is known who is busy
	asked := 0
	for at := 100; h.flood(t, nc, at); at += 997 {
		if asked++; h.taken > most || h.left > most {
			t.Errorf("who came after %d units was read after %d more and answered after %d", at, h.taken, h.left)
		}
		hear(t, nc[1], "n\n")
	}
	if asked < 30 {
		t.Errorf("asked %d times: that was no flood", asked)
	}
	h.loop.Stop()
	h.loop.Run()
	h.loop.WaitConns()
}

// What was read between the writes at a turn's end, and brings no output, has a turn's end
// of its own.
func TestWhatComesBetweenWritesIsNotLeft(t *testing.T) {
	over(t, []string{""}, func(t *testing.T, transport string) {
		h := &crowded{now: time.Unix(1e9, 0)}
		h.loop = newLoop(t, transport, h, func() time.Time { return h.now })
		nc := h.sockets(t, 102)
		h.ask = func() { h.waiting++; say(t, nc[1], "t\n"); arrived(h.conns[1]) }
		h.flood(t, nc, 0)
		for at := h.units - 2500; h.flood(t, nc, at); at += 97 {
		}
		if h.due {
			t.Error("the last one is left")
		}
		h.loop.Stop()
		h.loop.Run()
		h.loop.WaitConns()
	})
}

// What a flooder's shares leave of a read makes no garbage: collecting it held others up
// for milliseconds.
func TestAFloodMakesNoGarbage(t *testing.T) {
	for _, transport := range systems() { // one after the other: all garbage is counted
		t.Run(transport, func(t *testing.T) { testAFloodMakesNoGarbage(t, transport) })
	}
}

func testAFloodMakesNoGarbage(t *testing.T, transport string) {
	const lines, rounds = 16 << 10, 64
	h := &crowded{now: time.Unix(1e9, 0)}
	h.loop = newLoop(t, transport, h, func() time.Time { return h.now })
	nc := h.sockets(t, 2)
	burst := []byte(strings.Repeat("f\n", lines))
	var before, after runtime.MemStats
	for i := range 2 * rounds {
		if i == rounds {
			runtime.ReadMemStats(&before)
		}
		h.waiting = lines
		if _, err := nc[0].Write(burst); err != nil {
			t.Fatal(err)
		}
		for h.waiting > 0 {
			h.loop.await()
			h.loop.turn()
		}
	}
	runtime.ReadMemStats(&after)
	most := rounds * uint64(len(burst)) / 16
	if transport == "portable" {
		most *= 16 // with the race detector pools forget a part of what they are given
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > most {
		t.Errorf("%d bytes of garbage for %d bytes read", n, rounds*len(burst))
	}
	h.loop.Stop()
	h.loop.Run()
	h.loop.WaitConns()
}

// Who makes much is busy until it has made little for a while; how much that is goes by
// what all make.
func TestWhoIsBusy(t *testing.T) {
	const period = 1 << effortBits
	var e effort
	quiet, flooder, steady := &Conn{}, &Conn{}, &Conn{}
	for i, step := range []struct {
		c    *Conn
		work int
		at   int64
		busy bool
	}{
		{quiet, 10, 0, false},
		{quiet, 10, period / 2, false},
		{steady, 100, period / 2, true},
		{flooder, 2000, period / 2, true},
		{steady, 1, period, true},       // the limit is 2120/3/4 = 176, of which it made more than half
		{steady, 10, 2 * period, false}, // ... but then only 1 of its share
		{flooder, 1, 9 * period, false}, // it was quiet for long
		{flooder, muchWork, 9 * period, true},
		{quiet, 20, 9 * period, false},
		{quiet, 131, 10 * period, true}, // the limit is 1045/2/4 = 130
		{flooder, 100_000, 11 * period, true},
		{steady, muchWork, 12 * period, false}, // the limit goes no further
	} {
		c := step.c
		if c.flags.busy = e.busy(c, step.work, step.at+period); c.flags.busy != step.busy {
			t.Fatalf("step %d: busy is %v", i, c.flags.busy)
		}
	}
}

// flood runs a round until all is taken and has left, and says whether the newcomer was
// asked in it: else it was over before.
func (h *crowded) flood(t *testing.T, nc []net.Conn, askAt int) (asked bool) {
	h.units, h.taken, h.left, h.askAt = 0, 0, 0, askAt
	h.now = h.now.Add(10 * time.Millisecond)
	h.waiting = 100 * (1 + len(nc) - 2)
	say(t, nc[0], strings.Repeat("f\n", 100))
	for _, r := range nc[2:] {
		say(t, r, strings.Repeat("a\n", 100))
	}
	arrived(h.conns[0])
	arrived(h.conns[2:]...)
	for h.waiting > 0 || h.loop.Waiting() > 0 { // until it has left, too
		if h.due && h.loop.idle() {
			t.Fatalf("the loop sleeps on what came after %d units", askAt)
		}
		h.loop.await()
		h.loop.turn()
	}
	for _, r := range nc[2:] {
		hear(t, r, strings.Repeat("m\n", 200))
	}
	return askAt > 0 && h.askAt == 0
}

// sockets are n connections of a loop that the test turns by hand.
func (h *crowded) sockets(t *testing.T, n int) (list []net.Conn) {
	for i := range n {
		ours, theirs := pair(t, "tcp", "127.0.0.1:0")
		h.loop.Adopt(theirs, uint64(i), nil)
		list = append(list, ours)
	}
	for len(h.conns) < n {
		h.loop.await()
		h.loop.turn()
	}
	return list
}
