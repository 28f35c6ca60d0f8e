package refused

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

var (
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	home = netip.MustParseAddr("10.0.0.1")
)

func at(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }

func refusal(minute int, client string, code fault.Code) Refusal {
	return Refusal{At: at(minute), Client: client, User: "vera", Address: home, Listener: "default", Code: code, Text: "No."}
}

func TestTheSameAgainIsCounted(t *testing.T) {
	s := New(0, 0)
	s.Add(refusal(0, "press", fault.Forbidden))
	s.Add(refusal(5, "press", fault.Forbidden))
	s.Add(refusal(6, "press", fault.Protocol))
	list, n := s.List(Query{}, at(7))
	if n != 2 || list[0].Count != 2 || !list[0].At.Equal(at(0)) || !list[0].LastAt.Equal(at(5)) || list[1].Count != 1 {
		t.Errorf("%+v", list)
	}
}

func TestADayLaterItIsForgotten(t *testing.T) {
	s := New(0, 0)
	s.Add(refusal(0, "press", fault.Forbidden))
	s.Add(refusal(60, "oven", fault.Forbidden))
	if _, n := s.List(Query{}, at(24*60-1)); n != 2 {
		t.Error(n)
	}
	if list, n := s.List(Query{}, at(24*60)); n != 1 || list[0].Client != "oven" {
		t.Error(list)
	}
	if _, n := s.List(Query{}, at(48*60)); n != 0 || len(s.byOrigin) != 0 || len(s.entries) != 0 {
		t.Error(n, s.byOrigin)
	}
}

func TestListsAreFilteredSortedAndPaged(t *testing.T) {
	s := New(0, 0)
	for i, client := range []string{"a1", "a2", "b1"} {
		r := refusal(i, client, fault.Forbidden)
		r.Address, r.Admitted = netip.AddrFrom4([4]byte{10, 0, 0, byte(9 - i)}), client == "b1"
		s.Add(r)
	}
	s.Add(Refusal{At: at(9), Code: fault.ConnectTimeout, Text: "No CONNECT came in time."})
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{}, "[a1 a2 b1 ]"},
		{Query{Desc: true, Limit: 2}, "[ b1]"},
		{Query{Client: "a"}, "[a1 a2]"},
		{Query{Kind: ACL, Offset: 1, Limit: 1}, "[a2]"},
		{Query{Kind: Protocol}, "[]"},
		{Query{Reason: "connect_timeout"}, "[]"},
		{Query{Address: "10.0.0.8"}, "[a2]"},
		{Query{User: "vera", Since: at(1)}, "[a2 b1]"},
		{Query{Search: "VERA", Sort: "address"}, "[b1 a2 a1]"},
		{Query{Search: "vera", Sort: "client", Desc: true}, "[b1 a2 a1]"},
		{Query{Sort: "at", User: "vera"}, "[a1 a2 b1]"},
		{Query{Sort: "count", User: "vera"}, "[a1 a2 b1]"},
		{Query{Sort: "user", User: "vera"}, "[a1 a2 b1]"},
		{Query{Sort: "reason", User: "vera"}, "[a1 a2 b1]"},
		{Query{Admitted: new(true)}, "[b1]"},
		{Query{Admitted: new(false)}, "[a1 a2 ]"},
		{Query{Offset: 99}, "[]"},
	} {
		list, _ := s.List(c.q, at(10))
		got := []string{}
		for _, r := range list {
			got = append(got, r.Client)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%+v: %v, want %s", c.q, got, c.want)
		}
	}
}

// TestOneAddressCannotPushOutTheOthers: a stranger who comes under ever new names
// fills its own share.
func TestOneAddressCannotPushOutTheOthers(t *testing.T) {
	s := New(100, 0)
	other := refusal(0, "press", fault.BadAuthMethod)
	other.Address = netip.MustParseAddr("10.0.0.2")
	s.Add(other)
	for i := range 1000 {
		s.Add(refusal(1, fmt.Sprint("guess-", i), fault.Unauthenticated))
	}
	list, n := s.List(Query{Sort: "count", Desc: true}, at(2))
	if n != 12 || list[0].Client != "" || list[0].Count != 990 {
		t.Errorf("%d: %+v", n, list[0])
	}
	if _, n := s.List(Query{Client: "press"}, at(2)); n != 1 {
		t.Error("pushed out")
	}
}

// TestBoundsHold adds at random and looks at the bounds after each step.
func TestBoundsHold(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	s := New(50, time.Hour)
	for i := range 5000 {
		now := i / 10
		s.Add(Refusal{At: at(now), Client: fmt.Sprint(r.IntN(40)), Address: netip.AddrFrom4([4]byte{byte(r.IntN(20))}),
			Code: fault.Codes()[r.IntN(3)], Text: strings.Repeat("ü", r.IntN(400))})
		sum := 0
		for _, n := range s.byOrigin {
			sum += n
		}
		if len(s.entries) > 50 || s.order.Len() != len(s.entries) || sum != len(s.entries) {
			t.Fatalf("seed %d step %d: %d entries, %d in order, %d by address", seed, i, len(s.entries), s.order.Len(), sum)
		}
		list, _ := s.List(Query{}, at(now))
		for _, e := range list {
			if at(now).Sub(e.LastAt) >= time.Hour || len(e.Text) > longest {
				t.Fatalf("seed %d step %d: %+v", seed, i, e)
			}
		}
	}
}

func TestKindsAreOfCodes(t *testing.T) {
	if KindOf(fault.Forbidden) != ACL || KindOf(fault.Internal) != Other || KindOf(fault.TLS) != TLS {
		t.Error("kinds")
	}
}

func BenchmarkAdd(b *testing.B) {
	s := New(0, 0)
	b.ReportAllocs()
	for i := range b.N {
		s.Add(refusal(i>>20, "press", fault.Forbidden))
	}
}
