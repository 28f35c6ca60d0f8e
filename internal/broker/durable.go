package broker

import (
	"context"
	"errors"

	"github.com/millrace/millrace/internal/broker/preserve"
	"github.com/millrace/millrace/internal/fault"
)

// Durable is what survives the process, beside the streams.
type Durable struct {
	// Journal keeps what is not messages; nil keeps nothing.
	Journal Journal
	// Log reads the streams back.
	Log SessionLog
	// Spare is the Keeper's number of the built-in stream of messages that no other takes
	// and the broker has to find again; SpareName is its name.
	Spare     int
	SpareName string
	// Damaged says that the journal is known to have lost entries, beside those that its
	// replay misses.
	Damaged bool
	// Lost is told at the start whose sessions were ended because records of them are lost,
	// and how many more; nil tells nobody.
	Lost func(clients []string, unnamed int)
}

// Journal keeps records, the newest of each key.
type Journal interface {
	preserve.Journal
	// Index is the Keeper's number of the journal's stream.
	Index() int
	// Damaged says that Replay has missed entries.
	Damaged() bool
}

func (d *Durable) index() int {
	if d.Journal == nil {
		return -1
	}
	return d.Journal.Index()
}

func (b *Broker) newPreserver() *preserve.Preserver {
	d := &b.options.Durable
	if d.Journal == nil {
		return nil
	}
	b.recovery = &recovery{broker: b}
	return preserve.New(preserve.Options{
		Journal: d.Journal, Log: d.Log, Retained: b.retained, Delayed: b.delays,
		Restore: b.store, Settle: b.settle, Sessions: b.recovery, Spare: d.SpareName, Out: b.options.Log,
	})
}

// recall brings back what was there when the process ended.
func (b *Broker) recall(ctx context.Context) error {
	if b.preserver == nil {
		return nil
	}
	if err := b.preserver.Load(ctx); err != nil {
		return err
	}
	return b.recovery.refill(ctx)
}

// preserve begins to write down what changes, until preserveLast or stop.
func (b *Broker) preserve() {
	if b.preserver == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	b.endPreserving = func() { cancel(); <-ended }
	go func() {
		defer close(ended)
		b.preserver.Run(ctx)
	}()
}

// preserveLast writes what has changed while the broker ends, so that the next start has
// nothing to read behind the checkpoint.
func (b *Broker) preserveLast(ctx context.Context) {
	if b.preserver == nil {
		return
	}
	b.endPreserving()
	if err := b.preserver.Round(ctx); err != nil && !errors.Is(err, context.Canceled) {
		b.options.Log.Warn("the last changes are not in the journal; the next start reads them from the log", "error", err)
	}
}

// settled asks a loop for an answer behind everything that was posted to it before.
type settled struct{ done chan<- bool }

func (v settled) on(*worker) { v.done <- true }

// settle returns when every loop has done with what was posted before.
func (b *Broker) settle(ctx context.Context) error {
	done := make(chan bool, len(b.workers))
	b.post(settled{done})
	for range b.workers {
		select {
		case <-done:
		case <-b.stopped:
			return fault.New(fault.ServerShutdown, "The node is shutting down.")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
