package loop

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// transports runs a test over each transport of this system, in the clear, through
// one codec and through two.
func transports(t *testing.T, test func(t *testing.T, transport string)) {
	over(t, []string{"", "+tls1.3", "+wss"}, test)
}

func over(t *testing.T, codecs []string, test func(t *testing.T, transport string)) {
	for _, name := range systems() {
		for _, codec := range codecs {
			t.Run(name+codec, func(t *testing.T) {
				t.Parallel()
				test(t, name+codec)
			})
		}
	}
}

// systems are the transports of this system.
func systems() []string {
	if runtime.GOOS != "linux" {
		return []string{"portable"}
	}
	return []string{"epoll", "portable"}
}

// newLoop returns a loop of that transport.
func newLoop(t testing.TB, transport string, h Handler, now func() time.Time) *Loop {
	l := New(h, now)
	if strings.HasPrefix(transport, "portable") {
		return l
	}
	if err := l.EventDriven(); err != nil {
		t.Fatal(err)
	}
	return l
}

// floodBytes is more than a socket takes while its peer does not read.
const floodBytes = 16 << 20

// lines is a Handler that takes lines: it echoes them, and obeys a few.
type lines struct {
	loop   *Loop
	moveTo *Loop
	seen   chan string // everything that happens, for the tests
	conns  map[string]*Conn
	codec  string // what connections pass: "", "tls1.2", "ws" …
}

func (h *lines) Open(c *Conn) { h.seen <- "open" }

func (h *lines) Read(c *Conn, b []byte) (used int) {
	for c.Open() && !c.Paused() {
		n := bytes.IndexByte(b[used:], '\n')
		if n < 0 {
			break
		}
		line := b[used : used+n+1]
		if string(line) == "move\n" && h.moveTo != h.loop {
			c.MoveTo(h.moveTo, b[used:])
			return used
		}
		used += n + 1
		c.SetOutput(append(c.Output(), line...))
		h.obey(c, string(line[:n]))
	}
	return used
}

func (h *lines) obey(c *Conn, line string) {
	switch line {
	case "pause":
		c.Pause()
		h.conns["paused"] = c
		h.seen <- "paused"
	case "flood":
		c.SetOutput(append(c.Output(), make([]byte, floodBytes)...))
	case "bye":
		c.Close()
	case "abort":
		c.Abort()
	case "wake":
		c.Wake(h.loop.Now() + int64(time.Second))
		h.seen <- "set"
	}
}

func (h *lines) Closed(*Conn, error) { h.seen <- "closed" }
func (h *lines) Written(*Conn)       {}
func (h *lines) Due(*Conn)           { h.seen <- "due" }
func (h *lines) Turn()               {}

func (h *lines) Message(v any) {
	c := h.conns["paused"]
	switch {
	case v == "input":
		v = fmt.Sprint(h.loop.Input())
	case c == nil:
	case v == "paused":
		c.Resume()
	case v == "close":
		c.Close()
	case v == "abort":
		c.Abort()
	}
	h.seen <- "message " + v.(string)
}

// run starts a loop that is stopped when the test ends.
func run(t *testing.T, transport string, now func() time.Time) *lines {
	h := &lines{seen: make(chan string, 1000), conns: map[string]*Conn{}, codec: codecOf(transport)}
	h.loop = newLoop(t, transport, h, now)
	h.moveTo = h.loop
	go h.loop.Run()
	t.Cleanup(func() {
		h.loop.WaitConns()
		h.loop.Stop()
		<-h.loop.Done()
	})
	return h
}

func (h *lines) expect(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-h.seen:
		if got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("never %q", want)
	}
}

// socket is a real connection whose other end the loop has.
func (h *lines) socket(t *testing.T) net.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ours, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	ours = h.through(t, ours, theirs, 7, nil)
	_ = ours.SetDeadline(time.Now().Add(20 * time.Second))
	h.expect(t, "open")
	return ours
}

func say(t *testing.T, nc net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(nc, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, nc net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != want {
		t.Fatalf("%q, %v, want %q", got, err, want)
	}
}

func TestBytesComeInOrderHoweverTheyAreSplit(t *testing.T) {
	transports(t, bytesComeInOrderHoweverTheyAreSplit)
}

func bytesComeInOrderHoweverTheyAreSplit(t *testing.T, transport string) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	nc := run(t, transport, nil).socket(t)
	text := make([]byte, 1<<20)
	for i := range text {
		text[i] = byte('a' + r.IntN(26))
		if r.IntN(5000) == 0 || i == len(text)-1 {
			text[i] = '\n'
		}
	}
	go func() {
		for rest := text; len(rest) > 0; {
			n := min(1+r.IntN(1<<r.IntN(18)), len(rest))
			_, _ = nc.Write(rest[:n])
			rest = rest[n:]
		}
	}()
	hear(t, nc, string(text))
}

func TestAPausedConnectionIsNotReadAndLosesNothing(t *testing.T) {
	transports(t, aPausedConnectionIsNotReadAndLosesNothing)
}

func aPausedConnectionIsNotReadAndLosesNothing(t *testing.T, transport string) {
	h := run(t, transport, nil)
	nc := h.socket(t)
	say(t, nc, "a\npause\nb\nc")
	h.expect(t, "paused")
	say(t, nc, "d\ne\n")
	_ = nc.(interface{ CloseWrite() error }).CloseWrite()
	hear(t, nc, "a\npause\n")
	h.loop.Post("other")
	h.expect(t, "message other") // nothing was heard of the rest, not even the end
	h.loop.Post("paused")
	h.expect(t, "message paused")
	hear(t, nc, "b\ncd\ne\n")
	h.expect(t, "closed")
}

func TestAConnectionMovesWithWhatWasRead(t *testing.T) {
	transports(t, aConnectionMovesWithWhatWasRead)
}

func aConnectionMovesWithWhatWasRead(t *testing.T, transport string) {
	from, to := run(t, transport, nil), run(t, transport, nil)
	from.moveTo = to.loop
	to.moveTo = to.loop
	nc := from.socket(t)
	say(t, nc, "mo")
	say(t, nc, "ve\nnext\nha")
	to.expect(t, "open")
	hear(t, nc, "move\nnext\n")
	say(t, nc, "lf\n")
	hear(t, nc, "half\n")
	_ = nc.Close()
	to.expect(t, "closed")
}

func TestCloseDeliversTheLastBytesFirst(t *testing.T) { transports(t, closeDeliversTheLastBytesFirst) }

func closeDeliversTheLastBytesFirst(t *testing.T, transport string) {
	h := run(t, transport, nil)
	nc := h.socket(t)
	flood := append([]byte("bye\n"), bytes.Repeat([]byte("x"), 200_000)...)
	say(t, nc, string(flood)) // unread bytes must not reset the connection
	hear(t, nc, "bye\n")
	if n, err := nc.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(n, err)
	}
}

func TestAConnectionThatEndsInsideASplitLine(t *testing.T) {
	transports(t, aConnectionThatEndsInsideASplitLine)
}

func aConnectionThatEndsInsideASplitLine(t *testing.T, transport string) {
	h := run(t, transport, nil)
	for _, end := range []string{"bye", "abort"} {
		nc := h.socket(t)
		say(t, nc, "a\n"+end[:2])
		hear(t, nc, "a\n")
		say(t, nc, end[2:]+"\nmore\n")
		for err := error(nil); err == nil; {
			_, err = nc.Read(make([]byte, 10))
		}
	}
}

func TestTimersFireOnceAndOnTime(t *testing.T) { transports(t, timersFireOnceAndOnTime) }

func timersFireOnceAndOnTime(t *testing.T, transport string) {
	var ns atomic.Int64
	ns.Store(1e18)
	h := run(t, transport, func() time.Time { return time.Unix(0, ns.Load()) })
	nc := h.socket(t)
	say(t, nc, "wake\n")
	hear(t, nc, "wake\n")
	h.expect(t, "set")
	ns.Add(int64(900 * time.Millisecond))
	h.loop.Tick()
	h.loop.Post("early") // would come after a due
	h.expect(t, "message early")
	ns.Add(int64(400 * time.Millisecond))
	h.loop.Tick()
	h.expect(t, "due")
	say(t, nc, "wake\nwake\n") // the second wish takes the place of the first
	h.expect(t, "set")
	h.expect(t, "set")
	ns.Add(int64(time.Minute))
	h.loop.Tick()
	h.expect(t, "due")
	h.loop.Post("late")
	h.expect(t, "message late")
	_ = nc.Close()
	h.expect(t, "closed")
}

func TestWheelAgainstAModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	now := int64(1e18)
	w := newWheel(now)
	due, expected := map[Handle]int64{}, map[Handle]int64{}
	for i := range 20_000 {
		h := Handle(i + 1)
		due[h] = now + r.Int64N(int64(200*time.Second)) - int64(time.Second)
		expected[h] = max(due[h], now) // what is added late fires from then on
		w.add(h, due[h])
		if r.IntN(3) > 0 {
			continue
		}
		now += r.Int64N(int64(2 * time.Second))
		w.advance(now, func(x timer) {
			if due[x.handle] != x.due || x.due > now {
				t.Fatalf("fired at %d: %+v, due %d", now, x, due[x.handle])
			}
			delete(due, x.handle)
		})
		for h := range due {
			if at := expected[h]; at <= now-2*wheelTick {
				t.Fatalf("%d is %v late", h, time.Duration(now-at))
			}
			break
		}
	}
	now += int64(time.Hour)
	for range 3 {
		w.advance(now, func(x timer) { delete(due, x.handle) })
		now += wheelTick * 2
	}
	if len(due) != 0 {
		t.Fatalf("%d never fired", len(due))
	}
}

func TestStopAbortsWhatIsLeft(t *testing.T) { transports(t, stopAbortsWhatIsLeft) }

func stopAbortsWhatIsLeft(t *testing.T, transport string) {
	h := &lines{seen: make(chan string, 10), conns: map[string]*Conn{}}
	h.loop = newLoop(t, transport, h, nil)
	go h.loop.Run()
	nc := h.socket(t)
	h.loop.Stop()
	<-h.loop.Done()
	if _, err := nc.Read(make([]byte, 1)); err == nil {
		t.Fatal("still open")
	}
	h.loop.WaitConns()
}

func BenchmarkPost(b *testing.B) {
	h := &counter{}
	l := New(h, nil)
	go l.Run()
	b.ReportAllocs()
	for b.Loop() {
		l.Post(h)
	}
	l.Stop()
	<-l.Done()
}

type counter struct{ n int }

func (*counter) Open(*Conn)             {}
func (*counter) Read(*Conn, []byte) int { return 0 }
func (*counter) Closed(*Conn, error)    {}
func (*counter) Written(*Conn)          {}
func (*counter) Due(*Conn)              {}
func (c *counter) Message(any)          { c.n++ }
func (*counter) Turn()                  {}

func TestChunksFollowWhatComes(t *testing.T) {
	for _, c := range []struct {
		last, next uint8
		n          int
	}{
		{tinyClass, tinyClass, 255}, {tinyClass, smallClass, 256},
		{smallClass, tinyClass, 256}, {smallClass, smallClass, 257}, {smallClass, largeClass, 2048},
		{largeClass, tinyClass, 2}, {largeClass, smallClass, 2048}, {largeClass, largeClass, 2049}, {largeClass, largeClass, largeChunk},
		{tinyClass, tinyClass, 0}, {largeClass, tinyClass, 0},
	} {
		if next := classFor(c.n, c.last); next != c.next {
			t.Errorf("%d bytes in class %d: class %d, want %d", c.n, c.last, next, c.next)
		}
	}
}
