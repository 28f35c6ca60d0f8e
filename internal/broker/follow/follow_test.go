package follow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

func TestWhatStreamsAreReadFrom(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for filter, want := range map[string]Order{
		"$stream/a/all/#":                    {"a", "#", "all", msg.Position{}, time.Time{}},
		"$stream/a/new/b/+/c":                {"a", "b/+/c", "new", msg.Position{}, time.Time{}},
		"$stream/a/17:3/b":                   {"a", "b", "position", msg.Position{Seq: 17, Index: 3}, time.Time{}},
		"$stream/a/90m/b":                    {"a", "b", "time", msg.Position{}, now.Add(-90 * time.Minute)},
		"$stream/a/-2d/b":                    {"a", "b", "time", msg.Position{}, now.AddDate(0, 0, -2)},
		"$stream/a/2026-01-02T03:04:05Z/b/#": {"a", "b/#", "time", msg.Position{}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
	} {
		if got, err := Parse(filter, now); err != nil || got != want {
			t.Errorf("%s: %+v %v", filter, got, err)
		}
	}
	for _, filter := range []string{"$stream/", "$stream/a", "$stream/a/all", "$stream/a/all/", "$stream//all/b", "$stream/a/soon/b", "$stream/+/all/b", "$stream/a/all/$SYS/#", "$stream/a/+/b"} {
		if o, err := Parse(filter, now); err == nil && o.Stream != "+" {
			t.Errorf("%s: %+v", filter, o)
		} else if err != nil && fault.CodeOf(err) != fault.BadTopicFilter {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

// shelf is one stream, "a": an entry for each list of topics. Behind the last it waits.
type shelf struct {
	entries [][]string
	err     error // of reading on behind the last
}

func (s *shelf) Followable(stream string) error {
	if stream != "a" {
		return fault.New(fault.NotFound, "no stream %s", stream)
	}
	return nil
}

func (s *shelf) Find(context.Context, string, time.Time) (msg.Position, error) {
	return msg.Position{Seq: 1}, nil
}

func (s *shelf) Newest(string) msg.Position { return msg.Position{Seq: uint64(len(s.entries))} }

func (s *shelf) Read(ctx context.Context, _ string, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error {
	for i, topics := range s.entries {
		at := msg.Position{Seq: uint64(i) + 1}
		if at.Compare(after) <= 0 {
			continue
		}
		var ms []msg.Message
		for _, name := range topics {
			ms = append(ms, msg.Message{Topic: []byte(name), Payload: make([]byte, runBytes/2)})
		}
		if err := f(at, ms); err != nil {
			return err
		}
	}
	if s.err == nil {
		<-ctx.Done()
	}
	return s.err
}

// A reader brings what its filter takes, one run ahead of what was sent; a large entry comes
// in parts.
func TestAReaderIsOneRunAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{entries: [][]string{{"x/1"}, {"x/1", "y/2", "$SYS/x", "x/3", "x/4"}, {"y/1"}, {"x/5"}}}
		r := NewReaders(s)
		o, err := Parse("$stream/a/1h/x/+", time.Now())
		if err != nil || o.Check(s) != nil {
			t.Fatal(err)
		}
		var runs []string
		k := r.Start(o, func(run []msg.Placed) {
			var all []string
			for _, m := range run {
				all = append(all, fmt.Sprintf("%v %s", m.At, m.Message.Topic))
			}
			runs = append(runs, fmt.Sprint(all))
		}, func(err error) { t.Error(err) })
		for i, want := range []string{"[2:0 x/1 2:3 x/3]", "[2:4 x/4]", "[4:0 x/5]"} {
			synctest.Wait()
			if len(runs) != i+1 || runs[i] != want {
				t.Fatalf("run %d: %q, want %s", i, runs, want)
			}
			if i < 2 {
				k.Sent()
			}
		}
		if r.Count() != 1 {
			t.Error("readers", r.Count())
		}
		k.End() // in the middle of a run
		r.Stop()
		if r.Count() != 0 {
			t.Error("readers", r.Count())
		}
	})
}

// A reader whose stream cannot be read tells so once, and is no more.
func TestAReaderThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{entries: [][]string{{"x"}}, err: errors.New("gone")}
		r := NewReaders(s)
		var failed []error
		r.Start(Order{Stream: "a", Filter: "x", from: "new"}, nil, func(err error) { failed = append(failed, err) })
		synctest.Wait()
		if len(failed) != 1 || !errors.Is(failed[0], s.err) || r.Count() != 0 {
			t.Error(failed, r.Count())
		}
		r.Stop()
	})
}

func TestWhatSpeaksAgainstAnOrder(t *testing.T) {
	s := &shelf{entries: [][]string{{"x"}}}
	for from, want := range map[string]fault.Code{"$stream/b/all/x": fault.NotFound, "$stream/a/2:0/x": fault.Invalid, "$stream/a/1:0/x": 0} {
		o, err := Parse(from, time.Now())
		if err != nil || fault.CodeOf(o.Check(s)) != want {
			t.Errorf("%s: %v %v", from, err, o.Check(s))
		}
	}
	if o := (Order{}); fault.CodeOf(o.Check(nil)) != fault.NotFound {
		t.Error("a node without streams")
	}
}

// A message says where it stands; what was read stays as it was.
func TestPlaced(t *testing.T) {
	before := append(make([]byte, 0, 100), packet.AppendProperty(nil, packet.Property{ID: packet.UserProperty, Key: []byte("k"), Value: []byte("v")})...)
	after := Placed(before, msg.Position{Seq: 17, Index: 3})
	if !slices.Equal(after[:len(before)], before) || &after[0] == &before[0] || string(after[len(after)-4:]) != "17:3" {
		t.Errorf("%q", after)
	}
}
