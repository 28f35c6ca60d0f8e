package loop

import (
	"bytes"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// shares is a Handler that takes ten lines of a connection at a time, and writes
// down what happens in which order: a line's first letter, "." for the end of a turn.
type shares struct {
	loop  *Loop
	conns []*Conn
	order []byte
	at    map[int]func() // by how many lines were taken
	lines int
}

func (h *shares) Open(c *Conn) { h.conns = append(h.conns, c) }

func (h *shares) Read(c *Conn, b []byte) (used int) {
	for lines := 0; ; lines++ {
		n := bytes.IndexByte(b[used:], '\n')
		if n < 0 {
			return used
		}
		if lines == 10 {
			c.Yield()
			return used
		}
		h.order = append(h.order, b[used])
		c.SetOutput(append(c.Output(), b[used:used+n+1]...))
		used += n + 1
		h.loop.Spend(1)
		if h.lines++; h.at[h.lines] != nil {
			h.at[h.lines]()
		}
	}
}

func (h *shares) Closed(*Conn, error) {}
func (h *shares) Written(*Conn)       {}
func (h *shares) Due(*Conn)           {}
func (h *shares) Message(any)         {}
func (h *shares) Turn()               { h.order = append(h.order, '.') }

// sockets are n connections of a loop that the test turns by hand.
func (h *shares) sockets(t *testing.T, n int) []net.Conn {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	list := make([]net.Conn, n)
	for i := range list {
		list[i], err = net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		h.loop.Adopt(theirs, uint64(i), nil)
		_ = list[i].SetDeadline(time.Now().Add(20 * time.Second))
	}
	for len(h.conns) < n {
		h.turn()
	}
	h.order = h.order[:0]
	return list
}

func (h *shares) turn() {
	h.loop.await()
	h.loop.turn()
}

// arrived waits until what was written to each socket lies before its loop, which is this
// goroutine's.
func arrived(conns ...*Conn) {
	for _, c := range conns {
		for c.portable != nil && !c.hasArrived() {
			runtime.Gosched()
		}
	}
}

func (c *Conn) hasArrived() bool {
	for _, list := range []*event{c.loop.readers.inbox.head.Load(), c.loop.readers.taken} {
		for e := list; e != nil; e = e.next {
			if e.conn == c && e.kind == chunkRead {
				return true
			}
		}
	}
	return false
}

// A busy connection goes on by shares of ten lines. Who comes meanwhile waits for
// one share, not for all that the busy one has brought, and is answered at once.
func TestOthersAreAttendedToBetweenShares(t *testing.T) {
	over(t, []string{""}, func(t *testing.T, transport string) {
		h := &shares{at: map[int]func(){}}
		h.loop = newLoop(t, transport, h, nil)
		nc := h.sockets(t, 3)
		h.at[35] = func() { say(t, nc[1], "one\n"); arrived(h.conns[1]) }
		h.at[36] = func() { say(t, nc[2], "two\n"); arrived(h.conns[2]) }
		say(t, nc[0], strings.Repeat("busy\n", 100))
		arrived(h.conns[0])
		for h.lines < 102 {
			h.turn()
		}
		order := string(h.order)
		if i := strings.IndexByte(order, 'o'); i < 35 || i > 45 {
			t.Errorf("one came after %d lines: %s", i, order)
		}
		if got := strings.Trim(order, "b."); got != "ot." && got != "ot" {
			t.Errorf("between the shares: %q in %s", got, order)
		}
		if n := strings.Count(order, "."); n > 4 {
			t.Errorf("%d ends of a turn for what fits into one: %s", n, order)
		}
		h.goOn(t)
		hear(t, nc[0], strings.Repeat("busy\n", 100))
		hear(t, nc[1], "one\n")
		hear(t, nc[2], "two\n")
	})
}

// Two busy connections take turns, share by share.
func TestBusyConnectionsTakeTurns(t *testing.T) {
	over(t, []string{""}, func(t *testing.T, transport string) {
		h := &shares{}
		h.loop = newLoop(t, transport, h, nil)
		nc := h.sockets(t, 2)
		say(t, nc[0], strings.Repeat("a\n", 50))
		say(t, nc[1], strings.Repeat("b\n", 50))
		arrived(h.conns...)
		for h.lines < 100 {
			h.turn()
		}
		ahead := 0
		for _, c := range h.order {
			switch c {
			case 'a':
				ahead++
			case 'b':
				ahead--
			}
			if ahead > 10 {
				t.Fatalf("one is far ahead: %s", h.order)
			}
		}
		h.goOn(t)
		hear(t, nc[0], strings.Repeat("a\n", 50))
		hear(t, nc[1], strings.Repeat("b\n", 50))
	})
}

// A share's budget ends the turn, so that output does not wait for ever.
func TestABusyConnectionsOutputLeaves(t *testing.T) {
	over(t, []string{""}, func(t *testing.T, transport string) {
		h := &shares{at: map[int]func(){}}
		h.loop = newLoop(t, transport, h, nil)
		nc := h.sockets(t, 1)
		for i := range 100 {
			h.at[i] = func() { h.loop.Spend(turnBytes / deliveryBytes / 20) }
		}
		say(t, nc[0], strings.Repeat("a\n", 100))
		for h.lines < 100 {
			h.turn()
		}
		if n := bytes.Count(h.order, []byte(".")); n < 4 || n > 8 {
			t.Errorf("%d turns: %s", n, h.order)
		}
		h.goOn(t)
		hear(t, nc[0], strings.Repeat("a\n", 100))
	})
}

// goOn lets the loop run by itself until the test ends.
func (h *shares) goOn(t *testing.T) {
	go h.loop.Run()
	t.Cleanup(func() {
		h.loop.Stop()
		<-h.loop.Done()
		h.loop.WaitConns()
	})
}
