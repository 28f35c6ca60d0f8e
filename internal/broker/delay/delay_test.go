package delay

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

const second = int64(time.Second)

// now is 2026-01-02 in seconds since 1970.
const now = 1_767_312_000 * second

func TestParse(t *testing.T) {
	for name, want := range map[string]string{
		"$delayed/5/a/b":               "5s a/b",
		"$delayed/0/a":                 "0s a",
		"$delayed/007/a":               "7s a",
		"$delayed/5//":                 "5s /",
		"$delayed/4294967/a":           "1193h2m47s a",
		"$delayed/1767312060/a":        "1m0s a", // a time, one minute ahead
		"$delayed/1767311000/a":        "0s a",   // a time that has gone by
		"$delayed/4294968/a":           "0s a",   // a time in 1970
		"$delayed/1771606968/a":        "topic_name_invalid",
		"$delayed/8589934591/a":        "topic_name_invalid",
		"$delayed/99999999999999999/a": "topic_name_invalid",
		"$delayed/5/":                  "topic_name_invalid",
		"$delayed/5":                   "topic_name_invalid",
		"$delayed/":                    "topic_name_invalid",
		"$delayed//a":                  "topic_name_invalid",
		"$delayed/-1/a":                "topic_name_invalid",
		"$delayed/1.5/a":               "topic_name_invalid",
		"$delayed/0x1/a":               "topic_name_invalid",
		"$delayed/1_0/a":               "topic_name_invalid",
		"$delayed/ten/a":               "topic_name_invalid",
		"$delayed/5/$SYS/a":            "forbidden",
		"$delayed/5/$delayed/5/a":      "forbidden",
	} {
		due, inner, err := Parse([]byte(name), now)
		got := fmt.Sprint(time.Duration(due-now), " ", string(inner))
		if err != nil {
			got = fault.CodeOf(err).String()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("5/a", int64(0))
	f.Add("1767312060/a/b", now)
	f.Fuzz(func(t *testing.T, rest string, at int64) {
		at = at % now
		due, inner, err := Parse([]byte("$delayed/"+rest), at)
		if err != nil {
			return
		}
		if len(inner) == 0 || inner[0] == '$' || !strings.HasSuffix(rest, "/"+string(inner)) {
			t.Fatalf("%q: inner %q", rest, inner)
		}
		if due < at || due-at > MaxSeconds*second {
			t.Fatalf("%q: due %d at %d", rest, due, at)
		}
	})
}

// The schedule beside a plain sorted list.
func TestScheduleAgainstAModel(t *testing.T) {
	for range 50 {
		seed := rand.Uint64()
		play(t, seed)
	}
}

func play(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	s, clock := New(20, 20*(entryBytes+4)), int64(0)
	var model, taken []Entry
	for range 500 {
		switch r.IntN(5) {
		case 0, 1:
			m := msg.Message{Topic: []byte("t"), Payload: []byte(fmt.Sprint(r.IntN(100)))}
			due := clock + r.Int64N(10)
			id, err := s.Add(&m, due)
			if full := len(model)+len(taken) == 20; full != (err != nil) {
				t.Fatalf("seed %d: Add with %d messages: %v", seed, len(model)+len(taken), err)
			}
			if err == nil {
				c := m.Clone()
				model = append(model, Entry{id, due, &c})
				slices.SortStableFunc(model, compare)
			}
		case 2:
			clock += r.Int64N(5)
			for len(model) > 0 && model[0].Due <= clock {
				e, ok := s.Take(clock)
				if !ok || e.ID != model[0].ID || string(e.Message.Payload) != string(model[0].Message.Payload) {
					t.Fatalf("seed %d: took %+v %v, want %+v", seed, e, ok, model[0])
				}
				model, taken = model[1:], append(taken, e)
			}
			if e, ok := s.Take(clock); ok {
				t.Fatalf("seed %d: took %+v too early", seed, e)
			}
		case 3:
			id := r.Uint64N(30) + 1
			at := slices.IndexFunc(model, func(e Entry) bool { return e.ID == id })
			if s.Remove(id) != (at >= 0) {
				t.Fatalf("seed %d: Remove %d", seed, id)
			}
			if at >= 0 {
				model = slices.Delete(model, at, at+1)
			}
		case 4:
			if len(taken) == 0 {
				continue
			}
			at := r.IntN(len(taken))
			e := taken[at]
			taken = slices.Delete(taken, at, at+1)
			if r.IntN(2) == 0 {
				s.Done(e.ID)
			} else {
				e.Due += r.Int64N(5)
				s.Restore(e)
				model = append(model, e)
				slices.SortStableFunc(model, compare)
			}
		}
		same(t, seed, s, model, taken)
	}
}

func same(t *testing.T, seed uint64, s *Schedule, model, taken []Entry) {
	t.Helper()
	got, bytes := s.List(), 0
	for _, e := range taken {
		bytes += size(e.Message)
	}
	if n := len(s.Owed()); n != len(model)+len(taken) {
		t.Fatalf("seed %d: %d are owed, want %d and %d", seed, n, len(model), len(taken))
	}
	for i, e := range model {
		bytes += size(e.Message)
		if i >= len(got) || got[i].ID != e.ID || got[i].Due != e.Due {
			t.Fatalf("seed %d: %v, want %v", seed, got, model)
		}
	}
	if n, b := s.Len(); n != len(model) || len(got) != n || b != bytes {
		t.Fatalf("seed %d: %d messages, %d bytes; want %d, %d", seed, n, b, len(model), bytes)
	}
}

func TestBytesAreBounded(t *testing.T) {
	s := New(0, 2*entryBytes)
	big := msg.Message{Topic: []byte("t"), Payload: make([]byte, 2*entryBytes)}
	if _, err := s.Add(&big, 0); fault.CodeOf(err) != fault.TooMany {
		t.Errorf("got %v", err)
	}
	if _, err := s.Add(&msg.Message{Topic: []byte("t")}, 0); err != nil {
		t.Error(err)
	}
}

func BenchmarkAddTake(b *testing.B) {
	b.ReportAllocs()
	s := New(200_000, 1<<30)
	m := msg.Message{Topic: []byte("plant/line/4"), Payload: make([]byte, 64)}
	for i := range 100_000 {
		_, _ = s.Add(&m, int64(i))
	}
	for i := range b.N {
		_, _ = s.Add(&m, int64(100_000+i))
		e, _ := s.Take(int64(i))
		s.Done(e.ID)
	}
}
