package loop

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// adopted gives one end of a connection to the loop; ended is closed when its
// place is free again.
func (h *lines) adopted(t *testing.T, theirs net.Conn) (ended chan struct{}) {
	t.Helper()
	ended = make(chan struct{})
	h.loop.Adopt(theirs, 1, doorBell(ended))
	h.expect(t, "open")
	return ended
}

func await(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("never: " + what)
	}
}

// pair is a connected pair of sockets.
func pair(t *testing.T, network, address string) (ours, theirs net.Conn) {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if ours, err = net.Dial(network, ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if theirs, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	_ = ours.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { _ = ours.Close() })
	return ours, theirs
}

func TestALineLargerThanEveryBuffer(t *testing.T) { transports(t, aLineLargerThanEveryBuffer) }

func aLineLargerThanEveryBuffer(t *testing.T, transport string) {
	nc := run(t, transport, nil).socket(t)
	line := strings.Repeat("0123456789", 100_000) + "\n"
	for range 3 {
		say(t, nc, line) // taken whole before there is an answer
		hear(t, nc, line)
	}
}

func TestOutputWaitsForASlowReader(t *testing.T) { transports(t, outputWaitsForASlowReader) }

func outputWaitsForASlowReader(t *testing.T, transport string) {
	h := run(t, transport, nil)
	nc := h.socket(t)
	say(t, nc, "flood\npause\n")
	h.expect(t, "paused") // and the loop goes on
	hear(t, nc, "flood\n"+string(make([]byte, floodBytes))+"pause\n")
	h.loop.Post("paused")
	h.expect(t, "message paused")
	say(t, nc, "after\n")
	hear(t, nc, "after\n")
}

func TestUnixSocketsAndPipes(t *testing.T) { transports(t, unixSocketsAndPipes) }

func unixSocketsAndPipes(t *testing.T, transport string) {
	ours, theirs := pair(t, "unix", filepath.Join(t.TempDir(), "s"))
	left, right := net.Pipe() // no socket: goroutines read it on every loop
	t.Cleanup(func() { _ = left.Close() })
	for _, ends := range [][2]net.Conn{{ours, theirs}, {left, right}} {
		h := run(t, transport, nil)
		ended := h.adopted(t, ends[1])
		say(t, ends[0], "hello\nwor")
		hear(t, ends[0], "hello\n")
		say(t, ends[0], "ld\n")
		hear(t, ends[0], "world\n")
		_ = ends[0].Close()
		h.expect(t, "closed")
		await(t, "given back", ended)
	}
}

func TestACloseThatNobodyReadsIsCutOff(t *testing.T) { transports(t, aCloseThatNobodyReadsIsCutOff) }

func aCloseThatNobodyReadsIsCutOff(t *testing.T, transport string) {
	h := run(t, transport, nil)
	ours, theirs := pair(t, "tcp", "127.0.0.1:0")
	ended := h.adopted(t, theirs)
	say(t, ours, "flood\nbye\n")
	await(t, "given back", ended)
	h.loop.WaitConns() // though our end is open
}

func TestAPeerThatStaysAfterTheCloseIsCutOff(t *testing.T) {
	transports(t, aPeerThatStaysAfterTheCloseIsCutOff)
}

func aPeerThatStaysAfterTheCloseIsCutOff(t *testing.T, transport string) {
	h := run(t, transport, nil)
	ours, theirs := pair(t, "tcp", "127.0.0.1:0")
	ended := h.adopted(t, theirs)
	say(t, ours, "bye\n")
	await(t, "given back", ended) // before the peer has said anything
	hear(t, ours, "bye\n")
	if n, err := ours.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(n, err)
	}
	h.loop.WaitConns()
}

func TestAResetIsHeardWhenThePauseEnds(t *testing.T) { transports(t, aResetIsHeardWhenThePauseEnds) }

func aResetIsHeardWhenThePauseEnds(t *testing.T, transport string) {
	h := run(t, transport, nil)
	ours, theirs := pair(t, "tcp", "127.0.0.1:0")
	ended := h.adopted(t, theirs)
	say(t, ours, "pause\n")
	h.expect(t, "paused")
	hear(t, ours, "pause\n")
	_ = ours.(*net.TCPConn).SetLinger(0)
	_ = ours.Close()
	h.loop.Post("paused")
	h.expect(t, "message paused")
	h.expect(t, "closed")
	await(t, "given back", ended)
}

func TestAPausedConnectionCanBeClosedAndAborted(t *testing.T) {
	transports(t, aPausedConnectionCanBeClosedAndAborted)
}

func aPausedConnectionCanBeClosedAndAborted(t *testing.T, transport string) {
	for _, end := range []string{"close", "abort"} {
		h := run(t, transport, nil)
		ours, theirs := pair(t, "tcp", "127.0.0.1:0")
		ended := h.adopted(t, theirs)
		say(t, ours, "pause\nunread\n")
		h.expect(t, "paused")
		hear(t, ours, "pause\n")
		h.loop.Post(end)
		await(t, end, ended)
		for err := error(nil); err == nil; {
			_, err = ours.Read(make([]byte, 10))
		}
	}
}

// TestManyConnections lets clients on two loops say and hear lines of every
// length, and leave in every way.
func TestManyConnections(t *testing.T) { transports(t, manyConnections) }

func manyConnections(t *testing.T, transport string) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	a, b := run(t, transport, nil), run(t, transport, nil)
	a.seen, b.seen = make(chan string, 1000), make(chan string, 1000)
	a.moveTo, b.moveTo = b.loop, b.loop
	var all sync.WaitGroup
	for i := range 30 {
		ours, theirs := pair(t, "tcp", "127.0.0.1:0")
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		ended := make(chan struct{})
		a.loop.Adopt(theirs, uint64(i), doorBell(ended))
		all.Go(func() {
			visit(t, ours, r)
			await(t, "given back", ended)
		})
	}
	all.Wait()
}

// visit is one client's stay; its first line may move it.
func visit(t *testing.T, nc net.Conn, r *rand.Rand) {
	if r.IntN(2) == 0 {
		say(t, nc, "move\n")
		hear(t, nc, "move\n")
	}
	for range r.IntN(8) {
		line := fmt.Sprintf("%0*d\n", 1+r.IntN(1<<r.IntN(16)), r.IntN(10))
		go func() { _, _ = io.WriteString(nc, line) }()
		hear(t, nc, line)
	}
	switch r.IntN(4) {
	case 0:
		say(t, nc, "bye\n")
		hear(t, nc, "bye\n")
	case 1:
		say(t, nc, "abort\n")
	case 2:
		_ = nc.(*net.TCPConn).SetLinger(0)
	}
	_ = nc.Close()
}

// doorBell is a door that is closed when its connection has ended.
type doorBell chan struct{}

func (d doorBell) Release(*Conn) { close(d) }
