package replay

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// The user properties of a replayed message: the stream and position that it comes from,
// as "telemetry/17:3", and when it arrived first (RFC 3339).
const (
	Marker     = "millrace-replay"
	TimeMarker = "millrace-time"
)

// Page is some messages of a stream; an alias of a plain struct, as the streams' own is.
type Page = struct {
	Messages      []msg.Placed
	Next          msg.Position
	More, Removed bool
}

// Source is the streams; see stream.Streams.
type Source interface {
	Page(ctx context.Context, stream string, after msg.Position, filter string, limit int, wait time.Duration) (Page, error)
}

// Publisher takes messages into the node.
type Publisher interface {
	Publish(ctx context.Context, m *msg.Message) (kept bool, err error)
}

// Options of [Replays]. Source and Publisher have no default.
type Options struct {
	Source    Source
	Publisher Publisher
	// KV keeps replays over the end of the node; nil keeps none.
	KV  KV
	Log *slog.Logger
	Now func() time.Time
}

// Order says what to replay, and how.
type Order struct {
	Stream string
	// After and UpTo bound the range: behind the one, up to the other.
	After, UpTo msg.Position
	// Filter is a topic filter; empty is all.
	Filter string
	// Prefix goes before each topic.
	Prefix string
	// Speed is how many times as fast as they came, Rate messages a second; with neither
	// it is as fast as it goes.
	Speed, Rate float64
	// Capture lets streams take the messages again.
	Capture bool
	// Resume goes on by itself when the node is started again.
	Resume bool
	// By asked for it.
	By string
}

// State is where a replay is.
type State string

// The states.
const (
	Running State = "running"
	Paused  State = "paused"
	Done    State = "done"
	Stopped State = "stopped"
	Failed  State = "failed"
	// Interrupted is one that has ended with the node; it can be made to run again.
	Interrupted State = "interrupted"
)

// Status is a replay at a moment.
type Status struct {
	ID string
	Order
	State State
	// At is the newest position that is done.
	At msg.Position
	// Published went out, Refused could not; Bytes are of the payloads.
	Published, Refused uint64
	Bytes              int64
	Begun, Ended       time.Time
	// Arrived is when the newest message that went out had arrived first.
	Arrived time.Time
	Error   string
}

const (
	maxRunning    = 8
	maxRemembered = 50
	pageMessages  = 500
)

// Replays are those of the node. Its methods may be called from any goroutine.
type Replays struct {
	opt     Options
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	keeper  keeper

	// mu guards the fields below, and what is said to be guarded in each of them.
	mu  sync.Mutex
	all []*replay // oldest first
}

// replay is one of them.
type replay struct {
	room   *Replays
	cancel context.CancelFunc
	pace   pace // its goroutine's own

	// room.mu guards the fields below.
	status Status
	resume chan struct{} // not nil while paused, since then; closed to go on
	since  time.Time
	dirty  bool // it is to be written
}

// New returns replays, of which there is none yet.
func New(o Options) *Replays {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Replays{opt: o, keeper: newKeeper()}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Close interrupts all, waits until they have ended, and writes how far they are.
func (r *Replays) Close() error {
	r.cancel()
	r.running.Wait()
	r.keeper.close(r)
	return nil
}

// Begin starts a replay. It returns when that is written down, as far as it can be.
func (r *Replays) Begin(o Order) (Status, error) {
	s, err := r.begin(o)
	if err == nil {
		r.keeper.round(r)
	}
	return s, err
}

func (r *Replays) begin(o Order) (Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.room(); err != nil {
		return Status{}, err
	}
	p := &replay{room: r, status: Status{ID: strings.ToLower(rand.Text()[:8]), Order: o, At: o.After, Begun: r.opt.Now().UTC()}}
	r.forget()
	r.all = append(r.all, p)
	p.start()
	r.opt.Log.Info("replay begun", "replay", p.status.ID, "stream", o.Stream, "after", o.After.String(), "up to", o.UpTo.String(), "by", o.By)
	return p.status, nil
}

// room says why no further replay may run. r.mu is held.
func (r *Replays) room() error {
	running := 0
	for _, p := range r.all {
		if !p.status.over() {
			running++
		}
	}
	if running >= maxRunning {
		return fault.New(fault.TooMany, "%d replays are running already, which is the limit.", maxRunning)
	}
	if r.ctx.Err() != nil {
		return fault.New(fault.ServerShutdown, "The node is shutting down.")
	}
	return nil
}

// start lets the replay run, from where it is. room.mu is held.
func (p *replay) start() {
	ctx, cancel := context.WithCancel(p.room.ctx)
	p.cancel, p.pace, p.dirty = cancel, pace{speed: p.status.Speed, rate: p.status.Rate}, true
	p.status.State, p.status.Ended = Running, time.Time{}
	p.room.running.Go(func() { defer cancel(); p.run(ctx) })
}

// pause holds the replay. room.mu is held.
func (p *replay) pause() {
	p.resume, p.since, p.status.State, p.dirty = make(chan struct{}), p.room.opt.Now(), Paused, true
}

// forget makes room among those that are over. r.mu is held.
func (r *Replays) forget() {
	if len(r.all) < maxRemembered {
		return
	}
	if i := slices.IndexFunc(r.all, func(p *replay) bool { return p.status.over() }); i >= 0 {
		r.keeper.forgotten = append(r.keeper.forgotten, r.all[i].status.ID)
		r.all = slices.Delete(r.all, i, i+1)
	}
}

func (s *Status) over() bool { return s.State != Running && s.State != Paused }

// List are the replays that are remembered, newest first.
func (r *Replays) List() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Status, 0, len(r.all))
	for _, p := range slices.Backward(r.all) {
		list = append(list, p.status)
	}
	return list
}

// Get is one of them.
func (r *Replays) Get(id string) (Status, error) {
	return r.with(id, func(*replay) {})
}

// Set makes a replay run, pause or stop. One that is over stays so, but for one that has
// ended with the node: it goes on from its position.
func (r *Replays) Set(id string, to State) (s Status, err error) {
	var refused error
	s, err = r.with(id, func(p *replay) {
		switch {
		case p.status.State == Interrupted && to == Running:
			if refused = r.room(); refused == nil {
				p.start()
			}
		case p.status.State == Interrupted && to == Stopped:
			p.status.State, p.dirty = Stopped, true
		case p.status.over():
		case to == Paused && p.resume == nil:
			p.pause()
		case to == Running && p.resume != nil:
			close(p.resume)
			p.resume, p.status.State, p.dirty = nil, Running, true
		case to == Stopped:
			p.cancel()
			p.status.State, p.dirty = Stopped, true
		}
	})
	if err == nil {
		r.keeper.round(r)
	}
	return s, errors.Join(err, refused)
}

func (r *Replays) with(id string, f func(*replay)) (Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.all {
		if p.status.ID == id {
			f(p)
			return p.status, nil
		}
	}
	return Status{}, fault.New(fault.NotFound, "There is no replay %s.", id)
}

// run is the goroutine of a replay.
func (p *replay) run(ctx context.Context) {
	err := p.play(ctx)
	p.note(func(s *Status) {
		s.Ended = p.room.opt.Now().UTC()
		switch {
		case err == nil && s.State != Stopped:
			s.State = Done
		case p.room.ctx.Err() != nil && s.State == Running:
			s.State = Interrupted
		case p.room.ctx.Err() != nil && s.State == Paused: // it stays so
		case ctx.Err() != nil:
			s.State = Stopped
		case err != nil:
			s.State, s.Error = Failed, fault.UserMessage(err)
		}
	})
	p.room.opt.Log.Info("replay ended", "replay", p.status.ID, "state", string(p.status.State), "published", p.status.Published, "error", err)
}

func (p *replay) note(f func(*Status)) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	f(&p.status)
	p.dirty = true
}

var errEnd = errors.New("replay: the end of the range")

func (p *replay) play(ctx context.Context) error {
	o := &p.status.Order
	for at := p.from(); ; {
		page, err := p.room.opt.Source.Page(ctx, o.Stream, at, o.Filter, pageMessages, 0)
		if err != nil {
			return err
		}
		for i := range page.Messages {
			if err := p.send(ctx, &page.Messages[i]); errors.Is(err, errEnd) {
				return nil
			} else if err != nil {
				return err
			}
		}
		at = page.Next
		p.note(func(s *Status) { s.At = at })
		if !page.More || at.Compare(o.UpTo) >= 0 {
			return nil
		}
	}
}

// from is where the replay begins, or goes on.
func (p *replay) from() msg.Position {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return p.status.At
}

// send publishes one message when it is due.
func (p *replay) send(ctx context.Context, m *msg.Placed) error {
	o := &p.status.Order
	if m.At.Compare(o.UpTo) > 0 {
		return errEnd
	}
	if err := p.await(ctx, p.pace.due(m.Time, p.room.opt.Now())); err != nil {
		return err
	}
	_, err := p.room.opt.Publisher.Publish(ctx, o.message(m))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if code := fault.CodeOf(err); err != nil && (code == fault.ServerShutdown || code == fault.Unavailable || code == fault.StorageFull || code == fault.Timeout) {
		return err
	}
	p.note(func(s *Status) {
		s.At, s.Arrived = m.At, time.Unix(0, m.Time).UTC()
		if err != nil {
			s.Refused++
			s.Error = fault.UserMessage(err)
			return
		}
		s.Published++
		s.Bytes += int64(len(m.Payload))
	})
	return nil
}

// await returns when the time has come and the replay is not paused.
func (p *replay) await(ctx context.Context, due time.Time) error {
	for {
		if waited, err := p.pausedFor(ctx); err != nil {
			return err
		} else if waited > 0 {
			p.pace.shift(waited)
			due = due.Add(waited)
		}
		left := due.Sub(p.room.opt.Now())
		if left <= 0 {
			return ctx.Err()
		}
		t := time.NewTimer(min(left, 200*time.Millisecond)) // a pause is seen meanwhile
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}

// pausedFor waits while the replay is paused, and says for how long.
func (p *replay) pausedFor(ctx context.Context) (time.Duration, error) {
	p.room.mu.Lock()
	resume, since := p.resume, p.since
	p.room.mu.Unlock()
	if resume == nil {
		return 0, nil
	}
	select {
	case <-resume:
		return p.room.opt.Now().Sub(since), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// message is what goes out for a stored one. It is of QoS 1 at most, retains nothing and
// does not expire: its interval has been spent.
func (o *Order) message(m *msg.Placed) *msg.Message {
	out := msg.Message{
		Topic: append([]byte(o.Prefix), m.Topic...), Payload: m.Payload, QoS: min(m.QoS, 1),
		Publisher: []byte("replay/" + o.Stream), Fleeting: !o.Capture,
	}
	out.Properties = append(out.Properties, m.Properties...)
	for _, u := range [][2]string{{Marker, o.Stream + "/" + m.At.String()}, {TimeMarker, time.Unix(0, m.Time).UTC().Format(time.RFC3339Nano)}} {
		out.Properties = packet.AppendProperty(out.Properties, packet.Property{ID: packet.UserProperty, Key: []byte(u[0]), Value: []byte(u[1])})
	}
	return &out
}

// Extent is what a replay would publish.
type Extent struct {
	Messages uint64
	Bytes    int64
	// First and Last are the arrivals of the first and the last of them.
	First, Last time.Time
	// Takes is how long it would take at the pace asked for; 0 for as fast as it goes.
	Takes time.Duration
	// AtLeast says that counting took too long, and there are more.
	AtLeast bool
}

// countLimit bounds the counting of a range.
const countLimit = 15 * time.Second

// Count tells what a replay would publish.
func (r *Replays) Count(ctx context.Context, o Order) (e Extent, err error) {
	ctx, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	for at, more := o.After, true; more && at.Compare(o.UpTo) < 0; {
		page, err := r.opt.Source.Page(ctx, o.Stream, at, o.Filter, 1000, 0)
		if ctx.Err() != nil {
			e.AtLeast = true
			break
		}
		if err != nil {
			return e, err
		}
		for i := range page.Messages {
			if m := &page.Messages[i]; m.At.Compare(o.UpTo) <= 0 {
				e.add(m)
			}
		}
		at, more = page.Next, page.More
	}
	switch {
	case o.Rate > 0:
		e.Takes = time.Duration(float64(e.Messages) / o.Rate * float64(time.Second))
	case o.Speed > 0:
		e.Takes = time.Duration(float64(e.Last.Sub(e.First)) / o.Speed)
	}
	return e, nil
}

func (e *Extent) add(m *msg.Placed) {
	e.Messages++
	e.Bytes += int64(len(m.Payload))
	e.Last = time.Unix(0, m.Time).UTC()
	e.First = cmp.Or(e.First, e.Last)
}
