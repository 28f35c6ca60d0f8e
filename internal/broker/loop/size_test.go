package loop

import (
	"net/netip"
	"testing"
	"unsafe"
)

// An idle connection is a Conn and little else; 128 bytes is a size class of Go's.
func TestConnIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}); size > 128 {
		t.Errorf("a Conn takes %d bytes", size)
	}
}

func TestAddressesComeBackWhole(t *testing.T) {
	for _, text := range []string{"127.0.0.1:1883", "[::1]:1", "[::ffff:10.0.0.1]:65535", "[2001:db8::7]:0", "[fe80::1%eth0]:1883"} {
		want := netip.MustParseAddrPort(text)
		c := &Conn{rare: newRare(nil, want), buffers: none}
		c.remote, _ = endpointOf(want)
		if got := c.Origin(); got != want {
			t.Errorf("%v came back as %v", want, got)
		}
	}
	c := &Conn{rare: newRare(nil, netip.AddrPort{}), buffers: none}
	if c.Origin().IsValid() || c.rare != nil {
		t.Error("no address became one")
	}
}

// TestWheelForgetsABurst holds that what many timers of one moment took is given back.
func TestWheelForgetsABurst(t *testing.T) {
	w := newWheel(0)
	for i := range 10_000 {
		w.add(Handle(i+1), int64(3e9))
	}
	fired := 0
	w.advance(int64(5e9), func(timer) { fired++ })
	room := 0
	for _, s := range w.slots {
		room += cap(s)
	}
	if fired != 10_000 || room > keepTimers {
		t.Errorf("%d fired, room for %d is left", fired, room)
	}
}
