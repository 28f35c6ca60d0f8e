package stream

import (
	"context"
	"math"
	"slices"

	"github.com/millrace/millrace/internal/msg"
)

// table says which streams there are at a moment, and which of them takes a topic. It is
// replaced and never changed, so that loops read it without a lock.
type table struct {
	kept     []*kept  // by number, which a stream keeps; none ever leaves
	captures captures // in the order in which they take messages
	numbers  []int    // of the streams of captures
}

// inOrder is a table in which the named streams come first, in that order, and then those
// that are not named.
func inOrder(all []*kept, names []string) *table {
	t := &table{kept: all}
	place := func(k *kept) int {
		if i := slices.Index(names, k.cfg().Name); i >= 0 {
			return i
		}
		return len(names)
	}
	for i, k := range all {
		if c := k.cfg(); !c.Retired && !c.BuiltIn {
			t.numbers = append(t.numbers, i)
		}
	}
	slices.SortStableFunc(t.numbers, func(a, b int) int { return place(all[a]) - place(all[b]) })
	for _, i := range t.numbers {
		t.captures = append(t.captures, all[i].cfg().Filters)
	}
	return t
}

// ordered are the streams as they take messages, then the others.
func (t *table) ordered() (all []*kept) {
	for _, i := range t.numbers {
		all = append(all, t.kept[i])
	}
	for i, k := range t.kept {
		if !slices.Contains(t.numbers, i) {
			all = append(all, k)
		}
	}
	return all
}

// Taker is the name of the stream that takes the topic.
func (s *Streams) Taker(topic []byte) (name string, ok bool) {
	i, ok := s.Route(topic)
	if !ok {
		return "", false
	}
	return s.all()[i].cfg().Name, true
}

func (s *Streams) all() []*kept { return s.table.Load().kept }

func (k *kept) cfg() *Config { return k.config.Load() }

func (s *Streams) newKept(c Config) *kept {
	k := &kept{tight: s.tight(c.Name), out: s.opt.Log.With("stream", c.Name), bad: map[uint64]bool{}}
	k.config.Store(&c)
	return k
}

// Arrangement is what users may change of the streams while they run: what each takes and
// keeps, and their order.
type Arrangement struct {
	// Change is a stream as it is to be; one that is new is opened.
	Change Config
	// Order names the streams as they take messages.
	Order []string
	// Known is called when a new stream is open, before it takes its first message.
	Known func(ctx context.Context, name string) error
}

// Arrange changes one stream, or adds it, and then what takes which topic.
func (s *Streams) Arrange(ctx context.Context, a Arrangement) error {
	select {
	case s.changing <- struct{}{}:
		defer func() { <-s.changing }()
	case <-s.stop:
		return shutdown()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := a.Change.check(); err != nil {
		return err
	}
	all := s.all()
	if i := slices.IndexFunc(all, func(k *kept) bool { return k.cfg().Name == a.Change.Name }); i >= 0 {
		if err := s.change(ctx, all[i], a.Change); err != nil {
			return err
		}
		s.table.Store(inOrder(all, a.Order))
		return nil
	}
	k := s.newKept(a.Change)
	if err := s.open(ctx, k); err != nil {
		return err
	}
	go k.appender.run()
	all = append(slices.Clip(all), k)
	s.table.Store(&table{kept: all, captures: s.table.Load().captures, numbers: s.table.Load().numbers})
	if err := a.Known(ctx, k.cfg().Name); err != nil {
		retired := *k.cfg()
		retired.Retired = true
		k.config.Store(&retired)
		return err
	}
	s.table.Store(inOrder(all, a.Order))
	return nil
}

// change makes the stream what c says.
func (s *Streams) change(ctx context.Context, k *kept, c Config) error {
	age, bytes := s.engineBounds(&c)
	if now := k.cfg(); now.MaxAge != c.MaxAge || now.MaxBytes != c.MaxBytes {
		if err := k.log.Change(ctx, age, bytes); err != nil {
			return err
		}
	}
	k.config.Store(&c)
	k.forgetState()
	return nil
}

// Removal is what a purge removes, or would.
type Removal struct {
	// UpTo is the newest position that goes; zero when nothing does.
	UpTo msg.Position
	// Entries go, of Of that are stored; Bytes are theirs as if all were of one size.
	Entries, Of uint64
	Bytes       int64
}

// Clear removes the entries of a users' stream up to a position: those that hold nothing
// behind it. With dry it says what would go.
func (s *Streams) Clear(ctx context.Context, stream string, upTo msg.Position, dry bool) (r Removal, err error) {
	k := s.byName(stream)
	st, err := s.stateFor(ctx, stream, msg.Position{})
	if err != nil {
		return r, err
	}
	last := upTo.Seq
	if upTo.Index != math.MaxUint32 && !(last == st.Last && upTo.Index+1 >= k.lastCount()) {
		last-- // the rest of its entry stays
	}
	last = min(last, st.Last)
	r.Of = st.Entries
	if st.Entries == 0 || last < st.First || upTo.Seq == 0 {
		return r, nil
	}
	r.UpTo = msg.Position{Seq: last, Index: math.MaxUint32}
	r.Entries = min(last-st.First+1, st.Entries)
	r.Bytes = int64(float64(st.Bytes) * float64(r.Entries) / float64(st.Entries))
	if dry {
		return r, nil
	}
	defer k.forgetState()
	return r, k.log.Purge(ctx, last)
}

// lastCount is how many messages the newest entry has.
func (k *kept) lastCount() uint32 { return uint32(k.appender.lastSize.Load()) }
