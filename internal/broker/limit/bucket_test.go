package limit

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/testkit"
)

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func span(s string) int64 {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return int64(d)
}

func TestBucket(t *testing.T) {
	var b Bucket
	var r Rate
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano()
	testkit.Script(t, "bucket.txt", func(w []string) string {
		switch w[0] {
		case "rate":
			b, r = Bucket{}, Rate{PerSecond: number(w[1])}
			if len(w) > 2 {
				r.Burst = number(w[2])
			}
		case "wait":
			now += span(w[1])
		case "take":
			if b.Take(r, number(w[1]), now) {
				return "taken"
			}
			return "refused"
		case "owe":
			b.Owe(r, number(w[1]), now)
		case "return":
			b.Return(r, number(w[1]))
		case "when":
			return fmt.Sprintf("in %v", time.Duration(b.When(r, number(w[1]), now)-now))
		default:
			return "no such word"
		}
		return ""
	})
}

// What fast, slow and tiny rates come to over a minute, asked as often as it may be.
func TestBucketKeepsItsRate(t *testing.T) {
	for _, r := range []Rate{{1, 1}, {3, 0}, {1000, 10}, {999_999_937, 1 << 20}, {1 << 32, 1 << 32}} {
		var b Bucket
		taken, now, n := int64(0), int64(0), max(1, r.burst()/8)
		for now < 60e9 && taken < 1<<40 {
			if !b.Take(r, n, now) {
				now = b.When(r, n, now)
				continue
			}
			taken += n
		}
		most := float64(r.PerSecond)*float64(now)/1e9 + float64(r.burst())
		if float64(taken) > most || float64(taken) < 0.99*(most-float64(2*n)) {
			t.Errorf("%+v: %d taken in %v, want %.0f", r, taken, time.Duration(now), most)
		}
	}
}

// Loops take through their leases, each by a clock that is a little behind: in no
// order do they get more than rate × t + burst together, and nobody can take all.
func TestLeasesTogether(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for round := range 40 {
		rnd := rand.New(rand.NewPCG(seed, uint64(round)))
		rate := Rate{PerSecond: 1 + rnd.Int64N(1e6), Burst: 1 + rnd.Int64N(1e5)}
		loops := 1 + rnd.IntN(8)
		s := NewShared(rate, loops)
		const began = int64(1e18)
		var clock, taken atomic.Int64
		clock.Store(began)
		var wg sync.WaitGroup
		for i := range loops {
			rnd := rand.New(rand.NewPCG(seed, uint64(round*100+i)))
			wg.Add(1)
			go func() {
				defer wg.Done()
				l := s.Lease()
				for range 2000 {
					now := clock.Add(rnd.Int64N(1e5)) - rnd.Int64N(1e5)
					n := 1 + rnd.Int64N(min(rate.Burst, 20))
					if l.Take(n, now) {
						taken.Add(n)
					} else if rnd.IntN(4) == 0 {
						l.Return(0)
					}
					if l.have < 0 || l.have > s.slice {
						t.Errorf("a lease holds %d, its slice is %d", l.have, s.slice)
					}
				}
			}()
		}
		wg.Wait()
		most := float64(clock.Load()-began)/1e9*float64(rate.PerSecond) + float64(rate.Burst) + 1
		if float64(taken.Load()) > most {
			t.Errorf("round %d: %+v, %d loops: %d taken, %.0f allowed", round, rate, loops, taken.Load(), most)
		}
	}
}

// A lone loop gets all of it, though there are leases for others.
func TestLeaseAlone(t *testing.T) {
	s := NewShared(Rate{PerSecond: 1000, Burst: 1000}, 8)
	l, taken := s.Lease(), 0
	for now := int64(1e18); now < 1e18+10e9; now += 1e6 {
		for l.Take(1, now) {
			taken++
		}
		if w := l.When(1, now); w <= now || w > now+1e6 {
			t.Fatalf("the next token comes in %v", time.Duration(w-now))
		}
	}
	if taken < 10_600 || taken > 11_000 {
		t.Errorf("%d taken in 10 s", taken)
	}
}

func TestTableForgetsWhoIsQuiet(t *testing.T) {
	r, now := Rate{PerSecond: 1, Burst: 2}, int64(1e18)
	k := NewTable(2)
	k.At("a", now).Owe(r, 2, now)
	k.At("b", now).Owe(r, 1, now)
	if k.At("c", now) != nil || k.Untracked != 1 {
		t.Fatal("there was room for a third")
	}
	now += 15e8
	if k.At("c", now) == nil || k.Len() != 2 {
		t.Fatal("b was full again and kept its place")
	}
	if k.At("a", now).Full(now) {
		t.Fatal("a was forgotten")
	}
}

func BenchmarkLease(b *testing.B) {
	s := NewShared(Rate{PerSecond: 1 << 32, Burst: 1 << 30}, 2)
	l, now := s.Lease(), time.Now().UnixNano()
	b.ReportAllocs()
	for b.Loop() {
		now += 100
		l.Take(1, now)
	}
}

func BenchmarkBucket(b *testing.B) {
	var k Bucket
	r, now := Rate{PerSecond: 1 << 30}, time.Now().UnixNano()
	b.ReportAllocs()
	for b.Loop() {
		now += 100
		k.Take(r, 1, now)
	}
}
