package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// stubborn is a log that stores the second entry and not the first, whatever is said to
// it, until heal: two were under way, and the first has failed.
type stubborn struct {
	MemoryLog
	refuses error         // what it says to the first
	asked   chan struct{} // a token for every Read
	taken   chan struct{} // one for every entry that was handed over; may be nil

	mu     sync.Mutex
	first  func(uint64, error)
	healed bool
}

func (l *stubborn) Append(id string, repeat bool, entry []byte, done func(uint64, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() {
		select {
		case l.taken <- struct{}{}:
		default:
		}
	}()
	switch {
	case l.healed:
		l.MemoryLog.Append(id, repeat, entry, done)
	case l.first == nil:
		l.first = done
	case repeat:
		done(0, errors.New("still no answer"))
	default:
		l.MemoryLog.Append(id, repeat, entry, done)
		if l.refuses == nil {
			l.first(0, errors.New("no answer"))
		}
	}
}

func (l *stubborn) heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.healed = true
	if l.refuses != nil {
		l.first(0, l.refuses)
	}
}

func (l *stubborn) Read(ctx context.Context, from uint64, f func(uint64, []byte) error) error {
	select {
	case l.asked <- struct{}{}:
	default:
	}
	return l.MemoryLog.Read(ctx, from, f)
}

// twoUnderWay hands two entries to a stubborn log and returns when the second is stored.
func twoUnderWay(t *testing.T, l *stubborn) (s *Streams, answers chan error) {
	l.taken = make(chan struct{}, 1)
	s = running(t, l, nil)
	s.patience = time.Millisecond
	answers = make(chan error, 2)
	for _, name := range []string{"one", "two"} {
		s.Keep(0, batchOf(reading(name, "", 1)), func(_ *msg.Batch, err error) { answers <- err })
		<-l.taken
	}
	return s, answers
}

// topics replays what is stored behind after; the next reader goes on behind next.
func topics(t *testing.T, s *Streams, after msg.Position) (out []string, next msg.Position) {
	t.Helper()
	next = after
	if err := s.Replay(t.Context(), "telemetry", after, func(at msg.Position, ms []msg.Message) error {
		for i := range ms {
			out = append(out, string(ms[i].Topic))
		}
		next = msg.Position{Seq: at.Seq, Index: at.Index + uint32(len(ms)) - 1}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out, next
}

// An entry was stored whose predecessor failed and is sent again: both come once and in
// order, to whoever reads while the repeat is under way and goes on later.
func TestReadersOfAFailureTakeTheSame(t *testing.T) {
	l := &stubborn{asked: make(chan struct{})}
	s, answers := twoUnderWay(t, l)
	early, next := topics(t, s, msg.Position{})
	newest := s.Newest("telemetry")
	live := make(chan []string)
	go func() { live <- read(t, s, msg.Position{}, 2) }()
	for range 4 { // its patience has ended three times
		<-l.asked
	}
	l.heal()
	for range 2 {
		if err := <-answers; err != nil {
			t.Fatal(err)
		}
	}
	if rest, _ := topics(t, s, next); !slices.Equal(append(early, rest...), []string{"one", "two"}) {
		t.Errorf("a reader that stopped and went on has %q and %q", early, rest)
	}
	if rest, _ := topics(t, s, newest); !slices.Equal(rest, []string{"one", "two"}) {
		t.Errorf("who begins behind what was committed, %v, has %q", newest, rest)
	}
	if got := fmt.Sprint(<-live); got != "[2:0 one  3:0 two ]" {
		t.Errorf("the live reader has %s", got)
	}
}

// When the first is given up, the second counts where it stands.
func TestReadersOfARefusalTakeTheSame(t *testing.T) {
	l := &stubborn{refuses: fault.New(fault.StorageFull, "full")}
	s, answers := twoUnderWay(t, l)
	early, next := topics(t, s, msg.Position{})
	newest := s.Newest("telemetry")
	l.heal()
	if first, second := <-answers, <-answers; first == nil || second != nil {
		t.Fatal(first, second)
	}
	for _, after := range []msg.Position{next, newest, {}} {
		if rest, _ := topics(t, s, after); len(early) > 0 || !slices.Equal(rest, []string{"two"}) {
			t.Errorf("before the answer %q came, behind %v %q", early, after, rest)
		}
	}
	if got := read(t, s, msg.Position{}, 1); fmt.Sprint(got) != "[1:0 two ]" {
		t.Errorf("a live reader has %s", got)
	}
}

// What a purge leaves is enough to know a repeat.
func TestAPurgeHidesNoRepeat(t *testing.T) {
	l := &MemoryLog{}
	var c encoder
	for _, n := range []uint64{1, 2, 1, 2, 3} {
		_, _ = l.append("", false, c.encode(nil, 7, n, []part{{batchOf(reading(fmt.Sprint(n), "", 1)), 0, 1}}))
	}
	s := running(t, l, func(o *Options) { o.Streams[0].BuiltIn = true })
	had := msg.Position{Seq: 2, Index: ^uint32(0)}
	if err := s.Purge(t.Context(), "telemetry", had); err != nil {
		t.Fatal(err)
	}
	if rest, _ := topics(t, s, had); !slices.Equal(rest, []string{"3"}) {
		t.Errorf("who had the first two gets %q", rest)
	}
}

// slowRead gives the first entry and no other before its reading was given up once.
type slowRead struct {
	MemoryLog
	slow atomic.Bool
}

func (l *slowRead) Read(ctx context.Context, from uint64, f func(uint64, []byte) error) error {
	first := l.slow.Swap(false)
	return l.MemoryLog.Read(ctx, from, func(seq uint64, entry []byte) error {
		if first && seq > 2 {
			<-ctx.Done()
			return ctx.Err()
		}
		return f(seq, entry)
	})
}

// A log that is slow to read makes nobody believe that an entry is missing.
func TestASlowLogHidesNothing(t *testing.T) {
	l := &slowRead{}
	var c encoder
	for _, n := range []uint64{1, 3, 2, 3} {
		_, _ = l.append("", false, c.encode(nil, 7, n, []part{{batchOf(reading(fmt.Sprint(n), "", 1)), 0, 1}}))
	}
	s := running(t, l, nil)
	s.patience = time.Millisecond
	l.slow.Store(true)
	if got := fmt.Sprint(read(t, s, msg.Position{}, 3)); got != "[1:0 1  3:0 2  4:0 3 ]" {
		t.Error(got)
	}
}
