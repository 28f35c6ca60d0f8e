package stream

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// TestABudgetNeverOverrunsTheReserve hands over, lands and measures in any order, with
// landings in the midst of a measurement, on a disk that others use, too, and then
// finds a disk with space taken again.
func TestABudgetNeverOverrunsTheReserve(t *testing.T) {
	r := seed(t)
	for range 200 {
		const reserve = 1000
		free := int64(r.IntN(20_000)) // truly, on the disk
		b := newBudget()
		var way []int64 // handed over, not landed
		land := func() {
			if len(way) == 0 {
				return
			}
			i := r.IntN(len(way))
			free -= r.Int64N(way[i] + 1) // the estimate is an upper bound
			b.settle(way[i])
			way[i] = way[len(way)-1]
			way = way[:len(way)-1]
		}
		measure := func(lands int) {
			before := b.settled.Load()
			for range lands {
				land()
			}
			b.measured(before, free-reserve)
		}
		measure(0)
		lowest := min(free, reserve)
		for range 500 {
			switch r.IntN(4) {
			case 0:
				measure(r.IntN(3))
			case 1:
				land()
			default:
				n := r.Int64N(300)
				before := b.left()
				taken, _ := b.spend(n)
				if taken != (n <= before) {
					t.Fatalf("%d bytes with %d left: taken %v", n, before, taken)
				}
				if taken {
					way = append(way, n)
				}
			}
			if free < lowest {
				t.Fatalf("%d bytes are free, the reserve is %d", free, reserve)
			}
		}
		for len(way) > 0 {
			land()
		}
		free += 5000
		measure(0)
		if b.left() != free-reserve {
			t.Fatalf("%d left with all landed, %d free", b.left(), free)
		}
	}
}

func TestABudgetAsksToBeMeasuredAtHalf(t *testing.T) {
	b := newBudget()
	if taken, measure := b.spend(1 << 40); !taken || measure {
		t.Fatal("a budget that was never measured has no bound")
	}
	b.settle(1 << 40)
	b.measured(1<<40, 100)
	for _, c := range []struct {
		n              int64
		taken, measure bool
	}{{50, true, false}, {1, true, true}, {1, true, false}, {49, false, true}, {48, true, false}, {1, false, true}} {
		if taken, measure := b.spend(c.n); taken != c.taken || measure != c.measure {
			t.Errorf("%d bytes: taken %v, measure %v", c.n, taken, measure)
		}
	}
	b.owe(1)
	if b.left() != -1 {
		t.Errorf("%d left", b.left())
	}
}

func TestABatchIsChargedAtLeastWhatItsEntriesHold(t *testing.T) {
	r := seed(t)
	for range 300 {
		b := new(msg.Batch)
		for range 1 + r.IntN(50) {
			m := reading(strings.Repeat("t", 1+r.IntN(60)), strings.Repeat("x", r.IntN(1<<r.IntN(18))), r.Int64N(1e9))
			b.Add(&m, 0)
		}
		q := newQueue(func() uint64 { return 1 })
		q.arrive(0, &job{batch: b}, nil)
		stored := int64(0)
		for now := int64(1e12); len(q.waiting) > 0; now += spacing {
			s, _ := q.next(now)
			entry := len(new(encoder).encode(nil, s.run, s.number, s.parts))
			stored += int64(entry) + 30 + int64(len("name.0.node"))
			if repeatCost(s) < int64(entry)+34+120 {
				t.Fatalf("a repeat of %d bytes is charged %d", entry, repeatCost(s))
			}
			q.answer(now, s, s.number, nil)
		}
		if cost := batchCost(b); cost < stored || cost > 2*stored+entryCost {
			t.Fatalf("%d bytes stored, %d charged", stored, cost)
		}
	}
	if batchCost(new(msg.Batch)) != 0 {
		t.Error("an empty batch costs nothing")
	}
}

// TestABurstIsRefusedBeforeTheNextPulse publishes over a guard whose pulse never comes.
func TestABurstIsRefusedBeforeTheNextPulse(t *testing.T) {
	log := new(MemoryLog)
	const disk, reserve = 3 << 20, 1 << 20
	var blind atomic.Bool
	a := alarms{make(chan string, 1), make(chan string, 1)}
	s := running(t, log, func(o *Options) {
		o.FreeSpace = func() (int64, error) {
			if blind.Load() {
				return 0, errors.New("the disk does not say")
			}
			st, err := log.State(t.Context())
			return disk - st.Bytes, err
		}
		o.Reserve, o.Alarms, o.GuardPulse = reserve, a, time.Hour
	})
	blind.Store(true) // the estimate alone must do
	full := strings.Repeat("x", 10_000)
	var err error
	for n := 0; err == nil; n++ {
		if n > disk/len(full) {
			t.Fatal("the disk is over full")
		}
		err = keep(s, batchOf(reading("a", full, 1)))
	}
	if fault.CodeOf(err) != fault.StorageFull {
		t.Fatal(err)
	}
	if got := <-a.raised; !strings.Contains(got, "reserve is 1.0 MiB") {
		t.Fatalf("alarm %q", got)
	}
	if st, _ := log.State(t.Context()); st.Bytes > disk-reserve || st.Bytes < (disk-reserve)*3/4 {
		t.Fatalf("%d bytes stored, %d allowed", st.Bytes, disk-reserve)
	}
	if st := s.Stats()[0]; !st.Refusing || st.Refused == 0 {
		t.Fatalf("%+v", st)
	}
}

func TestALogInMemoryCostsNoDisk(t *testing.T) {
	s := running(t, new(MemoryLog), func(o *Options) {
		o.Streams[0].Memory = true
		o.FreeSpace = func() (int64, error) { return 0, nil }
	})
	if err := keep(s, batchOf(reading("a", "1", 1))); err != nil {
		t.Fatal(err)
	}
	if s.disk.handed.Load() != 0 {
		t.Fatalf("%d bytes charged", s.disk.handed.Load())
	}
}

func BenchmarkBudget(b *testing.B) {
	batch := batchOf(reading("plant/a", "21.5", 1))
	disk := newBudget()
	disk.measured(0, 1<<60)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			cost := batchCost(batch)
			disk.spend(cost)
			disk.settle(cost)
		}
	})
}
