package broker

import (
	"fmt"
	"net"
	"runtime"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// mostAway is how many bytes of heap a durable session may cost here whose client is away,
// with one subscription.
const mostAway = 1200

// What thousands of sessions cost that survive the process and wait for their clients.
func TestASessionAwayIsSmall(t *testing.T) {
	const n = 3000
	d := newDisk()
	b, _ := d.node(t, Options{Loops: 1, RecorderBytes: -1, Transport: Epoll})
	leave := func(i int) {
		nc, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c := &raw{t: t, nc: nc, version: packet.V5}
		p := packet.Connect{Version: packet.V5, ClientID: fmt.Appendf(nil, "plant-device-%d", i), SessionExpiry: 1000}
		s := packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: fmt.Appendf(nil, "plant/device/%d", i), QoS: 1}}}
		c.write(s.Append(p.Append(nil, packet.V5), packet.V5))
		expect[*packet.Connack](c)
		expect[*packet.Suback](c)
		c.nc.Close()
	}
	for i := range n / 10 { // lists and tables grow
		leave(i)
	}
	eventually(t, "the first are away", func() bool { return b.connections.Load() == 0 })
	folded(t, b, n/10)
	inUseBeside := func() float64 { // the journal, which is in memory here
		journal, err := d["journal"].State(t.Context())
		if err == nil {
			err = d["journal"].Purge(t.Context(), journal.Last)
		}
		if err != nil {
			t.Fatal(err)
		}
		return inUse()
	}
	before := inUseBeside()
	for i := range n {
		leave(n + i)
	}
	eventually(t, "all are away", func() bool { return b.connections.Load() == 0 && b.lasting.Load() == n+n/10 })
	folded(t, b, n+n/10)
	settle(b)
	each := (inUseBeside() - before) / n
	t.Logf("%.0f bytes each", each)
	if each > mostAway {
		t.Errorf("a session that is away takes %.0f bytes, of at most %d", each, mostAway)
	}
	runtime.KeepAlive(b)
}
