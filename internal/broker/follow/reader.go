package follow

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// Streams are what is read.
type Streams interface {
	// Followable refuses a stream that users do not read. It never waits.
	Followable(stream string) error
	// Find is the position directly before the first message from t on.
	Find(ctx context.Context, stream string, t time.Time) (msg.Position, error)
	// Newest is the position behind which nothing has been committed.
	Newest(stream string) msg.Position
	// Read calls f for all behind after, then for what comes, until ctx ends or f returns
	// an error.
	Read(ctx context.Context, stream string, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error
}

// runBytes is how much is read ahead for one subscription.
const runBytes = 256 << 10

// Readers are those of a node.
type Readers struct {
	streams Streams
	ctx     context.Context
	cancel  context.CancelFunc
	count   atomic.Int64
	running sync.WaitGroup
}

// NewReaders returns none yet, of streams that may be nil if none is ever started.
func NewReaders(s Streams) *Readers {
	r := &Readers{streams: s}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Count is how many there are.
func (r *Readers) Count() int { return int(r.count.Load()) }

// Stop ends all of them and returns when they have ended.
func (r *Readers) Stop() {
	r.cancel()
	r.running.Wait()
}

// Reader reads one stream for one subscription.
type Reader struct {
	order   Order
	streams Streams
	ctx     context.Context
	cancel  context.CancelFunc
	take    func(run []msg.Placed)
	sent    chan struct{}
}

// Start begins to read. take is given run after run, by the reader's goroutine, which waits
// for Sent behind each; failed is told when the stream cannot be read any more.
func (r *Readers) Start(o Order, take func(run []msg.Placed), failed func(error)) *Reader {
	k := &Reader{order: o, streams: r.streams, take: take, sent: make(chan struct{}, 1)}
	k.ctx, k.cancel = context.WithCancel(r.ctx)
	r.count.Add(1)
	r.running.Go(func() {
		defer r.count.Add(-1)
		defer k.cancel()
		if err := k.read(); k.ctx.Err() == nil {
			failed(err)
		}
	})
	return k
}

// Sent says that the client has been sent the run that was taken last.
func (k *Reader) Sent() { k.sent <- struct{}{} }

// End ends the reader; it does not wait for that.
func (k *Reader) End() { k.cancel() }

// read goes on until the stream cannot be read or the reader ends.
func (k *Reader) read() error {
	after, err := k.order.begin(k.ctx, k.streams)
	for err == nil && k.ctx.Err() == nil {
		err = k.streams.Read(k.ctx, k.order.Stream, after, k.pick)
	}
	return err
}

// pick hands on what is wanted of an entry, and waits until it is sent.
func (k *Reader) pick(at msg.Position, ms []msg.Message) error {
	var run []msg.Placed
	bytes := 0
	for i := range ms {
		m := &ms[i]
		if k.order.wants(m) {
			run = append(run, msg.Placed{At: msg.Position{Seq: at.Seq, Index: at.Index + uint32(i)}, Message: m.Clone()})
			bytes += m.Bytes()
		}
		if len(run) > 0 && (i == len(ms)-1 || bytes >= runBytes) {
			k.take(run)
			select {
			case <-k.sent:
			case <-k.ctx.Done():
				return k.ctx.Err()
			}
			run, bytes = nil, 0
		}
	}
	return nil
}
