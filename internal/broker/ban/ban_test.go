package ban

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/testkit"
)

func TestBans(t *testing.T) {
	l, now := NewList(0), int64(1e18)
	span := func(s string) int64 {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		return int64(d)
	}
	name := func(s string) string { return strings.TrimPrefix(s, "-") }
	testkit.Script(t, "bans.txt", func(w []string) string {
		switch w[0] {
		case "ban":
			b := Ban{Kind: Kind(w[1]), Value: w[2], Since: now}
			if len(w) > 3 {
				b.Until = now + span(w[3])
			}
			b, err := b.Canonical()
			if err != nil {
				return fault.CodeOf(err).String()
			}
			l.Add(b)
		case "unban":
			if l.Remove(Kind(w[1]), w[2]) {
				return "gone"
			}
			return "none"
		case "wait":
			now += span(w[1])
		case "expire":
			return fmt.Sprint(len(l.Expire(now)))
		case "enter":
			a, _ := netip.ParseAddr(w[3])
			if b, ok := l.Match(Who{ClientID: name(w[1]), User: name(w[2]), Address: a}, now); ok {
				return string(b.Kind) + " " + b.Value
			}
		}
		return ""
	})
}

func TestBansAreBounded(t *testing.T) {
	l := NewList(2)
	a, b, c := Ban{Kind: User, Value: "a"}, Ban{Kind: User, Value: "b"}, Ban{Kind: User, Value: "c"}
	if !l.Add(a) || !l.Add(b) || l.Add(c) || !l.Add(a) {
		t.Error("two may stand, and be renewed")
	}
	l.Remove(User, "a")
	if !l.Add(c) || l.Len() != 2 {
		t.Error("there was room again")
	}
}

func TestEverybodyIsNoNetwork(t *testing.T) {
	for _, all := range []string{"0.0.0.0/0", "127.0.0.0/0", "::/0", "::ffff:0.0.0.0/96"} {
		if b, err := (Ban{Kind: Network, Value: all}).Canonical(); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s became %s", all, b.Value)
		}
	}
	for all, in := range map[string]string{"0.0.0.0/0": "192.0.2.7", "::/0": "2001:db8::1"} { // unless it is meant
		b, err := (Ban{Kind: Network, Value: all, All: true}).Canonical()
		l := NewList(0)
		l.Add(b)
		if _, out := l.Match(Who{Address: netip.MustParseAddr(in)}, 1); err != nil || !out || !l.Remove(Network, all) {
			t.Errorf("%s: %v, %s is in", all, err, in)
		}
	}
}

func TestBansInForce(t *testing.T) {
	l := NewList(0)
	l.Add(Ban{Kind: User, Value: "a", Until: 10})
	l.Add(Ban{Kind: User, Value: "b"})
	if l.InForce(9) != 2 || l.InForce(10) != 1 {
		t.Error("a ban whose time has passed counts")
	}
}

// The list against the plainest one there is: every ban looked at for everybody.
func TestBansAgainstAPlainList(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	address := func() netip.Addr {
		a := netip.AddrFrom4([4]byte{10, byte(r.IntN(2)), byte(r.IntN(2)), byte(r.IntN(3))})
		if r.IntN(2) == 0 {
			a = netip.AddrFrom16([16]byte{0x20, 1, byte(r.IntN(2)), 15: byte(r.IntN(3))})
		}
		return a
	}
	word := func() string { return strings.Repeat("ab", 3)[r.IntN(2):][:1+r.IntN(4)] }
	l, plain := NewList(0), map[key]Ban{}
	for now := range int64(5000) {
		b := Ban{Kind: Kinds()[r.IntN(6)], Value: word(), Until: now + r.Int64N(50)}
		switch b.Kind {
		case Address:
			b.Value = address().String()
		case Network:
			a := address()
			b.Value = netip.PrefixFrom(a, 1+r.IntN(a.BitLen())).String()
		case Login:
			b.Value = LoginOf(word(), address())
		}
		b, err := b.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if k := (key{b.Kind, b.Value}); r.IntN(3) == 0 {
			l.Remove(b.Kind, b.Value)
			delete(plain, k)
		} else {
			l.Add(b)
			plain[k] = b
		}
		if r.IntN(20) == 0 {
			l.Expire(now)
		}
		who := Who{ClientID: word(), User: word(), Address: address()}
		_, got := l.Match(who, now)
		if want := plainly(plain, who, now); got != want {
			t.Fatalf("%+v at %d: %t, want %t of %v", who, now, got, want, plain)
		}
	}
}

func plainly(bans map[key]Ban, who Who, now int64) bool {
	for k, b := range bans {
		if b.over(now) {
			continue
		}
		switch k.kind {
		case ClientID:
			if who.ClientID == k.value {
				return true
			}
		case ClientPrefix:
			if strings.HasPrefix(who.ClientID, k.value) {
				return true
			}
		case User:
			if who.User == k.value {
				return true
			}
		case Address, Network:
			p, err := netip.ParsePrefix(k.value)
			if err != nil {
				a := netip.MustParseAddr(k.value)
				p = netip.PrefixFrom(a, a.BitLen())
			}
			if p.Contains(who.Address) {
				return true
			}
		case Login:
			if who.User+"@"+who.Address.String() == k.value {
				return true
			}
		}
	}
	return false
}

func FuzzBan(f *testing.F) {
	for _, k := range Kinds() {
		f.Add(string(k), "alice@10.0.0.1", "alice", "10.0.0.1")
		f.Add(string(k), "::ffff:10.0.0.0/104", "", "10.0.0.1")
		f.Add(string(k), "fe80::1%eth0", "x", "fe80::1%eth1")
	}
	f.Fuzz(func(t *testing.T, kind, value, name, address string) {
		b, err := Ban{Kind: Kind(kind), Value: value}.Canonical()
		if err != nil {
			return
		}
		again, err := b.Canonical()
		if err != nil || again != b {
			t.Fatalf("%+v becomes %+v, %v", b, again, err)
		}
		l := NewList(0)
		l.Add(b)
		a, _ := netip.ParseAddr(address)
		l.Match(Who{ClientID: name, User: name, Address: a}, 1)
		if !l.Remove(b.Kind, b.Value) || len(l.lengths[ClientPrefix])+len(l.lengths[Network]) != 0 {
			t.Fatal("something stays")
		}
	})
}

func TestStrikes(t *testing.T) {
	s := NewStrikes(2, 10, 2)
	for _, hit := range []struct {
		name string
		at   int64
		out  bool
	}{
		{"a", 1, false}, {"a", 2, false}, {"b", 3, false}, {"a", 3, true}, // the third within the window
		{"a", 4, false}, {"a", 5, false}, {"a", 14, false}, // a new window
		{"c", 14, false}, // no room
	} {
		if out := s.Hit(hit.name, hit.at); out != hit.out {
			t.Errorf("%+v: %t", hit, out)
		}
	}
	if s.Untracked != 1 || s.Len() != 2 {
		t.Errorf("%d untracked, %d remembered", s.Untracked, s.Len())
	}
	if off := NewStrikes(0, 10, 2); off.Hit("a", 1) || off.Len() != 0 {
		t.Error("what is off counts nothing")
	}
}

func BenchmarkMatch(b *testing.B) {
	l := NewList(0)
	for i := range 10_000 {
		ban, _ := Ban{Kind: Kinds()[i%3], Value: fmt.Sprint("name-", i)}.Canonical()
		l.Add(ban)
	}
	who := Who{ClientID: "press-77", User: "line-4", Address: netip.MustParseAddr("10.1.2.3")}
	b.ReportAllocs()
	for b.Loop() {
		l.Match(who, 1)
	}
}

// What is refused is told as it was written.
func TestARefusedBanNamesItsValue(t *testing.T) {
	for _, kind := range []Kind{Address, Network, Login} {
		_, err := (Ban{Kind: kind, Value: "999.1.1.1"}).Canonical()
		if text := fault.UserMessage(err); !strings.Contains(text, `"999.1.1.1"`) {
			t.Errorf("%s: %s", kind, text)
		}
	}
}
