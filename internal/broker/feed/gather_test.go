package feed

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// longLog is a log of so many entries that nobody looks into: it notes how often it is
// read, and that takes a second each time.
type longLog struct {
	entries uint64
	bytes   int64 // of an entry
	mu      sync.Mutex
	from    []msg.Position // guarded by mu
}

func (l *longLog) Newest(uint8) msg.Position { return msg.Position{Seq: l.entries} }

func (l *longLog) EntryBytes(context.Context, uint8) int64 { return l.bytes }

func (l *longLog) Replay(ctx context.Context, _ uint8, after msg.Position, _ func(msg.Position, []msg.Message) error) error {
	l.mu.Lock()
	l.from = append(l.from, after)
	l.mu.Unlock()
	time.Sleep(time.Second)
	return ctx.Err()
}

func (l *longLog) reads() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.from)
}

// catching runs catchers over a log on the test's clock.
func catching(t *testing.T, entries uint64, bytes int64, story func(ask func(comes bool), l *longLog)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l := &longLog{entries: entries, bytes: bytes}
		k := New(ctx, l, func(*Answer) {})
		var running sync.WaitGroup
		for range Passes {
			running.Go(k.Serve)
		}
		story(func(comes bool) {
			k.Ask(Question{Stream: 1, From: msg.Position{Seq: 1}, Most: 1, Filters: []string{"t"}, Comes: comes})
		}, l)
		cancel()
		running.Wait()
	})
}

// Clients that come back one after another for the same long stretch of the log have it
// read once for all, though each would begin at once if it were alone.
func TestWhoComesTogetherSharesAPass(t *testing.T) {
	catching(t, 500, 256<<10, func(ask func(bool), l *longLog) {
		for range 100 {
			ask(true)
			time.Sleep(4 * time.Millisecond)
		}
		if n := l.reads(); n != 0 {
			t.Errorf("the log was read %d times while more came", n)
		}
		time.Sleep(100 * time.Millisecond)
		if n := l.reads(); n != 1 {
			t.Errorf("the log was read %d times when nobody came any more", n)
		}
	})
}

// Who comes while the stretch is being read waits for the end of that, and then for no
// more than it takes.
func TestWhoComesDuringAPassWaitsForIt(t *testing.T) {
	catching(t, 500, 256<<10, func(ask func(bool), l *longLog) {
		ask(true)
		time.Sleep(200 * time.Millisecond)
		for range 50 {
			ask(true)
			time.Sleep(10 * time.Millisecond)
		}
		if n := l.reads(); n != 1 {
			t.Errorf("the log was read %d times at once", n)
		}
		for range 400 { // they never stop to come
			ask(true)
			time.Sleep(10 * time.Millisecond)
		}
		if n := l.reads(); n < 3 || n > 5 {
			t.Errorf("the log was read %d times in 4.7 s of people coming", n)
		}
	})
}

// Who has little before it waits for nobody, and neither does who goes on.
func TestWhoIsAloneDoesNotWait(t *testing.T) {
	for _, c := range []struct {
		entries uint64
		bytes   int64
		comes   bool
	}{{10, 256 << 10, true}, {2000, 300, true}, {500, 256 << 10, false}} {
		catching(t, c.entries, c.bytes, func(ask func(bool), l *longLog) {
			ask(c.comes)
			synctest.Wait()
			if l.reads() != 1 {
				t.Errorf("with %d entries of %d bytes nobody reads", c.entries, c.bytes)
			}
		})
	}
}
