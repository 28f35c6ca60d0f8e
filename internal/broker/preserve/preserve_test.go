package preserve_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/delay"
	"github.com/millrace/millrace/internal/broker/preserve"
	"github.com/millrace/millrace/internal/broker/retain"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream"
)

// node is a broker as far as the preserver sees it: it sets what is retained, gives the
// message to the log and waits for it; a crash leaves nothing but the logs.
type node struct {
	t        *testing.T
	disk     map[string]*stream.MemoryLog
	streams  *stream.Streams
	journal  *stream.Journal
	retained *retain.Store
	delays   *delay.Schedule
	p        *preserve.Preserver
	fired    map[uint64]int // publications in the log, by delayed message
	now      int64
	passed   atomic.Int64 // ns beyond the clock's
	during   func()       // in the middle of a round; nil is nothing
}

// The node's durable sessions: there are none, and their turn in a round is the test's.

func (n *node) Record(*msg.Message)            {}
func (n *node) Recorded(context.Context) error { return nil }
func (n *node) Message(*msg.Message)           {}

func (n *node) Flush(context.Context, bool) (bytes int64, needed msg.Position, err error) {
	if n.during != nil {
		n.during()
	}
	return 0, msg.Position{Seq: math.MaxUint64}, nil
}

// The streams, by number.
const (
	telemetry = iota
	spare
	journal
)

func (n *node) start() {
	var err error
	n.streams, err = stream.New(stream.Options{
		Streams: []stream.Config{
			{Name: "telemetry", Filters: []string{"kept/#"}}, {Name: "sessions", BuiltIn: true}, {Name: "journal", BuiltIn: true, State: true},
		},
		Now:  func() time.Time { return time.Now().Add(time.Duration(n.passed.Load())) },
		Open: func(_ context.Context, c stream.LogConfig) (stream.Log, error) { return n.disk[c.Name], nil },
	})
	n.must(err)
	n.must(n.streams.Start(n.t.Context()))
	n.journal, err = n.streams.Journal("journal")
	n.must(err)
	n.retained, n.delays = retain.New(0, 0), delay.New(0, 0)
	n.p = preserve.New(preserve.Options{
		Journal: n.journal, Log: n.streams, Retained: n.retained, Delayed: n.delays, Restore: n.retained.Set,
		Settle: func(context.Context) error { return nil }, Spare: "sessions", Sessions: n, Out: slog.New(slog.DiscardHandler),
	})
	n.must(n.p.Load(n.t.Context()))
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) crash() { n.streams.Close(n.t.Context()) }

func (n *node) keep(stream int, m *msg.Message) {
	b, done := new(msg.Batch), make(chan error, 1)
	b.Add(m, 0)
	n.streams.Keep(stream, b, func(_ *msg.Batch, err error) { done <- err })
	n.must(<-done)
}

func (n *node) publish(topic, payload string, origin msg.Origin) {
	n.now++
	m := &msg.Message{Topic: []byte(topic), Payload: []byte(payload), Retain: true, QoS: 1, Time: n.now, Origin: origin}
	n.must(n.retained.Set(m))
	to, ok := n.streams.Route(m.Topic)
	if !ok {
		to = spare
	}
	n.keep(to, m)
}

func (n *node) delay(topic string) {
	n.now++
	m := &msg.Message{Topic: []byte(topic), Payload: []byte("later"), QoS: 1, Time: n.now}
	id, err := n.delays.Add(m, n.now+5)
	n.must(err)
	r := preserve.Delayed(delay.Entry{ID: id, Due: n.now + 5, Message: m})
	n.keep(journal, &r)
	n.fired[id] = 0
}

// fire publishes what is due; unheard, the process ends before it has done with that.
func (n *node) fire(unheard bool) {
	if e, ok := n.delays.Take(n.now); ok {
		n.publish(string(e.Message.Topic), "fired", msg.DelayedOrigin(e.ID))
		n.fired[e.ID]++
		if unheard {
			n.crash()
			n.start()
			return
		}
		n.delays.Done(e.ID)
	}
}

func (n *node) round() {
	n.passed.Add(int64(time.Second)) // rounds are a second apart
	n.must(n.p.Round(n.t.Context()))
}

// snapshot makes rounds until the journal has been written anew.
func (n *node) snapshot() {
	large := string(make([]byte, 200_000))
	first := func() uint64 {
		st, err := n.disk["journal"].State(n.t.Context())
		n.must(err)
		return st.First
	}
	for was := first(); first() == was; n.round() {
		n.publish("kept/large", large, 0)
	}
}

// has is what is retained, by topic.
func (n *node) has() map[string]string {
	all := map[string]string{}
	n.retained.Each(func(m *msg.Message) { all[string(m.Topic)] = string(m.Payload) })
	return all
}

func newNode(t *testing.T) *node {
	n := &node{t: t, disk: map[string]*stream.MemoryLog{}, fired: map[uint64]int{}}
	for _, name := range []string{"telemetry", "sessions", "journal"} {
		n.disk[name] = new(stream.MemoryLog)
	}
	n.start()
	t.Cleanup(n.crash)
	return n
}

// Whatever is published, taken away, delayed and fired, with rounds and crashes in
// between: what the log has taken is there, and what was delayed is published once.
func TestNothingIsForgotten(t *testing.T) {
	for range 30 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			rnd, n := rand.New(rand.NewPCG(seed, 1)), newNode(t)
			for range 200 {
				n.step(rnd)
			}
			n.settleDelays()
		})
	}
}

func (n *node) step(rnd *rand.Rand) {
	topic := fmt.Sprint([]string{"kept/", "other/"}[rnd.IntN(2)], rnd.IntN(6))
	switch k := rnd.IntN(20); {
	case k < 7:
		n.publish(topic, fmt.Sprint(n.now), 0)
	case k < 10:
		n.publish(topic, "", 0)
	case k < 12:
		n.delay(topic)
	case k < 14:
		n.fire(rnd.IntN(3) == 0)
	case k < 18:
		n.round()
	case k == 18 && rnd.IntN(10) == 0:
		n.snapshot()
	default:
		want, waiting := n.has(), len(n.delays.List())
		n.crash()
		n.start()
		if got := n.has(); !maps.Equal(got, want) {
			n.t.Fatalf("after a crash\n%v, want\n%v", got, want)
		}
		if got := len(n.delays.List()); got != waiting {
			n.t.Fatalf("%d delayed messages wait after a crash, want %d", got, waiting)
		}
	}
}

// settleDelays fires the rest and looks that each was fired once.
func (n *node) settleDelays() {
	for n.now += 100; len(n.delays.List()) > 0; {
		n.fire(false)
	}
	for id, times := range n.fired {
		if times != 1 {
			n.t.Errorf("delayed message %d was published %d times", id, times)
		}
	}
}

// A delayed message whose time has come, and that the log does not have yet, is there after a
// crash, whether it was written down meanwhile what has changed, or everything once more.
func TestAMessageOnItsWayIsNotLost(t *testing.T) {
	for when, written := range map[string]func(*node){"nothing": func(*node) {}, "a round": (*node).round, "a snapshot": (*node).snapshot} {
		n := newNode(t)
		n.delay("other/1")
		n.now += 10
		if _, ok := n.delays.Take(n.now); !ok {
			t.Fatal("nothing is due")
		}
		written(n)
		n.crash()
		n.start()
		if got := len(n.delays.List()); got != 1 {
			t.Errorf("%d delayed messages wait after %s and a crash", got, when)
		}
	}
}

// What comes while a round writes is behind its checkpoint, of a snapshot, too.
func TestWhatComesDuringARoundIsNotForgotten(t *testing.T) {
	for name, written := range map[string]func(*node){"a round": (*node).round, "a snapshot": (*node).snapshot} {
		n := newNode(t)
		n.publish("kept/before", "x", 0) // else there is nothing to write
		n.during = func() {
			for i := range 5 { // the newest may not be called answered yet
				n.publish(fmt.Sprint("kept/", i), fmt.Sprint(n.now), 0)
				n.publish(fmt.Sprint("other/", i), fmt.Sprint(n.now), 0)
			}
		}
		written(n)
		want := n.has()
		n.crash()
		n.during = nil
		if n.start(); !maps.Equal(n.has(), want) {
			t.Errorf("%s: %d are retained of %d", name, len(n.has()), len(want))
		}
	}
}

// What a full disk refuses to take down is taken down by a later round.
func TestWhatWasRefusedIsWrittenLater(t *testing.T) {
	n := newNode(t)
	n.publish("other/1", "before", 0)
	n.round()
	n.publish("other/1", "after", 0)
	n.publish("other/2", "new", 0)
	var refusing atomic.Bool
	refusing.Store(true)
	n.disk["journal"].Fail = func(string, bool) (bool, error) {
		if refusing.Load() {
			return false, fault.New(fault.StorageFull, "The disk is full.")
		}
		return true, nil
	}
	if err := n.p.Round(t.Context()); fault.CodeOf(err) != fault.StorageFull {
		t.Fatal(err)
	}
	want := n.has()
	refusing.Store(false)
	n.round()
	n.crash()
	if n.start(); !maps.Equal(n.has(), want) {
		t.Errorf("%v, want %v", n.has(), want)
	}
}

// A delayed message that was put back, since the log refused its publication, is there
// after a crash, whether a round came between or not.
func TestAMessagePutBackIsNotLost(t *testing.T) {
	for _, rounds := range []int{0, 1} {
		n := newNode(t)
		n.delay("other/1")
		n.now += 10
		e, _ := n.delays.Take(n.now)
		for range rounds {
			n.round()
		}
		n.delays.Restore(e)
		for range rounds {
			n.round()
		}
		n.crash()
		n.start()
		if got := n.delays.List(); len(got) != 1 || got[0].ID != e.ID {
			t.Errorf("with %d rounds: %+v", rounds, got)
		}
	}
}

// A retained message has its own time after a restart, from which it expires, whatever it
// was written down with.
func TestRetainedMessagesKeepTheirTimes(t *testing.T) {
	n := newNode(t)
	want := map[string]int64{}
	for i := range 20 {
		n.now += int64(time.Minute)
		topic := fmt.Sprint("other/", i)
		n.publish(topic, "x", 0)
		want[topic] = n.retained.Get([]byte(topic)).Time
	}
	n.round()
	n.crash()
	n.start()
	for topic, at := range want {
		if m := n.retained.Get([]byte(topic)); m == nil || m.Time != at {
			t.Errorf("%s: %+v, want the time %d", topic, m, at)
		}
	}
}

// Values that change for ever do not make the journal grow for ever, and a snapshot
// loses nothing.
func TestTheJournalStaysSmall(t *testing.T) {
	n := newNode(t)
	large := string(make([]byte, 200_000))
	for i := range 120 {
		n.publish(fmt.Sprint("other/", i%3), large+fmt.Sprint(i), 0)
		n.round()
	}
	want := n.has()
	st, err := n.disk["journal"].State(t.Context())
	if n.must(err); st.Bytes > 12<<20 {
		t.Errorf("the journal takes %d bytes", st.Bytes)
	}
	if st, _ = n.disk["sessions"].State(t.Context()); st.Entries > 20 { // readers look at the last
		t.Errorf("%d entries are left that nobody needs", st.Entries)
	}
	n.crash()
	if n.start(); !maps.Equal(n.has(), want) {
		t.Error("what is retained has changed")
	}
}

// A folder that comes without a checkpoint, on a disk that takes none: the node starts
// with what the streams hold, and with the same the next time.
func TestWithoutACheckpointTheStreamsAreRead(t *testing.T) {
	n := newNode(t)
	n.publish("kept/1", "value", 0)
	n.publish("other/1", "value", 0)
	want := n.has()
	for range 2 {
		n.crash()
		n.disk["journal"] = &stream.MemoryLog{Fail: func(string, bool) (bool, error) {
			return false, fault.New(fault.StorageFull, "The disk is full.")
		}}
		if n.start(); !maps.Equal(n.has(), want) {
			t.Fatalf("%v, want %v", n.has(), want)
		}
	}
}

// While the journal refuses, changes and checkpoint wait; nothing is lost when the node
// crashes then or later.
func TestAJournalThatRefusesLosesNothing(t *testing.T) {
	n := newNode(t)
	n.publish("other/1", "before", 0)
	n.round()
	n.publish("other/1", "after", 0)
	var refusing atomic.Bool
	refusing.Store(true)
	n.disk["journal"].Fail = func(string, bool) (bool, error) {
		if refusing.Load() {
			return false, errFull
		}
		return true, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { failed <- n.p.Round(ctx) }()
	cancel()
	if err := <-failed; err == nil {
		t.Fatal("the round succeeded")
	}
	want := n.has()
	refusing.Store(false)
	n.crash()
	if n.start(); !maps.Equal(n.has(), want) {
		t.Errorf("%v, want %v", n.has(), want)
	}
	n.round()
	n.crash()
	if n.start(); !maps.Equal(n.has(), want) {
		t.Errorf("%v, want %v", n.has(), want)
	}
}

var errFull = errors.New("full")
