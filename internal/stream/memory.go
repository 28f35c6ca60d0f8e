package stream

import (
	"bytes"
	"context"
	"sync"
	"time"
)

var _ Log = (*MemoryLog)(nil)

// MemoryLog is a log that keeps entries in memory, for tests. Its zero value is an
// empty log.
type MemoryLog struct {
	// Fail, when set, is asked before an append: stores tells whether the entry is
	// stored all the same, err is its answer. It is called with the log locked.
	Fail func(id string, repeat bool) (stores bool, err error)

	// mu guards the fields below.
	mu      sync.Mutex
	entries [][]byte // of purged ones nil
	purged  uint64   // sequence of the newest of those
	ids     map[string]uint64
	grown   chan struct{}
}

// Append is [Log.Append]; it answers before it returns.
func (l *MemoryLog) Append(id string, repeat bool, entry []byte, done func(seq uint64, err error)) {
	done(l.append(id, repeat, entry))
}

func (l *MemoryLog) append(id string, repeat bool, entry []byte) (seq uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stores := true
	if l.Fail != nil {
		stores, err = l.Fail(id, repeat)
	}
	if !stores {
		return 0, err
	}
	if seq := l.ids[id]; repeat && seq != 0 {
		return seq, err
	}
	l.entries = append(l.entries, bytes.Clone(entry))
	seq = uint64(len(l.entries))
	if repeat {
		if l.ids == nil {
			l.ids = map[string]uint64{}
		}
		l.ids[id] = seq
	}
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
	return seq, err
}

// Read is [Log.Read].
func (l *MemoryLog) Read(ctx context.Context, from uint64, f func(seq uint64, entry []byte) error) error {
	for seq := max(from, 1); ; seq++ {
		if purged := l.behind(); seq <= purged {
			seq = purged + 1
		}
		entry, err := l.wait(ctx, seq)
		if err != nil {
			return err
		}
		if err := f(seq, entry); err != nil {
			return err
		}
	}
}

func (l *MemoryLog) wait(ctx context.Context, seq uint64) ([]byte, error) {
	for {
		l.mu.Lock()
		if seq <= uint64(len(l.entries)) {
			defer l.mu.Unlock()
			return l.entries[seq-1], ctx.Err()
		}
		if l.grown == nil {
			l.grown = make(chan struct{})
		}
		grown := l.grown
		l.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// behind is the sequence up to which everything was purged.
func (l *MemoryLog) behind() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.purged
}

// Change is [Log.Change]; nothing is bounded here.
func (l *MemoryLog) Change(context.Context, time.Duration, int64) error { return nil }

// Purge is [Log.Purge].
func (l *MemoryLog) Purge(_ context.Context, upTo uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	upTo = min(upTo, uint64(len(l.entries)))
	for l.purged < upTo {
		l.entries[l.purged] = nil
		l.purged++
	}
	return nil
}

// State is [Log.State].
func (l *MemoryLog) State(context.Context) (LogState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := uint64(len(l.entries))
	s := LogState{Entries: last - l.purged, First: l.purged + 1, Last: last, Purged: l.purged}
	for _, e := range l.entries {
		s.Bytes += int64(len(e))
	}
	if s.Entries > 0 {
		s.FirstTime, s.LastTime = time.Unix(0, 1).UTC(), time.Unix(0, 1).UTC()
	}
	return s, nil
}
