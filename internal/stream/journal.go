package stream

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// A Journal keeps state as records, each under a key (the message's topic): the newest
// of a key counts, and one without payload says that the key is gone. It is a built-in
// stream of its own.
//
// When most of it is out of date ([Journal.Due]) its owners write all they have once
// more, between [Journal.Begin] and [Journal.Finish], which removes what lies before.
// Whoever owns a key hands over its records in their order, those of the snapshot, too,
// so that nothing old comes behind something new.
type Journal struct {
	streams *Streams
	index   int
	kept    *kept
	damaged bool // Replay has missed entries

	// mu guards the fields below.
	mu      sync.Mutex
	content int64  // bytes of what counted at the last snapshot or replay
	begun   bool   // a snapshot is being written
	before  uint64 // what lies up to here goes with it
}

// journalSlack is how much of a journal may be out of date whatever its size, bytes.
const journalSlack = 8 << 20

// Journal returns the stream of that name, one with Config.State, as a journal. Streams must be
// started.
func (s *Streams) Journal(name string) (*Journal, error) {
	for i, k := range s.all() {
		if k.cfg().Name == name && k.cfg().State && k.log != nil {
			return &Journal{streams: s, index: i, kept: k}, nil
		}
	}
	return nil, unknown(name)
}

// Replay calls f for every record that is stored, in the order of writing, those that
// are out of date, too. ms is borrowed until f returns. It is called once, before the
// first Keep.
func (j *Journal) Replay(ctx context.Context, f func(ms []msg.Message) error) error {
	sizes, seed := map[uint64]int64{}, maphash.MakeSeed()
	r, err := j.streams.reader(ctx, j.kept.cfg().Name, msg.Position{}, func(_ msg.Position, ms []msg.Message) error {
		for i := range ms {
			m := &ms[i]
			key := maphash.Bytes(seed, m.Topic)
			j.content -= sizes[key]
			sizes[key] = int64(m.Bytes())
			j.content += sizes[key]
		}
		return f(ms)
	})
	if err == nil {
		err = r.replay(ctx)
		j.damaged = r.order.lost
	}
	if err != nil {
		return fault.Wrap(fault.CodeOf(err), "journal: replay "+j.kept.cfg().Name, err, "The stored state of sessions cannot be read.")
	}
	return nil
}

// Damaged says that Replay has found entries missing, or could not read them.
func (j *Journal) Damaged() bool { return j.damaged }

// Keep hands records over, as [Streams.Keep] does messages.
func (j *Journal) Keep(b *msg.Batch, committed func(b *msg.Batch, err error)) {
	j.streams.Keep(j.index, b, committed)
}

// Index is the journal's number for [Streams.Keep], for those who hand over records
// together with messages.
func (j *Journal) Index() int { return j.index }

// Due says that a snapshot is worth its cost: less than half of the journal counts.
// The size may be a second old. While a snapshot is being written none is due.
func (j *Journal) Due() bool {
	st, _ := j.kept.look(j.streams.opt.Now())
	j.mu.Lock()
	defer j.mu.Unlock()
	return !j.begun && st.Bytes > 2*j.content+journalSlack
}

// Begin says that what is handed over from now on is a snapshot, whatever comes between
// its parts. A second Begin begins it anew.
func (j *Journal) Begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun, j.before = true, j.kept.appender.lastSeq.Load()
}

// Finish ends the snapshot, whose records were all committed and take content bytes,
// and removes what lies before it. When it fails, more than necessary is kept.
func (j *Journal) Finish(ctx context.Context, content int64) error {
	j.mu.Lock()
	begun, before := j.begun, j.before
	j.begun, j.content = false, content
	j.mu.Unlock()
	if !begun || before == 0 {
		return nil
	}
	err := j.kept.log.Purge(ctx, before)
	j.kept.forgetState()
	return err
}
