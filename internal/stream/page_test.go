package stream

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// shelf starts a stream of n entries; message i of them all has i as payload and the
// time i seconds, and lies on plant/(i mod 3).
func shelf(t *testing.T, perEntry ...int) *Streams {
	t.Helper()
	s := running(t, &MemoryLog{}, func(o *Options) {
		o.Streams = append(o.Streams, Config{Name: "own", BuiltIn: true}, Config{Name: "state", BuiltIn: true, State: true})
	})
	i := 0
	for _, n := range perEntry {
		b := new(msg.Batch)
		for range n {
			b.Add(&msg.Message{Topic: fmt.Appendf(nil, "plant/%d", i%3), Payload: fmt.Append(nil, i), Time: int64(i) * 1e9}, 0)
			i++
		}
		if err := keep(s, b); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func payloads(p Page) (out string) {
	for _, m := range p.Messages {
		out += string(m.Payload) + " "
	}
	return out
}

func TestPagesFollowEachOther(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	s := shelf(t, 1, 5, 3, 1, 9, 2)
	for filter, want := range map[string]int{"": 21, "#": 21, "plant/1": 7, "plant/+": 21, "lab/#": 0} {
		after, got, all := msg.Position{}, 0, ""
		for more := true; more; {
			p, err := s.Page(t.Context(), "telemetry", after, filter, 1+chance.IntN(8), 0)
			if err != nil || p.Removed || p.Next.Compare(after) < 0 {
				t.Fatalf("%+v %v", p, err)
			}
			got, all, after, more = got+len(p.Messages), all+payloads(p), p.Next, p.More
		}
		if got != want || after != (msg.Position{Seq: 6, Index: 1}) {
			t.Errorf("%q: %d messages up to %v: %s", filter, got, after, all)
		}
	}
}

func TestAPageIsBoundedByBytes(t *testing.T) {
	s := running(t, &MemoryLog{}, nil)
	for range 3 {
		if err := keep(s, batchOf(msg.Message{Topic: []byte("a"), Payload: make([]byte, pageBytes/2)})); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.Page(t.Context(), "telemetry", msg.Position{}, "", 100, 0)
	if err != nil || len(p.Messages) != 1 || !p.More {
		t.Errorf("%d messages, more %v, %v", len(p.Messages), p.More, err)
	}
}

func TestAPageWaits(t *testing.T) {
	s := running(t, &MemoryLog{}, nil)
	p, err := s.Page(t.Context(), "telemetry", msg.Position{}, "", 5, time.Millisecond)
	if err != nil || len(p.Messages) != 0 || p.More {
		t.Errorf("nothing came: %+v %v", p, err)
	}
	type result struct {
		page Page
		err  error
	}
	got := make(chan result)
	ask := func(ctx context.Context) {
		p, err := s.Page(ctx, "telemetry", msg.Position{}, "a", 5, time.Hour)
		got <- result{p, err}
	}
	gone, cancel := context.WithCancel(t.Context())
	go ask(gone)
	cancel()
	if r := <-got; r.err == nil {
		t.Error("whoever has gone has got a page")
	}
	go ask(t.Context())
	for _, topic := range []string{"other", "a"} {
		if err := keep(s, batchOf(msg.Message{Topic: []byte(topic), Payload: []byte("x")})); err != nil {
			t.Fatal(err)
		}
	}
	if r := <-got; r.err != nil || payloads(r.page) != "x " || r.page.Next.Seq != 2 {
		t.Errorf("%+v", r)
	}
}

func TestPagesTellWhatIsNotThere(t *testing.T) {
	s := shelf(t, 2, 2, 2, 2)
	page := func(stream string, after msg.Position) (Page, error) {
		return s.Page(t.Context(), stream, after, "", 10, 0)
	}
	for stream, want := range map[string]fault.Code{"moon": fault.NotFound, "state": fault.NotFound, "own": fault.Forbidden} {
		if _, err := page(stream, msg.Position{}); fault.CodeOf(err) != want {
			t.Errorf("%s: %v", stream, err)
		}
	}
	if _, err := page("telemetry", msg.Position{Seq: 5}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a position that is not there yet: %v", err)
	}
	if err := s.byName("telemetry").log.Purge(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	for after, removed := range map[msg.Position]bool{{}: false, {Seq: 1}: true, {Seq: 2, Index: 1}: false, {Seq: 3}: false} {
		if p, err := page("telemetry", after); err != nil || p.Removed != removed {
			t.Errorf("%v: %+v %v", after, p, err)
		}
	}
}

// Find is held against looking through all.
func TestFind(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		sizes, n := make([]int, chance.IntN(30)), 0
		for i := range sizes {
			sizes[i] = 1 + chance.IntN(5)
			n += sizes[i]
		}
		s := shelf(t, sizes...)
		if purged := uint64(chance.IntN(len(sizes) + 1)); purged > 0 {
			if err := s.byName("telemetry").log.Purge(t.Context(), purged); err != nil {
				t.Fatal(err)
			}
		}
		first := 0
		if p, err := s.Page(t.Context(), "telemetry", msg.Position{}, "", 1000, 0); err != nil {
			t.Fatal(err)
		} else if first = n; len(p.Messages) > 0 {
			first = int(p.Messages[0].Time / 1e9)
		}
		for i := -1; i <= n+1; i++ {
			at, err := s.Find(t.Context(), "telemetry", time.Unix(int64(i), 0))
			p, err2 := s.Page(t.Context(), "telemetry", at, "", 1000, 0)
			want := max(n-max(i, first), 0)
			if err != nil || err2 != nil || len(p.Messages) != want || want > 0 && p.Messages[0].Time < int64(i)*1e9 {
				t.Fatalf("from %d of %v: %v, then %d messages, want %d; %v %v", i, sizes, at, len(p.Messages), want, err, err2)
			}
		}
	}
}
