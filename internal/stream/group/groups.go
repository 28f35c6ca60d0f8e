package group

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Source is the streams, as groups read them; see stream.Streams.
type Source interface {
	// Page is what lies behind a position; it waits while there is nothing.
	Page(ctx context.Context, stream string, after msg.Position, filter string, limit int, wait time.Duration) (Page, error)
	// Fetch returns the messages at the positions, which rise, and how many of them it
	// has looked at; those that are gone are left out.
	Fetch(ctx context.Context, stream string, at []msg.Position) (found []msg.Placed, looked int, err error)
	// First is the position of the oldest message that is stored. What lay before it was
	// removed up to the entry purged.
	First(ctx context.Context, stream string) (at msg.Position, purged uint64, err error)
}

// Page is some messages of a stream; an alias of a plain struct, as the streams' own is.
type Page = struct {
	Messages      []msg.Placed
	Next          msg.Position
	More, Removed bool
}

// KV is the bucket that keeps the groups.
type KV interface {
	Get(ctx context.Context, key string) (value []byte, rev uint64, err error)
	Put(ctx context.Context, key string, value []byte) (rev uint64, err error)
	Create(ctx context.Context, key string, value []byte) (rev uint64, err error)
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Options of [Groups]. Source and KV have no default.
type Options struct {
	Source Source
	KV     KV
	// Retention is told what groups need that hold their streams back; nil holds nothing.
	Retention Retention
	// HoldAge and HoldBytes bound that: how old messages may become, and how much of a
	// stream there may be beyond its own bounds; 0 is no bound.
	HoldAge   time.Duration
	HoldBytes int64
	// Max is how many groups there may be; default 256.
	Max int
	// Now is the clock; default time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Settings are what a user says of a group.
type Settings struct {
	// Filter is the topic filter of what the group reads; empty is all.
	Filter string `json:"filter,omitempty"`
	// AckWait is how long a message that was handed out is invisible.
	AckWait time.Duration `json:"ack_wait"`
	// MaxDeliveries is how often a message is handed out before it is given up, and
	// counted; 0 is without end.
	MaxDeliveries int `json:"max_deliveries,omitempty"`
	// MaxOpen is how many messages may be handed out and not acknowledged.
	MaxOpen int `json:"max_in_flight"`
	// Hold has retention wait for the group, within [Options].
	Hold bool `json:"hold,omitempty"`
}

func (s Settings) limits() Limits {
	return Limits{AckWait: int64(s.AckWait), MaxDeliveries: cmp.Or(s.MaxDeliveries, math.MaxInt), MaxOpen: s.MaxOpen}
}

// Info is a group at a moment.
type Info struct {
	Stream, Name string
	Settings
	Created time.Time
	// By made it.
	By string
	// Floor is the position up to which everything is done; all up to Cursor was handed out.
	Floor, Cursor msg.Position
	// InFlight are handed out and not acknowledged.
	InFlight int
	// Acked, GivenUp, Again, Lost and Unread are as in [State].
	Acked, GivenUp, Again, Lost, Unread uint64
	// Done is when the newest message that is done arrived; zero before the first.
	Done time.Time
}

// Groups are the consumer groups of all streams. Its methods may be called from any
// goroutine between Start and Close.
type Groups struct {
	opt    Options
	keeper keeper
	holder *holder // nil without Retention

	// mu guards the fields below.
	mu     sync.Mutex
	groups map[string]*group // by key
}

// group is one of them.
type group struct {
	stream, name, by string
	created          time.Time
	reading          chan struct{} // held by whoever pulls
	changed          chan struct{} // told when there may be room, or another place
	gone             chan struct{} // closed when it is deleted

	// mu guards the fields below.
	mu       sync.Mutex
	settings Settings
	state    State
	round    uint64 // grows when somebody changes the group
	begins   bool   // anew: where is not settled yet
	dirty    bool
	waiters  []chan<- error // want to know when what is dirty is written
}

// stored is a group as the bucket has it.
type stored struct {
	Settings
	Created time.Time `json:"created"`
	By      string    `json:"by,omitempty"`
	State   []byte    `json:"state"`
}

// New returns the groups; Start reads them.
func New(o Options) *Groups {
	o.Max = cmp.Or(o.Max, 256)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Groups{opt: o, groups: map[string]*group{}}
	g.keeper = newKeeper(g)
	return g
}

// Start reads what is kept and begins to write what changes.
func (g *Groups) Start(ctx context.Context) error {
	keys, err := g.opt.KV.Keys(ctx, "")
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := g.load(ctx, key); err != nil {
			return err
		}
	}
	go g.keeper.run()
	if g.opt.Retention != nil {
		g.holder = newHolder(g)
		go g.holder.run()
	}
	return nil
}

func (g *Groups) load(ctx context.Context, key string) error {
	b, _, err := g.opt.KV.Get(ctx, key)
	if err != nil {
		return err
	}
	var s stored
	stream, name, _ := strings.Cut(key, "/")
	if err := json.Unmarshal(b, &s); err != nil {
		return fault.Wrap(fault.Internal, "group: load "+key, err, "Consumer group %s of stream %s cannot be read.", name, stream)
	}
	state, err := ReadState(s.State)
	if err != nil {
		return fault.Wrap(fault.Internal, "group: load "+key, err, "Consumer group %s of stream %s cannot be read.", name, stream)
	}
	k := newGroup(stream, name, s)
	k.state = state
	g.groups[key] = k
	return nil
}

func newGroup(stream, name string, s stored) *group {
	return &group{stream: stream, name: name, by: s.By, created: s.Created, settings: s.Settings,
		reading: make(chan struct{}, 1), changed: make(chan struct{}, 1), gone: make(chan struct{})}
}

// Close writes what has changed, while ctx allows, and ends.
func (g *Groups) Close(ctx context.Context) error {
	if g.holder != nil {
		g.holder.close()
	}
	return g.keeper.close(ctx)
}

func keyOf(stream, name string) string { return stream + "/" + name }

// Create makes a group that begins behind a position, or with the oldest message that is
// stored.
func (g *Groups) Create(ctx context.Context, stream, name string, s Settings, after msg.Position, by string) (Info, error) {
	k := newGroup(stream, name, stored{Settings: s, Created: g.opt.Now().UTC(), By: by})
	k.state.Cursor, k.begins = after, true
	if err := g.enter(k); err != nil {
		return Info{}, err
	}
	if err := g.begin(ctx, k); err != nil {
		g.leave(k)
		return Info{}, err
	}
	return k.info(), g.keeper.create(ctx, k)
}

// begin has retention wait for a group that holds its stream back from now on. One that
// begins anew passes over what was removed before: that is not lost to it.
func (g *Groups) begin(ctx context.Context, k *group) error {
	if _, holds := k.needs(); holds && g.holder != nil {
		if err := g.holder.look(ctx); err != nil {
			return err
		}
	}
	first, _, err := g.opt.Source.First(ctx, k.stream)
	k.note(func() (moved bool) {
		if k.begins && err == nil {
			moved = k.state.Skip(first)
		}
		k.begins = false
		return moved
	})
	return err
}

func (g *Groups) enter(k *group) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch key := keyOf(k.stream, k.name); {
	case g.groups[key] != nil:
		return fault.New(fault.Conflict, "Stream %s has a consumer group %s already.", k.stream, k.name)
	case len(g.groups) >= g.opt.Max:
		return fault.New(fault.TooMany, "There are %d consumer groups already, which is the limit (consumers.max_groups).", g.opt.Max)
	default:
		g.groups[key] = k
	}
	return nil
}

func (g *Groups) leave(k *group) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if key := keyOf(k.stream, k.name); g.groups[key] == k {
		delete(g.groups, key)
		close(k.gone)
	}
}

// Change sets the group's settings, and begins anew behind seek when it is not nil.
func (g *Groups) Change(ctx context.Context, stream, name string, change func(*Settings), seek *msg.Position) (Info, error) {
	k, err := g.find(stream, name)
	if err != nil {
		return Info{}, err
	}
	written := k.update(func() {
		change(&k.settings)
		k.round++
		if seek != nil {
			k.state.Seek(*seek)
			k.begins = true
		}
	})
	if err := g.begin(ctx, k); err != nil {
		return Info{}, err
	}
	k.tell()
	return k.info(), g.keeper.wait(ctx, k, written)
}

// Delete ends a group.
func (g *Groups) Delete(ctx context.Context, stream, name string) error {
	k, err := g.find(stream, name)
	if err != nil {
		return err
	}
	return g.keeper.remove(ctx, k)
}

// DeleteAll ends the groups of a stream that is no more.
func (g *Groups) DeleteAll(ctx context.Context, stream string) error {
	for _, k := range g.of(stream) {
		if err := g.keeper.remove(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// Get describes a group.
func (g *Groups) Get(stream, name string) (Info, error) {
	k, err := g.find(stream, name)
	if err != nil {
		return Info{}, err
	}
	return k.info(), nil
}

// List describes the groups of a stream by their names.
func (g *Groups) List(stream string) (all []Info) {
	for _, k := range g.of(stream) {
		all = append(all, k.info())
	}
	return all
}

// of are the groups of a stream, of all where it is empty.
func (g *Groups) of(stream string) (all []*group) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range g.groups {
		if stream == "" || k.stream == stream {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b *group) int {
		return cmp.Or(strings.Compare(a.stream, b.stream), strings.Compare(a.name, b.name))
	})
	return all
}

func (g *Groups) find(stream, name string) (*group, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if k := g.groups[keyOf(stream, name)]; k != nil {
		return k, nil
	}
	return nil, noGroup(stream, name)
}

func noGroup(stream, name string) error {
	return fault.New(fault.NotFound, "Stream %s has no consumer group %s.", stream, name)
}

func (k *group) info() Info {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := &k.state
	i := Info{Stream: k.stream, Name: k.name, Settings: k.settings, Created: k.created, By: k.by,
		Floor: s.Floor(), Cursor: s.Cursor, InFlight: len(s.Open),
		Acked: s.Acked, GivenUp: s.GivenUp, Again: s.Again, Lost: s.Lost, Unread: s.Unread}
	if s.Done > 0 {
		i.Done = time.Unix(0, s.Done).UTC()
	}
	return i
}

// value is the group as it is kept.
func (k *group) value() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, _ := json.Marshal(stored{k.settings, k.created, k.by, k.state.Append(nil)})
	return b
}

// tell wakes whoever pulls.
func (k *group) tell() {
	select {
	case k.changed <- struct{}{}:
	default:
	}
}
