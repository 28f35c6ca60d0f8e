package listener

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

func writeBytes(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOneAddressHasOnlySoMany(t *testing.T) {
	e := open(t, Options{MaxPerAddress: 2})
	e.dial(t)
	e.dial(t)
	first := e.arrival(t)
	e.arrival(t)
	e.dial(t)
	e.refusal(t, fault.AddressLimit)
	e.Release(first.Remote.Addr())
	e.dial(t)
	e.arrival(t)
	if e.Open() != 2 {
		t.Errorf("%d open", e.Open())
	}
}

func TestASourceIsAnAddressOrANetworkOfIPv6(t *testing.T) {
	s := sources{most: 1}
	for _, c := range []struct {
		address string
		in      bool
	}{
		{"10.0.0.1", true}, {"10.0.0.1", false}, {"10.0.0.2", true}, {"::ffff:10.0.0.2", false},
		{"2001:db8::1", true}, {"2001:db8::ffff", false}, {"2001:db8:0:1::1", true},
	} {
		if in := s.enter(netip.MustParseAddr(c.address)); in != c.in {
			t.Errorf("%s: %v", c.address, in)
		}
	}
	s.leave(netip.MustParseAddr("2001:db8::2"))
	s.leave(netip.MustParseAddr("10.0.0.1"))
	s.leave(netip.MustParseAddr("10.0.0.2"))
	s.leave(netip.MustParseAddr("2001:db8:0:1::"))
	if len(s.open) != 0 {
		t.Errorf("left: %v", s.open)
	}
}

func TestTheBucketSavesAndWaits(t *testing.T) {
	b, now := newBucket(10, 3), time.Unix(1000, 0)
	for i, want := range []time.Duration{0, 0, 0, 100 * time.Millisecond, 200 * time.Millisecond} {
		if got := b.take(now); got != want {
			t.Errorf("token %d: wait %v, want %v", i, got, want)
		}
	}
	now = now.Add(10 * time.Second)
	for i, want := range []time.Duration{0, 0, 0, 100 * time.Millisecond} {
		if got := b.take(now); got != want {
			t.Errorf("later token %d: wait %v, want %v", i, got, want)
		}
	}
	none := newBucket(0, 0)
	for range 1000 {
		if none.take(now) != 0 {
			t.Fatal("no limit waits")
		}
	}
}

func TestAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mqtt.sock")
	e := open(t, Options{Address: path, Unix: true, SocketMode: 0o600})
	e.dial(t)
	if a := e.arrival(t); a.Remote.IsValid() {
		t.Error(a.Remote)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	second, err := New(Options{Address: path, Unix: true, Accept: func(Arrival) {}})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(t.Context()); fault.CodeOf(err) != fault.Unavailable {
		t.Fatalf("two listen on one socket: %v", err)
	}
	e.Close()

	// A socket that somebody has left behind is taken over.
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	_ = left.Close()
	if err := second.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	second.Close()
}
