package record

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// set is the filters of a session.
type set map[string]Filter

func (s set) Len() int { return len(s) }

func (s set) At(i int) Filter { return s[slices.Sorted(maps.Keys(s))[i]] }

func (s set) Filter(name string) (f Filter, ok bool) {
	f, ok = s[name]
	return f, ok
}

func setOf(filters ...Filter) set {
	s := set{}
	for _, f := range filters {
		s[f.Name] = f
	}
	return s
}

// filtersOf are the filters that a session of the book has.
func filtersOf(t *testing.T, b *Book, id string) map[string]Filter {
	t.Helper()
	h := b.of[id]
	if h == nil {
		return nil
	}
	filters, err := h.Filters()
	if err != nil {
		t.Fatal(err)
	}
	return filters
}

func TestSessionsAreReadAsTheyWereWritten(t *testing.T) {
	will := &msg.Message{Topic: []byte("last"), Payload: []byte("words"), QoS: 1, Time: 5}
	for _, want := range []Session{
		{Since: 7, Left: 9, User: "u"},
		{Version: 5, Expiry: 100, Clean: true, Will: will, WillDelay: 3},
	} {
		b := want.Write(nil, new(Trail))
		got, err := readSession(b)
		if err != nil {
			t.Fatal(err)
		}
		if want.Will != nil && (got.Will == nil || string(got.Will.Payload) != "words") {
			t.Errorf("will: %+v", got.Will)
		}
		got.Will = want.Will
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		for n := range b {
			if _, err := readSession(b[:n]); err == nil {
				t.Errorf("%d of %d bytes are a record", n, len(b))
			}
		}
	}
}

// A record of version 1 has the session's filters; those behind it change them.
func TestARecordOfVersion1HasItsFilters(t *testing.T) {
	old := []byte("\x01\x05\x00\x90\x03\x0e\x12\x01u\x02\x01a\x00\x01\x00\x04\x01\x04\x05\x03b/#\x03\x02\x00\x04\x00")
	s, err := readSession(old)
	if err != nil || len(s.filters) != 2 || s.User != "u" {
		t.Fatalf("%+v: %v", s, err)
	}
	var b Book
	b.Take(KindSession, "id", old)
	now := b.of["id"].Trail
	(&Changes{names: []string{"c", "a"}}).Write(nil, &now, setOf(Filter{Name: "c", QoS: 1, Durable: true}), Part, func(v []byte) { b.Take(KindFilters, "id", v) })
	b.Take(KindSession, "id", (&Session{User: "v"}).Write(nil, &now))
	if got := filtersOf(t, &b, "id"); len(got) != 2 || got["b/#"].ID != 3 || got["c"].QoS != 1 {
		t.Errorf("%v", got)
	}
	b.Take(KindProgress, "id", now.Seal(nil, 1, 0))
	if h := b.of["id"]; !h.Whole(0) {
		t.Errorf("not whole: %+v", h)
	}
	b.Take(KindSession, "id", nil)
	b.Take(KindSession, "id", (&Session{}).Write(nil, &now))
	if got := filtersOf(t, &b, "id"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// What two writings left behind, each in part, is not taken for one whole.
func TestPartsOfTwoWritingsAreNoWhole(t *testing.T) {
	written := func(qos byte) (parts [][]byte) {
		all := set{}
		for i := range 9 {
			name := fmt.Sprint("f/", i)
			all[name] = Filter{Name: name, QoS: qos}
		}
		All().Write(nil, new(Trail), all, 20, func(b []byte) { parts = append(parts, bytes.Clone(b)) })
		return parts
	}
	var b Book
	whole, begun, again := written(1), written(0), written(2)
	last := len(whole) - 1
	for _, v := range slices.Concat(whole, begun[:last], again[last:]) {
		b.Take(KindFilters, "c", v)
	}
	got := filtersOf(t, &b, "c")
	for name, s := range got {
		if s.QoS != 1 {
			t.Errorf("%s has QoS %d", name, s.QoS)
		}
	}
	if len(got) != 9 || last < 2 {
		t.Errorf("%d filters, %d parts", len(got), last+1)
	}
}

// Records that were written before there were seals are whole, as far as one can tell.
func TestRecordsWithoutASealAreWhole(t *testing.T) {
	var b Book
	b.Take(KindSession, "c", (&Session{}).Write(nil, new(Trail)))
	b.Take(KindFilters, "c", []byte{filterVersion, allFilters})
	b.Take(KindFilters, "c", []byte{filterVersion, 0, filterGone, 1, 'a'})
	b.Take(KindProgress, "c", []byte{2, 0})
	if h := b.of["c"]; !h.Whole(1) || h.Unlisted() || !bytes.Equal(h.Progress(), []byte{2, 0}) {
		t.Errorf("%+v", h)
	}
}

// A record of the streams' names that is cut off is read to its end, not for ever; which
// names a session's progress means, its seal says.
func TestNamesOfStreams(t *testing.T) {
	if names := ReadNames([]byte("\x09telemetry\x08sess")); len(names) == 0 || names[0] != "telemetry" {
		t.Errorf("%q", names)
	}
	names := []string{"telemetry", "sessions", "lab"}
	if got := ReadNames(AppendNames(nil, names)); !slices.Equal(got, names) {
		t.Errorf("%q", got)
	}
	var b Book
	var now Trail
	b.Take(KindSession, "c", (&Session{}).Write(nil, &now))
	b.Take(KindProgress, "c", now.Seal(nil, 1, SumOfNames(names)))
	if h := b.of["c"]; !h.Whole(SumOfNames(names)) || h.Whole(SumOfNames([]string{"telemetry", "lab", "sessions"})) {
		t.Error("streams in another order are taken for the same")
	}
}

// Bytes that are no records are refused, whatever they are.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{sessionVersion}, []byte{filterVersion, allFilters, filterThere}, []byte{sealed, 1, 2, 3, 4, 5}, []byte{indexVersion, 1, 0, 1, 'c', 1, 1, 0, 0, 0, 0})
	f.Fuzz(func(_ *testing.T, s, filters, progress, index []byte) {
		var b Book
		for range 2 {
			b.Take(KindSession, "c", s)
			b.Take(KindFilters, "c", filters)
			b.Take(KindProgress, "c", progress)
			b.Take(KindIndex, "0", index)
		}
		b.Each(func(_ string, h *History) {
			_, _ = h.Session()
			_, _ = h.Filters()
			_ = h.Whole(0)
		})
	})
}

// What a session writes for a SUBSCRIBE of one filter beside 1,000 others.
func BenchmarkChanges(b *testing.B) {
	filters := set{}
	for n := range 1000 {
		name := fmt.Sprint("plant/line/cell/", n)
		filters[name] = Filter{Name: name, QoS: 1, Durable: true, Begins: make([]msg.Position, 3)}
	}
	k := &Changes{names: []string{"plant/line/cell/7"}}
	var dst []byte
	var now Trail
	b.ReportAllocs()
	for b.Loop() {
		dst = k.Write(dst, &now, filters, Part, func([]byte) {})
	}
	b.ReportMetric(float64(len(dst)), "B/record")
}

// What a flush adds to the progress of a session: its seal, and its place in the index.
func BenchmarkSeal(b *testing.B) {
	var dst []byte
	var now Trail
	var x Index
	turn := uint8(0)
	b.ReportAllocs()
	for b.Loop() {
		turn = NextTurn(turn)
		dst = now.Seal(dst[:0], turn, 7)
		x.Wrote("plant/device/1", turn)
		if x.Kept(); turn == 255 {
			dst = x.Append(dst)
		}
	}
}
