package bus

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/millrace/millrace/internal/fault"
)

// StoredLog is one log that the data folder holds; an alias as [LogConfig] is.
type StoredLog = struct {
	// Name is the log's, as in [LogConfig].
	Name string
	// Open tells that somebody has opened it since the start. One that nobody opens
	// is left over from an earlier configuration: it takes nothing, shows nowhere else
	// and keeps its disk space.
	Open bool
	// Memory tells that it is kept in memory.
	Memory bool
	// Entries and Bytes are what it holds.
	Entries uint64
	Bytes   int64
	// FirstTime and LastTime are when the oldest and the newest entry were stored;
	// zero when it is empty.
	FirstTime, LastTime time.Time
	// Dir is the folder that holds it, to be moved away or removed while the node is
	// stopped; empty for one in memory.
	Dir string
}

// Logs returns every log that is stored, sorted by name, also those that nobody has
// opened. Buckets are not among them.
func (b *Bus) Logs(ctx context.Context) ([]StoredLog, error) {
	e := b.now.Load()
	if e == nil {
		return nil, fault.New(fault.Unavailable, "The storage engine is being restarted.")
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	var all []StoredLog
	list := e.js.ListStreams(ctx)
	for s := range list.Info() {
		if !validName(s.Config.Name) {
			continue // a bucket
		}
		l := StoredLog{Name: s.Config.Name, Open: b.isOpen(s.Config.Name), Memory: s.Config.Storage == jetstream.MemoryStorage, Entries: s.State.Msgs, Bytes: int64(s.State.Bytes)}
		if l.Entries > 0 {
			l.FirstTime, l.LastTime = s.State.FirstTime, s.State.LastTime
		}
		if !l.Memory {
			l.Dir = filepath.Join(b.streamsDir(), l.Name)
		}
		all = append(all, l)
	}
	if err := list.Err(); err != nil {
		return nil, callFault(e, "bus: list logs", err)
	}
	slices.SortFunc(all, func(x, y StoredLog) int { return strings.Compare(x.Name, y.Name) })
	return all, nil
}

func (b *Bus) isOpen(log string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logs[log] != nil
}

// streamsDir is where the engine keeps a folder for each log and bucket.
func (b *Bus) streamsDir() string {
	return filepath.Join(b.opt.Dir, "jetstream", server.DEFAULT_GLOBAL_ACCOUNT, "streams")
}
