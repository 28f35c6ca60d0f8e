package broker

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"golang.org/x/sys/unix"
)

// idle connects a client whose own end is a bare descriptor: it takes no memory of
// this process.
func idle(t testing.TB, b *Broker, name string) (fd int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		t.Fatal(err)
	}
	b.doors[0].adoptFD(fds[0], netip.MustParseAddrPort("127.0.0.1:1"))
	if _, err := unix.Write(fds[1], connectBytes(packet.V5, name, func(p *packet.Connect) { p.KeepAlive = 60 })); err != nil {
		t.Fatal(err)
	}
	if n, err := unix.Read(fds[1], make([]byte, 100)); n < 5 || err != nil {
		t.Fatal("no CONNACK", n, err)
	}
	return fds[1]
}

// TestIdleClientIsSmall holds what an idle client takes in all: its connection,
// session, identifier, timers and places in tables. The bound is far above what it
// takes now, 500 bytes or so, and below any further pointer-rich part.
func TestIdleClientIsSmall(t *testing.T) {
	const n, most = 3000, 700
	b := start(t, Options{Transport: Epoll})
	ours := make([]int, 0, n+1)
	t.Cleanup(func() {
		for _, fd := range ours {
			_ = unix.Close(fd)
		}
	})
	ours = append(ours, idle(t, b, "first"))
	before := inUse()
	for i := range n {
		ours = append(ours, idle(t, b, fmt.Sprint("client-", i)))
	}
	each := (inUse() - before) / n
	t.Logf("an idle client takes %.0f bytes", each)
	if each > most {
		t.Errorf("an idle client takes %.0f bytes", each)
	}
}
