package preserve

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/millrace/millrace/internal/broker/delay"
	"github.com/millrace/millrace/internal/broker/retain"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Journal keeps records, the newest of each key; see stream.Journal.
type Journal interface {
	Replay(ctx context.Context, f func(records []msg.Message) error) error
	Keep(b *msg.Batch, committed func(b *msg.Batch, err error))
	Due() bool
	Begin()
	Finish(ctx context.Context, content int64) error
}

// Log is the message log; see stream.Streams.
type Log interface {
	// Names are the streams.
	Names() []string
	// Answered is a position of the stream: the broker was called back for every message
	// up to it.
	Answered(stream string) msg.Position
	// Replay calls f for what the stream holds now behind after.
	Replay(ctx context.Context, stream string, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error
	// Purge removes what a built-in stream holds up to the position.
	Purge(ctx context.Context, stream string, upTo msg.Position) error
}

// Options of a [Preserver].
type Options struct {
	Journal  Journal
	Log      Log
	Retained *retain.Store
	Delayed  *delay.Schedule
	// Restore puts a retained message into the store as one that is published.
	Restore func(m *msg.Message) error
	// Settle returns when the broker has done with everything that it was called back for
	// before.
	Settle func(ctx context.Context) error
	// Spare is the built-in stream of messages that are logged for the broker alone.
	Spare string
	// Sessions are the durable sessions; nil is none.
	Sessions Sessions
	// Every is the pause between rounds; 0 is a second.
	Every time.Duration
	Out   *slog.Logger
}

// Sessions are what else is in the journal: their owners write it themselves.
type Sessions interface {
	// Record takes a record of a kind that is not the preserver's; it is borrowed.
	Record(r *msg.Message)
	// Recorded is called when all were given.
	Recorded(ctx context.Context) error
	// Message takes a message behind the checkpoint; it is borrowed.
	Message(m *msg.Message)
	// Flush writes what has changed, or all once more, of which it returns the bytes.
	// needed is the lowest place of the spare stream that somebody still needs.
	Flush(ctx context.Context, all bool) (bytes int64, needed msg.Position, err error)
}

// Preserver writes down what changes. Load comes first, then one goroutine calls Run.
type Preserver struct {
	o       Options
	written checkpoint // the newest that the journal has
	needed  uint64     // lowest entry of the spare stream that sessions need
	purged  uint64     // of the spare stream
	failing bool
	changes []retain.Change
	delayed []delay.Change
}

// New returns the preserver; it tracks nothing before Load.
func New(o Options) *Preserver {
	if o.Every == 0 {
		o.Every = time.Second
	}
	return &Preserver{o: o, written: checkpoint{}}
}

// Run makes a round every now and then until ctx ends.
func (p *Preserver) Run(ctx context.Context) {
	t := time.NewTicker(p.o.Every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			p.look(ctx)
		}
	}
}

// look makes a round, and tells when it begins to fail and when that is over.
func (p *Preserver) look(ctx context.Context) {
	err := p.Round(ctx)
	if ctx.Err() != nil {
		return
	}
	switch failed := err != nil; {
	case failed && !p.failing:
		p.o.Out.Error("retained and delayed messages cannot be written down; it is tried again every second", "error", err)
	case !failed && p.failing:
		p.o.Out.Info("retained and delayed messages are written down again")
	}
	p.failing = err != nil
}

// Round writes what has changed, then the checkpoint; when most of the journal is out of
// date it writes all.
func (p *Preserver) Round(ctx context.Context) error {
	at := p.answered()
	if err := p.o.Settle(ctx); err != nil {
		return err
	}
	if err := p.writeChanges(ctx); err != nil {
		return err
	}
	if err := p.writeDelayed(ctx); err != nil {
		return err
	}
	if err := p.writeSessions(ctx); err != nil {
		return err
	}
	if p.o.Journal.Due() {
		return p.snapshot(ctx, at)
	}
	if maps.Equal(at, p.written) {
		return p.purge(ctx)
	}
	return p.check(ctx, at)
}

// writeSessions has the sessions written that have changed, and learns what they need.
func (p *Preserver) writeSessions(ctx context.Context) error {
	p.needed = 1<<64 - 1
	if p.o.Sessions == nil {
		return nil
	}
	_, needed, err := p.o.Sessions.Flush(ctx, false)
	p.needed = needed.Seq
	return err
}

func (p *Preserver) answered() checkpoint {
	c := checkpoint{}
	for _, name := range p.o.Log.Names() {
		c[name] = p.o.Log.Answered(name).Seq
	}
	return c
}

// changesAtOnce is how many retained messages go into one batch.
const changesAtOnce = 1000

func (p *Preserver) writeChanges(ctx context.Context) error {
	for {
		p.changes = p.o.Retained.Changes(p.changes[:0], changesAtOnce)
		if len(p.changes) == 0 {
			return nil
		}
		w := p.writer(ctx)
		for _, c := range p.changes {
			w.add(retainedRecord(c.Topic, c.Message))
		}
		if err := w.end(); err != nil {
			p.o.Retained.Again(p.changes)
			return err
		}
	}
}

func (p *Preserver) writeDelayed(ctx context.Context) error {
	p.delayed = p.o.Delayed.Changes(p.delayed)
	w := p.writer(ctx)
	for _, c := range p.delayed {
		if c.Message == nil {
			w.add(msg.Message{Topic: delayedKey(c.ID)})
		} else {
			w.add(Delayed(delay.Entry(c)))
		}
	}
	if err := w.end(); err != nil {
		return err // they stay for the next round
	}
	p.delayed = p.delayed[:0]
	return nil
}

// check writes the checkpoint and lets the spare stream's messages go that are behind it.
func (p *Preserver) check(ctx context.Context, at checkpoint) error {
	w := p.writer(ctx)
	w.add(at.record(p.o.Log.Names()))
	if err := w.end(); err != nil {
		return err
	}
	p.written = at
	return p.purge(ctx)
}

func (p *Preserver) purge(ctx context.Context) error {
	upTo := min(p.written[p.o.Spare], max(p.needed, 1)-1)
	if upTo <= p.purged {
		return nil
	}
	if err := p.o.Log.Purge(ctx, p.o.Spare, msg.Position{Seq: upTo, Index: ^uint32(0)}); err != nil {
		return err
	}
	p.purged = upTo
	return nil
}

// snapshot writes everything once more. What changes meanwhile is written by the next
// round, so what is replaced while the snapshot runs is left out of it.
func (p *Preserver) snapshot(ctx context.Context, at checkpoint) error {
	p.o.Journal.Begin()
	var all []*msg.Message
	p.o.Retained.Each(func(m *msg.Message) { all = append(all, m) })
	w := p.writer(ctx)
	for _, m := range all {
		if p.o.Retained.Get(m.Topic) == m {
			w.add(retainedRecord(string(m.Topic), m))
		}
	}
	for _, e := range p.o.Delayed.Owed() {
		w.add(Delayed(e))
	}
	if p.o.Sessions != nil {
		bytes, _, err := p.o.Sessions.Flush(ctx, true)
		if err != nil {
			return err
		}
		w.bytes += bytes
	}
	w.add(at.record(p.o.Log.Names()))
	if err := w.end(); err != nil {
		return err
	}
	p.written = at
	if err := p.o.Journal.Finish(ctx, w.bytes); err != nil {
		return err
	}
	return p.purge(ctx)
}

// writer hands records over in batches and waits for each.
type writer struct {
	ctx     context.Context
	journal Journal
	batch   msg.Batch
	bytes   int64 // of all records
	err     error
}

// writerBatch is how many bytes of records go into one batch.
const writerBatch = 200 << 10

func (p *Preserver) writer(ctx context.Context) *writer {
	return &writer{ctx: ctx, journal: p.o.Journal}
}

func (w *writer) add(r msg.Message) {
	w.batch.Base = 1 // records come in any order, and each has a time of its own
	w.batch.Add(&r, 0)
	if len(w.batch.Records) >= writerBatch {
		w.flush()
	}
}

func (w *writer) flush() {
	if w.err != nil || w.batch.Count() == 0 {
		return
	}
	w.bytes += int64(len(w.batch.Records))
	b, done := w.batch, make(chan error, 1)
	w.batch = msg.Batch{}
	w.journal.Keep(&b, func(_ *msg.Batch, err error) { done <- err })
	select {
	case w.err = <-done:
	case <-w.ctx.Done():
		w.err = fault.Wrap(fault.Timeout, "preserve: write", w.ctx.Err(), "The journal has not answered in time.")
	}
}

// end writes what is left and says whether all was written.
func (w *writer) end() error {
	w.flush()
	return w.err
}
