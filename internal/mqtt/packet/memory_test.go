package packet

import (
	"runtime"
	"testing"
)

// What decoding a packet may take, by
// what is worst in it. An element of the list is larger than its bytes on the wire: a
// user property is 48 bytes for at least 5, a filter 32 for at least 4. Growing a list
// allocates some five times what it comes to, of which two are in use at one time.
func TestWhatDecodingALargePacketTakes(t *testing.T) {
	const size = 1 << 20
	users := make([]Pair, size/5-10)
	filters := make([]Subscription, size/4-10)
	names := make([][]byte, size/3-10)
	for i := range filters {
		filters[i].Filter = []byte("#")
	}
	for i := range names {
		names[i] = []byte("#")
	}
	for _, c := range []struct {
		name      string
		packet    Packet
		into      interface{ Decode([]byte, Version) error }
		held, all uint64 // bytes for one of the packet
	}{
		{"user properties of SUBSCRIBE", &Subscribe{ID: 1, Filters: filters[:1], User: users}, &Subscribe{}, 13, 60},
		{"user properties of PUBACK", &Ack{Kind: TypePuback, ID: 1, User: users}, &Ack{}, 13, 60},
		{"user properties of DISCONNECT", &Disconnect{User: users}, &Disconnect{}, 13, 60},
		{"filters of SUBSCRIBE", &Subscribe{ID: 1, Filters: filters}, &Subscribe{}, 11, 50},
		{"at most 10,000 of them", &Subscribe{ID: 1, Filters: filters}, &Subscribe{Most: 10_000}, 1, 3},
		{"filters of UNSUBSCRIBE", &Unsubscribe{ID: 1, Filters: names}, &Unsubscribe{}, 11, 50},
		{"at most 10,000 names", &Unsubscribe{ID: 1, Filters: names}, &Unsubscribe{Most: 10_000}, 1, 3},
	} {
		frame := c.packet.Append(nil, V5)
		before, after := memory(), memory()
		err := c.into.Decode(frame, V5)
		runtime.ReadMemStats(&after)
		all := after.TotalAlloc - before.TotalAlloc
		runtime.GC()
		runtime.ReadMemStats(&after)
		held := max(after.HeapAlloc, before.HeapAlloc) - before.HeapAlloc
		n := uint64(len(frame))
		t.Logf("%s: %.1f times its size is held, %.1f allocated; %v", c.name, float64(held)/float64(n), float64(all)/float64(n), err)
		if held > c.held*n || all > c.all*n {
			t.Errorf("%s: %d bytes held and %d allocated for %d", c.name, held, all, n)
		}
		runtime.KeepAlive(c.into)
	}
}

func memory() (m runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}

// The next packet does not hold what a large one took.
func TestALargeListIsNotKept(t *testing.T) {
	var p Subscribe
	large := (&Subscribe{ID: 1, Filters: make([]Subscription, 5000), User: make([]Pair, 5000)}).Append(nil, V5)
	small := (&Subscribe{ID: 1, Filters: make([]Subscription, 1)}).Append(nil, V5)
	for _, frame := range [][]byte{large, small} {
		if err := p.Decode(frame, V5); err != nil {
			t.Fatal(err)
		}
	}
	if cap(p.Filters) > mostSpare || cap(p.User) > mostSpare {
		t.Errorf("%d filters and %d user properties", cap(p.Filters), cap(p.User))
	}
}
