package replay

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tape has ten messages, one an entry and ten seconds apart, on a/0, a/1, a/0 …
type tape struct{}

const origin = int64(1_000_000) * 1e9

func (tape) Page(_ context.Context, _ string, after msg.Position, filter string, limit int, _ time.Duration) (p Page, err error) {
	p.Next = after
	for i := after.Seq + 1; i <= 10; i++ {
		m := msg.Placed{At: msg.Position{Seq: i}, Message: msg.Message{
			Topic: fmt.Appendf(nil, "a/%d", i%2), Payload: fmt.Append(nil, i), Time: origin + int64(i)*10e9, QoS: 2, Retain: true, Expiry: 1}}
		if filter == "" || topic.Match(filter, string(m.Topic)) {
			if len(p.Messages) == min(limit, 3) {
				p.More = true
				return p, nil
			}
			p.Messages = append(p.Messages, m)
		}
		p.Next = m.At
	}
	return p, nil
}

// stage takes what is published; "a/1 7 @20s" is the message seven, 20 seconds after the
// beginning.
type stage struct {
	mu    sync.Mutex // guards the fields below
	begun time.Time
	seen  []string
	last  msg.Message
	fail  error
}

func (s *stage) Publish(_ context.Context, m *msg.Message) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return false, s.fail
	}
	s.seen = append(s.seen, fmt.Sprintf("%s %s @%v", m.Topic, m.Payload, time.Since(s.begun)))
	s.last = m.Clone()
	return false, nil
}

func (s *stage) check(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := strings.Join(s.seen, ", "); got != strings.Join(want, ", ") {
		t.Errorf("got  %s\nwant %s", got, strings.Join(want, ", "))
	}
	s.seen = nil
}

func room(t *testing.T) (*Replays, *stage) {
	s := &stage{begun: time.Now()}
	r := New(Options{Source: tape{}, Publisher: s})
	t.Cleanup(func() { _ = r.Close() })
	return r, s
}

func order(change func(*Order)) Order {
	o := Order{Stream: "telemetry", After: msg.Position{Seq: 2}, UpTo: msg.Position{Seq: 5, Index: 9}}
	change(&o)
	return o
}

func TestThePace(t *testing.T) {
	for _, c := range []struct {
		change func(*Order)
		want   []string
	}{
		{func(o *Order) { o.Speed = 1 }, []string{"a/1 3 @0s", "a/0 4 @10s", "a/1 5 @20s"}},
		{func(o *Order) { o.Speed, o.Prefix = 10, "again/" }, []string{"again/a/1 3 @0s", "again/a/0 4 @1s", "again/a/1 5 @2s"}},
		{func(o *Order) { o.Rate = 4 }, []string{"a/1 3 @0s", "a/0 4 @250ms", "a/1 5 @500ms"}},
		{func(o *Order) { o.Filter = "a/1"; o.UpTo.Seq = 10 }, []string{"a/1 3 @0s", "a/1 5 @0s", "a/1 7 @0s", "a/1 9 @0s"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, s := room(t)
			st, err := r.Begin(order(c.change))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			s.check(t, c.want...)
			st, _ = r.Get(st.ID)
			if st.State != Done || st.Published != uint64(len(c.want)) || st.Ended.IsZero() {
				t.Errorf("%+v", st)
			}
			e, err := r.Count(t.Context(), order(c.change))
			if err != nil || e.Messages != st.Published || e.Bytes != st.Bytes || !e.Last.Equal(st.Arrived) {
				t.Errorf("%+v %v", e, err)
			}
		})
	}
}

func TestWhatGoesOutIsMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := room(t)
		if _, err := r.Begin(order(func(*Order) {})); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		m := s.last
		if m.QoS != 1 || m.Retain || m.Expires() || !m.Fleeting {
			t.Errorf("%+v", m)
		}
		marks := map[string]string{}
		for b := m.Properties; len(b) > 0; {
			p, rest, err := packet.NextProperty(b)
			if err != nil {
				t.Fatal(err)
			}
			b, marks[string(p.Key)] = rest, string(p.Value)
		}
		if marks[Marker] != "telemetry/5:0" || marks[TimeMarker] != "1970-01-12T13:47:30Z" {
			t.Errorf("%v", marks)
		}
	})
}

func TestAReplayIsPausedResumedAndStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := room(t)
		st, _ := r.Begin(order(func(o *Order) { o.Speed, o.UpTo.Seq = 1, 10 }))
		time.Sleep(15 * time.Second)
		s.check(t, "a/1 3 @0s", "a/0 4 @10s")
		set := func(to State) {
			t.Helper()
			var err error
			if st, err = r.Set(st.ID, to); err != nil || st.State != to {
				t.Fatalf("%+v %v", st, err)
			}
		}
		set(Paused)
		time.Sleep(time.Minute)
		s.check(t)
		set(Running)
		time.Sleep(6 * time.Second)
		s.check(t, "a/1 5 @1m20s")
		set(Stopped)
		synctest.Wait()
		if st, _ = r.Get(st.ID); st.At.Seq != 5 || st.Published != 3 || st.Ended.IsZero() {
			t.Errorf("%+v", st)
		}
		if st, err := r.Set(st.ID, Running); err != nil || st.State != Stopped {
			t.Errorf("%+v %v", st, err)
		}
		if _, err := r.Get("moon"); fault.CodeOf(err) != fault.NotFound {
			t.Error(err)
		}
	})
}

func TestWhatCannotGoOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := room(t)
		s.fail = fault.New(fault.BadTopicName, "no")
		refused, _ := r.Begin(order(func(*Order) {}))
		synctest.Wait()
		if st, _ := r.Get(refused.ID); st.State != Done || st.Refused != 3 || st.Published != 0 {
			t.Errorf("%+v", st)
		}
		s.fail = fault.New(fault.StorageFull, "full")
		failed, _ := r.Begin(order(func(*Order) {}))
		synctest.Wait()
		if st, _ := r.Get(failed.ID); st.State != Failed || st.Error != "full" || st.At.Seq != 2 {
			t.Errorf("%+v", st)
		}
		s.fail = nil
		for range maxRunning {
			if _, err := r.Begin(order(func(o *Order) { o.Speed = 0.001 })); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Begin(order(func(*Order) {})); fault.CodeOf(err) != fault.TooMany {
			t.Error(err)
		}
	})
}
