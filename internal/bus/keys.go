package bus

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A bucket's records come and go with its keys, so a gap between two of its files is no
// sign of a loss. Its keys are: each has one record, of its value or of its removal, and
// nothing takes that away. So a bucket that has fewer than were noted has lost some.

// countLimit is how long the engine may take to answer for all changed buckets.
const countLimit = time.Second

// uncounted has the newest sequence of each bucket that has changed since its keys were counted.
func (m *marks) uncounted() map[string]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := map[string]uint64{}
	for name, k := range m.of {
		if strings.HasPrefix(name, bucketPrefix) && k.counted != k.Last {
			last[name] = k.Last
		}
	}
	return last
}

// countKeys notes how many keys each changed bucket has. What the engine does not answer in
// time is counted later.
func (b *Bus) countKeys() {
	e := b.now.Load()
	if e == nil || e.broken() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), countLimit)
	defer cancel()
	for name, last := range b.marks.uncounted() {
		if s, err := e.js.Stream(ctx, name); err == nil {
			b.marks.counted(name, s.CachedInfo().State.Msgs, last)
		}
	}
}

// counted notes how many keys a bucket has, as of last or later.
func (m *marks) counted(stream string, keys, last uint64) {
	m.change(stream, func(k *mark) { k.Keys, k.counted = keys, last })
}

// missKeys tells of buckets that have fewer keys than were noted, unless it was told already
// in this start why.
func (e *engine) missKeys(ctx context.Context) error {
	for name, last := range e.bus.marks.uncounted() {
		s, err := e.js.Stream(ctx, name)
		if err != nil {
			return err
		}
		had, _ := e.bus.marks.known(name)
		keys := s.CachedInfo().State.Msgs
		e.bus.marks.counted(name, keys, last)
		if bucket := strings.TrimPrefix(name, bucketPrefix); keys < had.Keys && !e.bus.marks.foundSince(bucket, e.born) {
			e.bus.lost(Loss{Stream: bucket, File: filepath.Join(e.bus.streamsDir(), name), Text: fmt.Sprintf("%d of %d keys are gone", had.Keys-keys, had.Keys)})
		}
	}
	return nil
}

// foundSince says whether a loss of the stream was found since then.
func (m *marks) foundSince(stream string, since time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.losses, func(l Loss) bool { return l.Stream == stream && !l.Found.Before(since) })
}
