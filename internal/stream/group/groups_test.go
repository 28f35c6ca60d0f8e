package group_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream/group"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tape is a stream in memory with one message an entry.
type tape struct {
	mu     sync.Mutex // guards the fields below
	ms     []msg.Placed
	purged int
	gap    int // positions behind what is purged that were never given
	grown  chan struct{}
}

func (p *tape) add(m msg.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ms = append(p.ms, msg.Placed{At: msg.Position{Seq: uint64(len(p.ms) + 1)}, Message: m})
	close(p.grown)
	p.grown = make(chan struct{})
}

func (p *tape) purge(upTo int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.purged = upTo
}

func (p *tape) look(after msg.Position, filter string, limit int) (out group.Page, grown chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out.Next, out.Removed = after, after.Seq > 0 && int(after.Seq) < p.purged
	for _, m := range p.ms[p.purged:] {
		if m.At.Compare(after) <= 0 {
			continue
		}
		if filter == "" || topic.Match(filter, string(m.Topic)) {
			if len(out.Messages) == limit {
				break
			}
			out.Messages = append(out.Messages, m)
		}
		out.Next = m.At
	}
	return out, p.grown
}

func (p *tape) Page(ctx context.Context, _ string, after msg.Position, filter string, limit int, wait time.Duration) (group.Page, error) {
	patience := time.NewTimer(wait)
	defer patience.Stop()
	for {
		out, grown := p.look(after, filter, limit)
		if len(out.Messages) > 0 {
			return out, nil
		}
		select {
		case <-grown:
		case <-patience.C:
			return out, nil
		case <-ctx.Done():
			return out, ctx.Err()
		}
	}
}

func (p *tape) Fetch(_ context.Context, _ string, at []msg.Position) (found []msg.Placed, looked int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range at {
		if int(a.Seq) > p.purged {
			found = append(found, p.ms[a.Seq-1])
		}
	}
	return found, len(at), nil
}

func (p *tape) First(context.Context, string) (msg.Position, uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return msg.Position{Seq: uint64(p.purged + 1 + p.gap)}, uint64(p.purged), nil
}

// bench is a stream with its groups.
type bench struct {
	*testing.T
	*group.Groups
	kv  *failing
	log *tape
	n   int
}

// failing is a bucket that may refuse to write.
type failing struct {
	*bus.MemoryKV
	full atomic.Bool
	puts atomic.Int64
}

func (f *failing) Put(ctx context.Context, key string, v []byte) (uint64, error) {
	f.puts.Add(1)
	if f.full.Load() {
		return 0, fault.New(fault.StorageFull, "full")
	}
	return f.MemoryKV.Put(ctx, key, v)
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, log: &tape{grown: make(chan struct{})}, kv: &failing{MemoryKV: bus.Memory()}}
	b.start()
	t.Cleanup(func() { b.Close(context.Background()) })
	return b
}

// start begins with what the bucket has; what was not written is gone.
func (b *bench) start() {
	b.Helper()
	b.Groups = group.New(group.Options{Source: b.log, KV: b.kv, Max: 2})
	if err := b.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// publish adds messages to plant/0, plant/1, plant/0 …; their payloads count up.
func (b *bench) publish(n int) {
	for range n {
		b.log.add(msg.Message{Topic: fmt.Appendf(nil, "plant/%d", b.n%2), Payload: fmt.Append(nil, b.n), Time: int64(b.n+1) * 1e9})
		b.n++
	}
}

func (b *bench) create(name string, s group.Settings) {
	b.Helper()
	if _, err := b.Create(b.Context(), "telemetry", name, s, msg.Position{}, "vera"); err != nil {
		b.Fatal(err)
	}
}

// pull checks the payloads that come, as "payload/delivery".
func (b *bench) pull(most int, wait time.Duration, want ...string) (at []msg.Position) {
	b.Helper()
	got, err := b.Pull(b.Context(), "telemetry", "g", most, wait)
	if err != nil {
		b.Fatal(err)
	}
	var have []string
	for _, d := range got {
		have = append(have, fmt.Sprintf("%s/%d", d.Payload, d.Count))
		at = append(at, d.At)
	}
	if !slices.Equal(have, want) {
		b.Fatalf("got %v, want %v", have, want)
	}
	return at
}

func (b *bench) ack(want int, at ...msg.Position) {
	b.Helper()
	if n, err := b.Ack(b.Context(), "telemetry", "g", at, nil); n != want || err != nil {
		b.Fatalf("%d done, want %d: %v", n, want, err)
	}
}

func (b *bench) info() group.Info {
	b.Helper()
	i, err := b.Get("telemetry", "g")
	if err != nil {
		b.Fatal(err)
	}
	return i
}

func TestMessagesComeAgainUntilTheyAreAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.create("g", group.Settings{AckWait: 10 * time.Second, MaxOpen: 4})
		b.publish(6)
		first := b.pull(3, 0, "0/1", "1/1", "2/1")
		b.pull(3, 0, "3/1")          // no more than four in flight
		b.ack(1, first[1], first[1]) // twice is once
		b.pull(3, 0, "4/1")
		time.Sleep(10 * time.Second)
		b.pull(2, 0, "0/2", "2/2")
		b.pull(5, 0, "3/2", "4/2")
		if n, err := b.Ack(t.Context(), "telemetry", "g", nil, &msg.Position{Seq: 4}); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		b.pull(5, 0, "5/1")
		if i := b.info(); i.Acked != 4 || i.Again != 4 || i.InFlight != 2 || i.Floor != (msg.Position{Seq: 4, Index: ^uint32(0)}) || i.By != "vera" || i.Done.Unix() != 4 {
			t.Errorf("%+v", i)
		}
	})
}

func TestAPullWaitsForMessagesRoomAndDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.create("g", group.Settings{AckWait: 5 * time.Second, MaxOpen: 1, Filter: "plant/0"})
		time.AfterFunc(3*time.Second, func() { b.publish(1) })
		at := b.pull(9, 20*time.Second, "0/1")
		synctest.Wait()
		b.publish(4)
		time.AfterFunc(time.Second, func() { b.ack(1, at[0]) })
		b.pull(9, 20*time.Second, "2/1") // when there is room, and not before
		before := time.Now()
		b.pull(9, 20*time.Second, "2/2")
		if d := time.Since(before); d != 5*time.Second {
			t.Errorf("came again after %v", d)
		}
		b.pull(9, time.Second)
		if _, err := b.Change(t.Context(), "telemetry", "g", func(s *group.Settings) { s.Filter = "plant/1" }, &msg.Position{Seq: 2}); err != nil {
			t.Fatal(err)
		}
		b.pull(9, 0, "3/1")
	})
}

func TestConsumersOfAGroupShareItsMessages(t *testing.T) {
	b := newBench(t)
	b.create("g", group.Settings{AckWait: time.Minute, MaxOpen: 1000})
	const consumers, each = 4, 50
	got := make(chan string, consumers*each)
	var handed atomic.Int64
	var all sync.WaitGroup
	defer all.Wait()
	for range consumers {
		all.Go(func() {
			for handed.Load() < consumers*each {
				ds, err := b.Pull(context.Background(), "telemetry", "g", 7, 50*time.Millisecond)
				if err != nil {
					t.Error(err)
					return
				}
				for _, d := range ds {
					if _, err := b.Ack(context.Background(), "telemetry", "g", []msg.Position{d.At}, nil); err != nil {
						t.Error(err)
					}
					handed.Add(1)
					got <- string(d.Payload)
				}
			}
		})
	}
	b.publish(consumers * each)
	seen := map[string]bool{}
	for range consumers * each {
		p := <-got
		if seen[p] {
			t.Fatalf("%s came twice", p)
		}
		seen[p] = true
	}
	if i := b.info(); i.Acked != consumers*each || i.InFlight != 0 || i.Again != 0 {
		t.Errorf("%+v", i)
	}
}

// What was acknowledged does not come again to those who start with what the bucket has,
// even if nothing else was written.
func TestAnswersAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.create("g", group.Settings{AckWait: time.Minute, MaxOpen: 10})
		b.publish(4)
		at := b.pull(3, 0, "0/1", "1/1", "2/1")
		b.ack(1, at[1])
		b.pull(9, 0, "3/1") // not written yet
		killed := b.Groups
		b.start()
		defer killed.Close(context.Background())
		if i := b.info(); i.Acked != 1 || i.InFlight != 2 || i.AckWait != time.Minute {
			t.Errorf("%+v", i)
		}
		b.pull(9, 0, "3/1")
		time.Sleep(time.Minute)
		b.pull(9, 0, "0/2", "2/2", "3/2")
	})
}

func TestAnAcknowledgementThatCannotBeWrittenIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.create("g", group.Settings{AckWait: time.Minute, MaxOpen: 10})
		b.publish(1)
		at := b.pull(3, 0, "0/1")
		b.kv.full.Store(true)
		if _, err := b.Ack(t.Context(), "telemetry", "g", at, nil); fault.CodeOf(err) != fault.StorageFull {
			t.Fatal(err)
		}
		b.kv.full.Store(false)
		time.Sleep(2 * time.Second) // it is tried again
		killed := b.Groups
		b.start()
		defer killed.Close(context.Background())
		if i := b.info(); i.Acked != 1 {
			t.Errorf("%+v", i)
		}
		puts := b.kv.puts.Load()
		b.pull(1, 30*time.Second)
		if n := b.kv.puts.Load(); n != puts {
			t.Errorf("waiting wrote %d times", n-puts)
		}
	})
}

func TestWhatTheStreamRemovesIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.create("g", group.Settings{AckWait: time.Second, MaxOpen: 10})
		b.publish(8)
		b.pull(3, 0, "0/1", "1/1", "2/1")
		b.log.purge(5)
		time.Sleep(time.Second)
		b.pull(9, 0, "5/1", "6/1", "7/1")
		if i := b.info(); i.Lost != 3 || i.Unread != 2 || i.InFlight != 3 {
			t.Errorf("%+v", i)
		}
	})
}

func TestGroupsAreBoundedAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		set := group.Settings{AckWait: time.Second, MaxOpen: 10}
		b.create("g", set)
		b.create("h", set)
		for name, code := range map[string]fault.Code{"g": fault.Conflict, "third": fault.TooMany} {
			if _, err := b.Create(t.Context(), "telemetry", name, set, msg.Position{}, ""); fault.CodeOf(err) != code {
				t.Error(name, err)
			}
		}
		over := make(chan error, 1)
		go func() {
			_, err := b.Pull(t.Context(), "telemetry", "g", 1, time.Minute)
			over <- err
		}()
		synctest.Wait()
		if err := b.DeleteAll(t.Context(), "telemetry"); err != nil {
			t.Fatal(err)
		}
		if err := <-over; fault.CodeOf(err) != fault.NotFound {
			t.Error(err)
		}
		if keys, _ := b.kv.Keys(t.Context(), ""); len(keys) != 0 || len(b.List("telemetry")) != 0 {
			t.Errorf("%v are left", keys)
		}
		if err := b.Delete(t.Context(), "telemetry", "g"); fault.CodeOf(err) != fault.NotFound {
			t.Error(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		b.create("g", set)
		cancel(errors.New("gone home"))
		if _, err := b.Pull(ctx, "telemetry", "g", 1, time.Minute); err == nil {
			t.Error("a pull outlived its caller")
		}
	})
}
