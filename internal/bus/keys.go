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

// uncounted names the buckets that have changed since their keys were counted.
func (m *marks) uncounted() (streams []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, k := range m.of {
		if strings.HasPrefix(name, bucketPrefix) && k.counted != k.Last {
			streams = append(streams, name)
		}
	}
	return streams
}

// countKeys notes how many keys each changed bucket has.
func (b *Bus) countKeys() {
	e := b.now.Load()
	if e == nil || e.broken() != nil {
		return
	}
	ctx, cancel := e.whileWell(context.Background())
	defer cancel()
	for _, name := range b.marks.uncounted() {
		if s, err := e.js.Stream(ctx, name); err == nil {
			b.marks.counted(name, s.CachedInfo().State.Msgs)
		}
	}
}

// counted notes what was counted. What is changed meanwhile adds keys and takes none away.
func (m *marks) counted(stream string, keys uint64) {
	m.change(stream, func(k *mark) { k.Keys, k.counted = keys, k.Last })
}

// missKeys tells of buckets that have fewer keys than were noted, unless it was told already
// in this start why.
func (e *engine) missKeys(ctx context.Context) error {
	for _, name := range e.bus.marks.uncounted() {
		s, err := e.js.Stream(ctx, name)
		if err != nil {
			return err
		}
		had, _ := e.bus.marks.known(name)
		keys := s.CachedInfo().State.Msgs
		e.bus.marks.counted(name, keys)
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
