package loop

import (
	"net"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestEveryDescriptorIsGivenBack(t *testing.T) { // one after the other: it counts
	for _, transport := range []string{"epoll", "portable", "epoll+tls1.3", "portable+wss"} {
		t.Run(transport, func(t *testing.T) { everyDescriptorIsGivenBack(t, transport) })
	}
}

func everyDescriptorIsGivenBack(t *testing.T, transport string) {
	_, err := net.Dial("tcp", "127.0.0.1:0") // the runtime's own descriptors are there
	if err == nil {
		t.Fatal("port 0 answers")
	}
	before := descriptors(t)
	for _, end := range []string{"", "bye\n", "abort\n", "pause\n", "half a line"} {
		var clients []net.Conn
		h := &lines{seen: make(chan string, 1000), conns: map[string]*Conn{}, codec: codecOf(transport)}
		h.loop = newLoop(t, transport, h, nil)
		h.moveTo = h.loop
		go h.loop.Run()
		for range 10 {
			ours, theirs := pair(t, "tcp", "127.0.0.1:0")
			ours = h.through(t, ours, theirs, 1, nil)
			say(t, ours, end)
			if end == "" {
				_ = ours.Close()
			}
			clients = append(clients, ours)
		}
		h.loop.Stop() // whatever has become of them
		<-h.loop.Done()
		h.loop.WaitConns()
		for _, ours := range clients {
			_ = ours.Close()
		}
	}
	if after := descriptors(t); after > before {
		t.Fatalf("%d descriptors, %d before", after, before)
	}
}

func TestADescriptorThatCannotBeWatchedIsClosed(t *testing.T) {
	h := run(t, "epoll", nil)
	file, err := unix.Open(t.TempDir(), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	h.loop.AdoptFD(file, netip.AddrPort{}, 1, doorBell(ended))
	h.expect(t, "open")
	h.expect(t, "closed")
	await(t, "given back", ended)
	h.loop.WaitConns()
	if _, err := unix.FcntlInt(uintptr(file), unix.F_GETFD, 0); err == nil {
		t.Fatal("still open")
	}
}

// TestAnIdleConnectionHoldsNoBuffer looks at what a connection keeps when
// everything that came was used and written.
func TestAnIdleConnectionHoldsNoBuffer(t *testing.T) {
	h := run(t, "epoll", nil)
	nc := h.socket(t)
	say(t, nc, "half")
	say(t, nc, " a line\npause\n")
	h.expect(t, "paused")
	hear(t, nc, "half a line\npause\n")
	h.loop.Post("idle")
	h.expect(t, "message idle")
	h.loop.Post("idle") // the turn of the answer has ended
	h.expect(t, "message idle")
	c := h.conns["paused"]
	defer h.loop.Post("abort")
	if c.left != nil || c.out != nil || c.writing != nil || c.portable != nil {
		t.Fatalf("left %d, out %d, writing %d", cap(c.left), cap(c.out), cap(c.writing))
	}
}
