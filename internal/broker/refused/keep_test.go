package refused

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// shelf is a Shelf in memory; full refuses to take more.
type shelf struct {
	kept map[string][]byte
	puts int
	full error
}

func (s *shelf) Get(_ context.Context, key string) ([]byte, uint64, error) {
	return s.kept[key], 0, nil
}

func (s *shelf) Put(_ context.Context, key string, value []byte) (uint64, error) {
	if s.full != nil {
		return 0, s.full
	}
	s.kept[key] = value
	s.puts++
	return 0, nil
}

func (s *shelf) Delete(_ context.Context, key string) error { delete(s.kept, key); return nil }

func (s *shelf) Keys(context.Context, string) ([]string, error) {
	return slices.Collect(maps.Keys(s.kept)), nil
}

// next is the store of the next process.
func next(t *testing.T, on *shelf, most, minute int) *Store {
	t.Helper()
	s := New(most, 0)
	if err := s.Load(t.Context(), on, at(minute)); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRefusalsOutliveTheProcess(t *testing.T) {
	on := &shelf{kept: map[string][]byte{}}
	s := New(0, 0)
	for i := range 300 {
		r := refusal(0, fmt.Sprint("press-", i%200), fault.BadPassword)
		r.At = at(0).Add(time.Duration(i) * time.Second)
		s.Add(r)
	}
	if err := s.Save(t.Context(), on, All, at(31)); err != nil {
		t.Fatal(err)
	}
	want, _ := s.List(Query{}, at(31))
	for _, most := range []int{0, 1_000} { // of the same size, and smaller
		got, n := next(t, on, most, 32).List(Query{}, at(32))
		if n > 200 || n < 100 || most == 0 && !slices.EqualFunc(got, want, same) {
			t.Errorf("%d: %+v, want %+v", n, got[:3], want[:3])
		}
	}
	if _, n := next(t, on, 0, 4+24*60).List(Query{}, at(4+24*60)); n == 0 || n >= 100 {
		t.Error("kept for more than a day:", n)
	}
}

func same(x, y Refusal) bool {
	return x.At.Equal(y.At) && x.LastAt.Equal(y.LastAt) && x.Count == y.Count && x.Client == y.Client && x.User == y.User &&
		x.Address == y.Address && x.Listener == y.Listener && x.Admitted == y.Admitted && x.Code == y.Code && x.Text == y.Text
}

// TestWhatHasNotChangedIsNotWritten: a quiet node does not write, and each time it
// writes a bounded part.
func TestWhatHasNotChangedIsNotWritten(t *testing.T) {
	on := &shelf{kept: map[string][]byte{}}
	s := New(0, 0)
	for i := range 1000 {
		r := refusal(0, fmt.Sprint("press-", i), fault.BadPassword)
		s.Add(r)
	}
	save := func(n, minute, puts int) {
		t.Helper()
		before := on.puts
		if err := s.Save(t.Context(), on, n, at(minute)); err != nil || on.puts-before != puts {
			t.Errorf("%d written, %v", on.puts-before, err)
		}
	}
	save(16, 1, 16)
	save(All, 1, 84)
	save(All, 1, 0)
	s.Add(refusal(2, "press-7", fault.BadPassword))
	save(All, 2, 1)
	save(All, 48*60, 0)
	if len(on.kept) != 0 {
		t.Error("kept for more than a day:", len(on.kept))
	}
}

func TestWhatCouldNotBeKeptIsKeptLater(t *testing.T) {
	on := &shelf{kept: map[string][]byte{}, full: errors.New("disk full")}
	s := New(0, 0)
	for i := range 20 {
		s.Add(refusal(0, fmt.Sprint("press-", i), fault.BadPassword))
	}
	if err := s.Save(t.Context(), on, All, at(1)); !errors.Is(err, on.full) {
		t.Fatal(err)
	}
	on.full = nil
	if err := s.Save(t.Context(), on, All, at(1)); err != nil {
		t.Fatal(err, on.kept)
	}
	if _, n := next(t, on, 0, 2).List(Query{}, at(2)); n != 20 {
		t.Error(n)
	}
}

func TestWhatCannotBeReadIsLeftOut(t *testing.T) {
	on := &shelf{kept: map[string][]byte{}}
	s := New(0, 0)
	s.Add(refusal(0, "press", fault.BadPassword))
	if err := s.Save(t.Context(), on, All, at(1)); err != nil {
		t.Fatal(err)
	}
	on.kept["99"], on.kept["moon"] = []byte("{"), []byte(`[{"Reason":"never_heard_of"}]`)
	s = New(0, 0)
	if err := s.Load(t.Context(), on, at(1)); err == nil {
		t.Error("nothing said")
	}
	if _, n := s.List(Query{}, at(1)); n != 1 || on.kept["moon"] != nil {
		t.Error(n)
	}
}
