package stream

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// Retention removes nothing before its readers have spoken, and then what the bounds let
// go and no reader needs; it says what has to go when readers hold back more than they may.
func TestRetentionWaitsForReaders(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	log := new(MemoryLog)
	s := running(t, log, func(o *Options) {
		o.Readers, o.Now = []string{"sessions"}, func() time.Time { return now }
		o.Streams[0].MaxAge = time.Hour
	})
	for i := range 100 { // 60 that are too old, 40 that are not
		at := now.Add(-2 * time.Hour)
		if i >= 60 {
			at = now
		}
		if err := keep(s, batchOf(msg.Message{Topic: fmt.Append(nil, "a/", i), Payload: make([]byte, 100), Time: at.UnixNano()})); err != nil {
			t.Fatal(err)
		}
	}
	step := func(first uint64) {
		t.Helper()
		now = now.Add(time.Second) // what is known of the log is looked at anew
		s.retainOnce(t.Context())
		if st, _ := log.State(t.Context()); st.First != first {
			t.Fatalf("the first entry is %d, want %d", st.First, first)
		}
	}
	step(1)
	s.Hold("telemetry", "sessions", 40)
	step(40 - lookBack)
	s.Hold("telemetry", "group", 31)
	s.Hold("telemetry", "sessions", 50)
	step(40 - lookBack)
	st, _ := log.State(t.Context())
	each := st.Bytes / int64(st.Entries)
	now = now.Add(time.Second)
	if seq := s.Beyond("telemetry", 40*each); seq != 0 {
		t.Errorf("%d of 37 entries have to go", seq)
	}
	if seq := s.Beyond("telemetry", 10*each); seq < 50 || seq > 52 {
		t.Errorf("what is before %d has to go, want 51", seq)
	}
	s.Hold("telemetry", "group", 1000)
	s.Hold("telemetry", "sessions", 1000)
	step(61)
	if seq := s.Beyond("telemetry", 1); seq != 0 {
		t.Errorf("what is before %d has to go of what the bounds keep", seq)
	}
}

// vanishing is a log whose entries are all removed right after somebody has seen them.
type vanishing struct {
	MemoryLog
	vanish atomic.Bool
}

func (l *vanishing) State(ctx context.Context) (LogState, error) {
	st, err := l.MemoryLog.State(ctx)
	if l.vanish.Swap(false) {
		_ = l.Purge(ctx, st.Last)
	}
	return st, err
}

// A replay ends when what it was to read is removed before it comes to it, also when
// nothing is published any more.
func TestAReplayEndsWhenTheRestIsRemoved(t *testing.T) {
	l := &vanishing{}
	s := running(t, l, nil)
	s.patience = time.Millisecond
	for range 3 {
		if err := keep(s, batchOf(reading("a", "1", 1))); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	l.vanish.Store(true)
	if err := s.Replay(ctx, "telemetry", msg.Position{}, func(msg.Position, []msg.Message) error {
		t.Error("what was removed is read")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// heldPurge is a log that removes nothing for as long as a back-up reads it.
type heldPurge struct {
	MemoryLog
	asked chan struct{}
}

func (l *heldPurge) Purge(ctx context.Context, _ uint64) error {
	select {
	case l.asked <- struct{}{}:
	default:
	}
	<-ctx.Done()
	return ctx.Err()
}

// The end of the streams does not wait for a purge that waits.
func TestCloseEndsAPurgeThatWaits(t *testing.T) {
	l := &heldPurge{asked: make(chan struct{}, 1)}
	s := running(t, l, func(o *Options) { o.Readers, o.Streams[0].MaxAge = []string{"sessions"}, time.Second })
	for range lookBack + 2 {
		if err := keep(s, batchOf(reading("a", "1", 1))); err != nil {
			t.Fatal(err)
		}
	}
	s.Hold("telemetry", "sessions", 1<<40)
	<-l.asked
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.Close(t.Context())
	}()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits")
	}
}
