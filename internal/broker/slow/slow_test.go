package slow

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }

func names(list []Subscriber) (text string) {
	for _, s := range list {
		text += fmt.Sprintf("%s %s %v x%d; ", s.Client, s.Topic, s.Took, s.Count)
	}
	return text
}

func TestTheSlowestStandFirst(t *testing.T) {
	r := New(3, time.Minute)
	r.Add("a", "t", 2*time.Second, at(0))
	r.Add("b", "t", 5*time.Second, at(1))
	r.Add("a", "t", time.Second, at(2))
	r.Add("a", "u", 3*time.Second, at(3))
	if got, want := names(r.List(at(4))), "b t 5s x1; a u 3s x1; a t 2s x2; "; got != want {
		t.Errorf("%q", got)
	}
	r.Add("c", "t", time.Second, at(5)) // less slow than all
	r.Add("d", "t", 4*time.Second, at(6))
	if got, want := names(r.List(at(7))), "b t 5s x1; d t 4s x1; a u 3s x1; "; got != want {
		t.Errorf("%q", got)
	}
	if got, want := names(r.List(at(64))), "d t 4s x1; "; got != want {
		t.Errorf("%q", got)
	}
	r.Clear()
	if len(r.List(at(64))) != 0 {
		t.Error("not cleared")
	}
}

func TestTheOldMakeRoom(t *testing.T) {
	r := New(1, time.Minute)
	r.Add("a", "t", time.Hour, at(0))
	r.Add("b", "t", time.Second, at(60))
	if got, want := names(r.List(at(60))), "b t 1s x1; "; got != want {
		t.Errorf("%q", got)
	}
}

func TestWhoIsSlowAtTheMomentIsNoted(t *testing.T) {
	r := New(2, time.Minute)
	now := time.Unix(1000, 0)
	r.Note("stuck", "a", 5*time.Second, now, 0)
	r.Note("stuck", "a", 10*time.Second, now, 0)
	r.Note("deaf", "", 2*time.Second, now, 7)
	r.Note("deaf", "", 7*time.Second, now, 3)
	r.Note("brisk", "a", time.Second, now, 0)
	list := r.List(now)
	if len(list) != 2 || list[0].Client != "stuck" || list[0].Took != 10*time.Second || list[0].Count != 1 || list[1].Client != "deaf" || list[1].Count != 10 {
		t.Errorf("%+v", list)
	}
}

// As one that looks at all of them each time.
func TestTheRankingIsThatOfAPlainList(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		r, plain := New(3, 10*time.Second), map[string]*Subscriber{}
		for s := range 60 {
			name, took := string(rune('a'+chance.IntN(8))), time.Duration(chance.IntN(1000))*time.Millisecond
			r.Add(name, "t", took, at(s))
			addPlainly(plain, name, took, at(s))
			forgetOld(plain, at(s))
			var want []Subscriber
			for _, k := range plain {
				want = append(want, *k)
			}
			slices.SortFunc(want, func(x, y Subscriber) int {
				return cmp.Or(cmp.Compare(y.Took, x.Took), strings.Compare(x.Client, y.Client))
			})
			if got := r.List(at(s)); names(got) != names(want) {
				t.Fatalf("%s\n%s", names(got), names(want))
			}
		}
	}
}

func addPlainly(plain map[string]*Subscriber, name string, took time.Duration, now time.Time) {
	if plain[name] == nil {
		if len(plain) == 3 {
			forgetOld(plain, now)
		}
		least := (*Subscriber)(nil)
		for _, s := range plain {
			if least == nil || s.Took < least.Took || s.Took == least.Took && s.At.Before(least.At) {
				least = s
			}
		}
		if len(plain) == 3 {
			if least.Took >= took {
				return
			}
			delete(plain, least.Client)
		}
		plain[name] = &Subscriber{Client: name, Topic: "t"}
	}
	s := plain[name]
	s.Took, s.At, s.Count = max(s.Took, took), now, s.Count+1
}

func forgetOld(plain map[string]*Subscriber, now time.Time) {
	for k, s := range plain {
		if now.Sub(s.At) >= 10*time.Second {
			delete(plain, k)
		}
	}
}

// BenchmarkAdd has every message slower than those that are remembered, as when many
// come back at once for what waits.
func BenchmarkAdd(b *testing.B) {
	r := New(DefaultTop, time.Minute)
	clients := make([]string, 10_000)
	for i := range clients {
		clients[i] = fmt.Sprint("client-", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Add(clients[i%len(clients)], "t", time.Duration(i), noon)
	}
}
