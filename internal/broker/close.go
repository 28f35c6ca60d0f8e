package broker

import (
	"context"

	"github.com/millrace/millrace/internal/broker/loop"
	"github.com/millrace/millrace/internal/fault"
)

// What is posted to every worker when the broker closes.
type (
	drain struct { // take nothing more from clients
		quiet chan<- bool
	}
	goodbye struct{} // tell them and close
	abort   struct{} // close without a word
)

func (v drain) on(w *worker) { w.draining, w.quiet = true, v.quiet }

func (goodbye) on(w *worker) {
	w.loop.Each(func(c *loop.Conn) { w.end(clientOf(c), errShutdown) })
	w.endSessions()
}

func (abort) on(w *worker) {
	w.loop.Each(func(c *loop.Conn) { w.forget(clientOf(c)); c.Abort() })
}

// Close takes no more clients and no more of their packets, waits for the log to
// answer for what it was given, says goodbye and ends every goroutine. When ctx
// ends first, clients are cut off; the error says so.
func (b *Broker) Close(ctx context.Context) (err error) {
	b.closing.Do(func() {
		b.closeDoors()
		if !b.running() {
			return
		}
		err = b.awaitLog(ctx)
		b.post(goodbye{})
		if late := b.awaitConns(ctx); err == nil {
			err = late
		}
		b.preserveLast(ctx)
		b.stop()
		b.loseDelayed()
	})
	return err
}

// running says whether the loops run: between Start and stop.
func (b *Broker) running() bool {
	select {
	case <-b.stopped:
		return false
	default:
		return b.started
	}
}

func (b *Broker) stop() {
	close(b.stopped)
	b.endPreserving()
	b.followers.Stop()
	b.feeds.stop()
	b.closeDoors() // one may have been opened meanwhile
	for _, w := range b.workers {
		w.loop.Stop()
	}
	b.tasks.Wait()
	for _, w := range b.workers {
		w.slowed.stop()
		w.scribe.stop()
	}
}

// awaitLog takes nothing more from clients and waits until the log has answered.
func (b *Broker) awaitLog(ctx context.Context) error {
	quiet := make(chan bool, len(b.workers))
	b.post(drain{quiet})
	for range b.workers {
		select {
		case <-quiet:
		case <-ctx.Done():
			return fault.Wrap(fault.Timeout, "broker: close", ctx.Err(), "The log has not answered in time; the publishers that wait for it get no acknowledgement.")
		}
	}
	return nil
}

// awaitConns waits until every connection has ended, and cuts them off when ctx
// does first.
func (b *Broker) awaitConns(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, w := range b.workers {
			w.loop.WaitConns()
		}
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	b.post(abort{})
	<-done
	return fault.Wrap(fault.Timeout, "broker: close", ctx.Err(), "Connections did not end in time and were cut off.")
}
