package stream

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// handed runs an order over a log written as "run.number" words ("x" is a damaged
// entry, "-" one that the engine lost) and returns what is handed on.
func handed(log string) string {
	o := newOrder()
	var out []string
	take := func(h held) error {
		out = append(out, fmt.Sprintf("%c.%d@%d", rune(h.entry.Run), h.entry.Number, h.seq))
		return nil
	}
	for i, w := range strings.Fields(log) {
		seq := uint64(i + 1)
		switch w {
		case "x":
			_ = o.damaged(seq, take)
		case "-":
		case "release":
			_ = o.release(never, take)
		default:
			n, _ := strconv.ParseUint(w[2:], 10, 64)
			_ = o.admit(held{seq: seq, entry: Entry{Run: uint64(w[0]), Number: n}}, take)
		}
	}
	return strings.Join(out, " ")
}

func never(uint64, uint64, uint64) bool { return false }

func TestOrderOfEntries(t *testing.T) {
	for _, c := range []struct{ name, log, want string }{
		{"in order", "a.1 a.2 a.3", "a.1@1 a.2@2 a.3@3"},
		{"begins in the middle", "- a.7 a.8 a.7", "a.7@2 a.8@3"},
		{"begins in the middle of a failure", "- a.7 a.6 a.7 a.8", "a.7@2 a.6@3 a.8@5"},
		{"begins with a failure", "a.2 a.1 a.2 a.3", "a.1@2 a.2@3 a.3@4"},
		{"a repeat is dropped", "a.1 a.2 a.2 a.3", "a.1@1 a.2@2 a.3@4"},
		{"both under way are repeated", "a.1 a.2 a.3 a.2 a.3 a.4", "a.1@1 a.2@2 a.3@3 a.4@6"},
		{"the first failed: its repeat brings the second again", "a.1 a.3 a.2 a.3 a.4", "a.1@1 a.2@3 a.3@4 a.4@5"},
		{"the same, and other writers between", "a.1 b.1 a.3 b.2 a.2 b.3 a.3", "a.1@1 b.1@2 b.2@4 a.2@5 b.3@6 a.3@7"},
		{"a missing one is waited for", "a.1 a.3 b.1", "a.1@1"},
		{"not for ever", "a.1 a.3 b.1 b.2 b.3 b.4 b.5 b.6 b.7 b.8", "a.1@1 a.3@2 b.1@3 b.2@4 b.3@5 b.4@6 b.5@7 b.6@8 b.7@9 b.8@10"},
		{"released when nothing follows", "a.1 a.3 release", "a.1@1 a.3@2"},
		{"what comes later than waited for is still handed on", "a.1 a.3 release a.2 a.3 a.4", "a.1@1 a.3@2 a.2@4 a.4@6"},
		{"and once", "a.1 a.3 release a.2 a.2", "a.1@1 a.3@2 a.2@4"},
		{"damage explains a gap", "a.1 x a.3", "a.1@1 a.3@3"},
		{"so does loss", "a.1 - a.3", "a.1@1 a.3@3"},
		{"damage ends waiting", "a.1 a.3 x", "a.1@1 a.3@2"},
		{"a far jump is no gap", "a.1 a.1000", "a.1@1 a.1000@2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := handed(c.log); got != c.want {
				t.Errorf("%s: got %s, want %s", c.log, got, c.want)
			}
		})
	}
}

func TestManyRunsAreForgotten(t *testing.T) {
	o := newOrder()
	for i := range uint64(10 * maxRuns) {
		_ = o.admit(held{seq: i + 1, entry: Entry{Run: i + 1, Number: 1}}, func(held) error { return nil })
	}
	if len(o.runs) > maxRuns {
		t.Fatalf("%d runs are remembered", len(o.runs))
	}
}

func seed(t *testing.T) *rand.Rand {
	n := uint64(time.Now().UnixNano())
	if s := os.Getenv("SEED"); s != "" {
		n, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("repeat with SEED=%d", n)
	return rand.New(rand.NewPCG(n, 0))
}

// TestOrderUnderFailingAppends joins the writer's core with the reader's over a log
// whose every answer may be a lie of omission, and finds each number once, in order.
func TestOrderUnderFailingAppends(t *testing.T) {
	r := seed(t)
	for range 1000 {
		log, acked := failingLog(r)
		o := newOrder()
		var got []uint64
		take := func(h held) error {
			got = append(got, h.entry.Number)
			return nil
		}
		for i, n := range log {
			_ = o.admit(held{seq: uint64(i + 1), entry: Entry{Run: 1, Number: n}}, take)
		}
		_ = o.release(never, take)
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Fatalf("log %v was read as %v", log, got)
		}
		for n := range acked {
			if !slices.Contains(got, n) {
				t.Fatalf("log %v: %d was confirmed and is not read: %v", log, n, got)
			}
		}
	}
}

// TestEveryReaderTakesTheSame has readers begin and end anywhere in a log while its writer
// fails and sends again: whatever they divide among them comes once and in order.
func TestEveryReaderTakesTheSame(t *testing.T) {
	r := seed(t)
	for range 1000 {
		log, opens := loggedFailures(r)
		want := readBy(log, opens, func(int) bool { return false })
		got := readBy(log, opens, func(int) bool { return r.IntN(4) == 0 })
		if !slices.Equal(got, want) {
			t.Fatalf("log %v, unsettled %v: one reader has %v, several %v", log, opens, want, got)
		}
	}
}

// readBy reads a log that grows; after an entry for which ends is true the reader gives up
// what is stuck, and another goes on where it ended. It returns the sequences handed on.
func readBy(log []uint64, opens [][]uint64, ends func(i int) bool) (got []uint64) {
	take := func(h held) error {
		if len(got) == 0 || h.seq > got[len(got)-1] {
			got = append(got, h.seq)
		}
		return nil
	}
	o := newOrder()
	for i := range log {
		_ = o.admit(entryOf(log, i), take)
		if !ends(i) {
			continue
		}
		_ = o.release(func(_, from, to uint64) bool {
			return slices.ContainsFunc(opens[i], func(n uint64) bool { return n >= from && n < to })
		}, take)
		o = newOrder()
		from := 0
		if len(got) > 0 && got[len(got)-1] > lookBack {
			from = int(got[len(got)-1]-lookBack) - 1
		}
		for j := from; j <= i; j++ {
			_ = o.admit(entryOf(log, j), take)
		}
	}
	_ = o.release(never, take)
	return got
}

func entryOf(log []uint64, i int) held {
	return held{seq: uint64(i + 1), entry: Entry{Run: 1, Number: log[i]}}
}

// loggedFailures is [failingLog] with, for each entry of the log, the numbers that the
// writer had not settled when the next one came.
func loggedFailures(r *rand.Rand) (log []uint64, opens [][]uint64) {
	log, _ = failingLogSeen(r, func(q *queue, log []uint64) {
		var open []uint64
		for _, s := range q.flights {
			open = append(open, s.number)
		}
		for len(opens) < len(log) {
			opens = append(opens, nil)
		}
		if len(log) > 0 {
			opens[len(log)-1] = open
		}
	})
	return log, opens
}

// failingLog runs a queue until twenty entries are confirmed, or the node dies, and
// returns the numbers in the log and those whose batches were called back.
func failingLog(r *rand.Rand) (log []uint64, acked map[uint64]bool) {
	return failingLogSeen(r, func(*queue, []uint64) {})
}

func failingLogSeen(r *rand.Rand, see func(*queue, []uint64)) (log []uint64, acked map[uint64]bool) {
	q := newQueue(func() uint64 { return 1 })
	acked = map[uint64]bool{}
	now := int64(1e9)
	var flying []answer
	number := map[*job]uint64{}
	for steps := 0; len(acked) < 20 && steps < 2000; steps++ {
		now += int64(r.IntN(3e6))
		if r.IntN(2) == 0 {
			q.arrive(now, &job{batch: batchOf(reading("a", "1", now))}, nil)
		}
		if s, _ := q.next(now); s != nil {
			for _, j := range s.jobs {
				number[j] = s.number
			}
			var err error
			stores, answers := r.IntN(4) > 0, r.IntN(4) > 0
			if stores {
				log = append(log, s.number)
			}
			if !stores || !answers {
				err = fmt.Errorf("no answer")
			}
			flying = append(flying, answer{s, uint64(len(log)), err})
		}
		see(q, log)
		if len(flying) > 0 && r.IntN(2) == 0 {
			i := r.IntN(len(flying))
			q.answer(now, flying[i].shipment, flying[i].seq, flying[i].err)
			flying = slices.Delete(flying, i, i+1)
		}
		for _, j := range q.done(nil) {
			acked[number[j]] = true
		}
		if r.IntN(500) == 0 {
			break // the node dies
		}
	}
	return log, acked
}
