package broker

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/feed"
	"github.com/millrace/millrace/internal/broker/preserve"
	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// feeds bring what the streams hold to the loops with durable receivers: one goroutine
// reads the tail of each stream, some others what is further back (catchup.go). Nothing
// of it runs before the first durable session.
type feeds struct {
	log     SessionLog
	names   atomic.Pointer[[]string] // of the streams, by number less one; it grows
	spare   int                      // the place of the spare one among them
	unnamed atomic.Bool              // the journal has no record of the names
	workers []*worker
	router  *router
	catcher *feed.Catcher

	// mu guards reading: the streams that tail readers read, 0 before the first session.
	mu      sync.Mutex
	reading int
	ended   bool
	came    chan struct{} // closed when a stream comes that was named before; guarded by mu
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	// needed is, by loop and stream, the lowest entry that its sessions need; floors are,
	// by stream, the entries before which no session gets anything any more: the stream
	// holds more than it may.
	needed [][]atomic.Uint64
	floors []atomic.Uint64
	began  []msg.Position    // where the tail readers began
	seen   []atomic.Uint64   // entries up to there were read, by stream, and what is for the loops posted
	posted [][]atomic.Uint64 // runs, by loop and stream
	survey *backlog.Surveyor
	// outstanding is how many bytes the loops have not taken yet; taken is told when they
	// have taken some.
	outstanding atomic.Int64
	taken       chan struct{}
}

// feedAhead bounds the bytes that the loops have not taken yet.
const feedAhead = 8 << 20

func newFeeds(log SessionLog, workers []*worker, r *router) *feeds {
	f := &feeds{log: log, workers: workers, router: r, taken: make(chan struct{}, 1), came: make(chan struct{})}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.catcher = feed.New(f.ctx, numbered{f}, func(a *feed.Answer) { f.workers[a.Loop].loop.Post(a) })
	var report []func(*backlog.Report)
	for _, w := range workers {
		report = append(report, func(r *backlog.Report) { w.loop.Post(r) })
	}
	f.survey = backlog.NewSurveyor(f.ctx, numbered{f}, f.spacer, report)
	return f
}

// maxStreams is how many streams there may be: sessions know them by a byte.
const maxStreams = 255

// number takes the streams in their order, which they keep.
func (f *feeds) number(names []string, spare int) {
	f.spare = spare
	f.names.Store(&names)
	f.floors, f.began = make([]atomic.Uint64, maxStreams), make([]msg.Position, maxStreams)
	f.seen = make([]atomic.Uint64, maxStreams)
	for range f.workers {
		f.posted = append(f.posted, make([]atomic.Uint64, maxStreams))
		f.needed = append(f.needed, make([]atomic.Uint64, maxStreams))
	}
}

// list are the names of the streams, by number less one.
func (f *feeds) list() []string {
	if names := f.names.Load(); names != nil {
		return *names
	}
	return nil
}

// add gives a stream that is new, and holds nothing yet, its number. One that has a number
// was taken out of the configuration and is back: who waits for it reads on.
func (f *feeds) add(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slices.Contains(f.list(), name) {
		close(f.came)
		f.came = make(chan struct{})
		return
	}
	names := append(slices.Clip(f.list()), name)
	f.names.Store(&names)
	if f.reading > 0 {
		f.readTails(names)
	}
}

// start begins the reading where the streams end now; only the first call does.
func (f *feeds) start() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reading > 0 || f.ended {
		return
	}
	f.readTails(f.list())
	for range feed.Passes {
		f.running.Go(f.catcher.Serve)
	}
	f.running.Go(f.survey.Serve)
}

// readTails begins to read the tails of the streams that are not read yet. f.mu is held.
func (f *feeds) readTails(names []string) {
	if f.ended {
		return
	}
	for i, name := range names[f.reading:] {
		at := f.log.Newest(name)
		f.began[f.reading+i] = at
		f.seen[f.reading+i].Store(at.Seq)
	}
	for ; f.reading < len(names); f.reading++ {
		stream, from := uint8(f.reading+1), f.began[f.reading]
		f.running.Go(func() { f.follow(stream, names[stream-1], from) })
	}
}

// stop ends every goroutine.
func (f *feeds) stop() {
	f.mu.Lock()
	f.ended = true
	f.mu.Unlock()
	f.cancel()
	f.running.Wait()
}

// follow reads a stream from there on until the feeds stop.
func (f *feeds) follow(stream uint8, name string, after msg.Position) {
	routes := newRoutes(f.router, -1)
	wants := func(topic []byte) (loops, keepers []int) {
		r := routes.find(topic)
		return r.tails, r.keepers
	}
	t := feed.NewTail(stream, len(f.workers), f.spacer(), wants, func() uint64 { return f.lowest(stream) })
	for f.ctx.Err() == nil {
		came := f.coming()
		err := f.log.Read(f.ctx, name, after, func(at msg.Position, ms []msg.Message) error {
			f.deal(stream, t.Take(at, ms, time.Now()))
			f.seen[stream-1].Store(at.Seq)
			after = msg.Position{Seq: at.Seq, Index: at.Index + uint32(len(ms)) - 1}
			return f.await()
		})
		if notThere(err) {
			select {
			case <-came:
			case <-f.ctx.Done():
			}
			continue
		}
		f.pause(time.Second) // the log's own trouble; it has told of it
	}
}

// notThere says that the log has no such stream, which is told at the start.
func notThere(err error) bool { return fault.CodeOf(err) == fault.NotFound }

// coming is closed when a stream comes that was named before.
func (f *feeds) coming() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.came
}

func (f *feeds) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-f.ctx.Done():
	case <-t.C:
	}
}

// await returns when the loops have taken enough.
func (f *feeds) await() error {
	for f.outstanding.Load() > feedAhead {
		select {
		case <-f.taken:
		case <-f.ctx.Done():
			return f.ctx.Err()
		}
	}
	return f.ctx.Err()
}

func (f *feeds) took(bytes int) {
	if f.outstanding.Add(-int64(bytes)) <= feedAhead {
		select {
		case f.taken <- struct{}{}:
		default:
		}
	}
}

// numbered is the log by the streams' numbers. A stream that is not there is empty.
type numbered struct{ feeds *feeds }

func (l numbered) name(stream uint8) string { return l.feeds.list()[stream-1] }

func (l numbered) Newest(stream uint8) msg.Position { return l.feeds.log.Newest(l.name(stream)) }

func (l numbered) EntryBytes(ctx context.Context, stream uint8) int64 {
	return l.feeds.log.EntryBytes(ctx, l.name(stream))
}

func (l numbered) Replay(ctx context.Context, stream uint8, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error {
	if err := l.feeds.log.Replay(ctx, l.name(stream), after, f); !notThere(err) {
		return err
	}
	return nil
}

// deal posts the entry's messages to the loops with durable receivers.
func (f *feeds) deal(stream uint8, pieces []*feed.Piece) {
	for to, p := range pieces {
		if p == nil {
			continue
		}
		f.outstanding.Add(int64(p.Size))
		f.posted[to][stream-1].Add(1)
		f.workers[to].loop.Post(p)
	}
}

// tail is where the loop has come to in the stream.
func (w *worker) tail(stream uint8) *feed.Recent {
	for int(stream) > len(w.tails) {
		w.tails = append(w.tails, &feed.Recent{})
	}
	return w.tails[stream-1]
}

// takeTail gives the tail's next messages to the durable receivers that follow it.
func (w *worker) takeTail(p *feed.Piece) {
	w.markBacklog(p)
	p.Each(func(at msg.Position, m *msg.Message) bool {
		r := w.routes.find(m.Topic)
		w.images.Reset()
		w.metered = metered{r.meters, len(m.Payload)}
		w.feedAwake(r, p.Stream, at, m)
		w.recordLogged(p.Stream, at, m, &r.mark)
		w.meterEnd()
		w.feedGroups(r, p.Stream, at, m)
		w.countLogged(r, p.Stream, m)
		return true
	})
	w.tail(p.Stream).Took(p)
	w.broker.feeds.took(p.Size)
}

// meet brings the loop to where the tail reader is when it has taken every run.
func (w *worker) meet(stream uint8) {
	f := w.broker.feeds
	seen := f.seen[stream-1].Load() // before what was posted is asked: of it all was posted
	w.tail(stream).Meet(seen, f.posted[w.home][stream-1].Load())
}

// feedTarget gives the message to a client that follows the tail; false says that it
// does not, any more.
func (w *worker) feedTarget(t *target, stream uint8, at msg.Position, m *msg.Message) bool {
	c := t.client
	e := c.enduring
	if e == nil {
		return true
	}
	k := e.cursor(stream)
	if k.Takes(at) && (c.session.Away() || !w.feed(t, stream, at, m)) {
		w.fallBehind(c, stream, at)
		return false
	}
	return !e.cursor(stream).Behind()
}

// feed gives a message of the log to a client; false says that it has no room.
func (w *worker) feed(t *target, stream uint8, at msg.Position, m *msg.Message) bool {
	c, g := t.client, &t.grant
	if t.own != nil && string(m.Publisher) == c.id {
		g = t.own
	}
	if g.none || !t.begun(stream, at) {
		return true
	}
	now, left := w.logged(m)
	if !left {
		w.missed(c, c.session.Outlived())
		w.recordDropped(c, recorder.Dropped, fault.Expired)
		return true
	}
	im := w.imageFor(c, g, &now)
	im.Logged = session.Logged{Stream: stream, At: at}
	outcome, code := w.try(c, im, 0)
	switch outcome {
	case session.Behind:
		return false
	case session.Dropped:
		w.missed(c, code)
	}
	w.noteChanged(c)
	return true
}

// logged is a message of the log with what is left of its expiry interval; false says
// that nothing is.
func (w *worker) logged(m *msg.Message) (now msg.Message, left bool) {
	now = *m
	if !m.Expires() {
		return now, true
	}
	passed := max(w.loop.Now()-m.Time, 0) / 1e9
	if passed > 0 && passed >= int64(m.Expiry) {
		return now, false
	}
	now.SetExpiry(m.Expiry - uint32(passed))
	now.Time = m.Time + passed*1e9
	w.images.Reset()
	return now, true
}

var errFed = errors.New("enough for one run")

// SessionLog is the log as durable sessions need it; see stream.Streams.
type SessionLog interface {
	preserve.Log
	// Newest is the position behind which nothing has been committed.
	Newest(stream string) msg.Position
	// EntryBytes is how long an entry is on average; 0 when nobody can say.
	EntryBytes(ctx context.Context, stream string) int64
	// Hold says that the reader needs the stream from that entry on.
	Hold(stream, reader string, seq uint64)
	// Beyond is the entry before which everything has to go for the stream to hold no more
	// than that many bytes beyond its own bounds; 0 when nothing has to.
	Beyond(stream string, bytes int64) (seq uint64)
	// Read is Replay that goes on until ctx ends. What the messages point to is never changed,
	// also after f has returned.
	Read(ctx context.Context, stream string, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error
}
