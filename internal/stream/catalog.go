package stream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/files"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/say"
)

// KV is the bucket that keeps the streams that users have made.
type KV interface {
	Get(ctx context.Context, key string) (value []byte, rev uint64, err error)
	Put(ctx context.Context, key string, value []byte) (rev uint64, err error)
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Made is a stream that a user has made, as the bucket has it.
type Made struct {
	Filters  []string      `json:"filters"`
	MaxAge   time.Duration `json:"max_age,omitempty"`
	MaxBytes int64         `json:"max_bytes,omitempty"`
	// Before names the stream that takes messages after this one; empty is the first
	// that takes every topic.
	Before  string    `json:"before,omitempty"`
	Created time.Time `json:"created"`
	By      string    `json:"by,omitempty"`
	Retired bool      `json:"retired,omitempty"`
}

// maxStreams bounds the streams of users, those of the file included, and maxNames the
// names that were ever used: sessions know streams by a number of eight bits.
const (
	maxStreams = 64
	maxNames   = 200
)

// CatalogOptions of a [Catalog].
type CatalogOptions struct {
	KV KV
	// File are the streams of the configuration file, BuiltIn the node's own.
	File, BuiltIn []Config
	// Room is what max_bytes of all may add up to; 0 is no bound.
	Room int64
	Now  func() time.Time
}

// Catalog knows which streams there are: those of the configuration file, which stay as
// they are, and those that users make. Its methods may be called from any goroutine.
type Catalog struct {
	opt     CatalogOptions
	streams *Streams
	known   func(ctx context.Context, name string) error
	turn    chan struct{} // held by whoever changes something

	// mu guards the fields below.
	mu   sync.Mutex
	made map[string]Made
}

// OpenCatalog reads the bucket.
func OpenCatalog(ctx context.Context, o CatalogOptions) (*Catalog, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Catalog{opt: o, turn: make(chan struct{}, 1), made: map[string]Made{}}
	names, err := o.KV.Keys(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		b, _, err := o.KV.Get(ctx, name)
		if err != nil {
			return nil, err
		}
		var m Made
		if err := json.Unmarshal(b, &m); err != nil {
			return nil, fault.Wrap(fault.Internal, "stream: catalog "+name, err, "What is kept of stream %s cannot be read.", name)
		}
		c.made[name] = m
	}
	return c, nil
}

// Configs are all streams in their order, for [Options].
func (c *Catalog) Configs() []Config {
	all := arrange(c.opt.File, c.copy())
	for name, m := range c.copy() {
		if m.Retired && !c.inFile(name) {
			all = append(all, m.config(name))
		}
	}
	return append(all, c.opt.BuiltIn...)
}

// Serve lets users change the streams from now on. known is called when a new one is open,
// before it takes its first message.
func (c *Catalog) Serve(s *Streams, known func(ctx context.Context, name string) error) {
	c.streams, c.known = s, known
}

func (m Made) config(name string) Config {
	return Config{Name: name, Filters: m.Filters, MaxAge: m.MaxAge, MaxBytes: m.MaxBytes, Retired: m.Retired}
}

func (c *Catalog) copy() map[string]Made {
	c.mu.Lock()
	defer c.mu.Unlock()
	made := make(map[string]Made, len(c.made))
	for name, m := range c.made {
		made[name] = m
	}
	return made
}

// Gone are the names of the streams that were deleted.
func (c *Catalog) Gone() (names []string) {
	for name, m := range c.copy() {
		if m.Retired && !c.inFile(name) {
			names = append(names, name)
		}
	}
	return names
}

func (c *Catalog) inFile(name string) bool {
	return slices.ContainsFunc(c.opt.File, func(f Config) bool { return strings.EqualFold(f.Name, name) })
}

// arrange puts the streams that users have made among those of the file, the oldest first.
func arrange(file []Config, made map[string]Made) []Config {
	all := slices.Clone(file)
	var names []string
	for name, m := range made {
		if !m.Retired && !slices.ContainsFunc(file, func(f Config) bool { return f.Name == name }) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(made[a].Created.Compare(made[b].Created), strings.Compare(a, b))
	})
	for _, name := range names {
		m := made[name]
		i := slices.IndexFunc(all, func(s Config) bool { return s.Name == m.Before })
		if i < 0 {
			i = slices.IndexFunc(all, func(s Config) bool { return slices.Contains(s.Filters, "#") })
		}
		if i < 0 {
			i = len(all)
		}
		all = slices.Insert(all, i, m.config(name))
	}
	return all
}

// Origin is where a stream comes from: when and by whom it was made, ok false for one of
// the file or of the node.
func (c *Catalog) Origin(name string) (m Made, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok = c.made[name]
	return m, ok && !m.Retired && !c.inFile(name)
}

// Create makes a stream.
func (c *Catalog) Create(ctx context.Context, name string, m Made) error {
	return c.alone(ctx, func() error {
		made := c.copy()
		old, known := made[name]
		switch {
		case c.inFile(name) || known && !old.Retired || c.isBuiltIn(name):
			return fault.New(fault.Conflict, "There is a stream %s already.", name)
		case !validName(name):
			return fault.New(fault.Invalid, "Stream name %q: use lower-case letters, digits, - and _, 64 at most, a letter or digit first.", name)
		case files.Portable(name) != nil && !known:
			return fault.New(fault.Invalid, "The name of the stream is %v.", files.Portable(name))
		case len(arrange(c.opt.File, made)) >= maxStreams:
			return fault.New(fault.TooMany, "There are %d streams already, which is the limit.", maxStreams)
		case !known && len(made)+len(c.opt.File) >= maxNames:
			return fault.New(fault.TooMany, "%d names of streams were used already, which is the limit; take one that was deleted.", maxNames)
		}
		m.Created = c.opt.Now().UTC()
		return c.set(ctx, made, name, m)
	})
}

// Change makes something of a stream otherwise.
func (c *Catalog) Change(ctx context.Context, name string, change func(*Made)) error {
	return c.alone(ctx, func() error {
		m, err := c.own(name)
		if err != nil {
			return err
		}
		change(&m)
		return c.set(ctx, c.copy(), name, m)
	})
}

// Delete ends a stream and removes what it holds up to a position; what came behind stays,
// as long as the stream's bounds say, for sessions that have it to get. Its name may be used
// again; positions go on then.
func (c *Catalog) Delete(ctx context.Context, name string, upTo msg.Position) error {
	return c.alone(ctx, func() error {
		m, err := c.own(name)
		if err != nil {
			return err
		}
		if _, err := c.streams.Clear(ctx, name, upTo, false); err != nil {
			return err
		}
		m.Retired = true
		return c.set(ctx, c.copy(), name, m)
	})
}

// own is a stream that a user has made, else the reason why it is not to be changed.
func (c *Catalog) own(name string) (Made, error) {
	m, ok := c.Origin(name)
	switch {
	case ok:
		return m, nil
	case c.inFile(name):
		return m, fault.New(fault.Forbidden, "Stream %s is in the configuration file: change it there, and start the node again.", name)
	case c.isBuiltIn(name):
		return m, fault.New(fault.Forbidden, "Stream %s is the node's own: it is described, and neither read nor changed.", name)
	}
	return m, unknown(name)
}

func (c *Catalog) isBuiltIn(name string) bool {
	return slices.ContainsFunc(c.opt.BuiltIn, func(f Config) bool { return f.Name == name })
}

// set has the streams take over what is new, and writes it down.
func (c *Catalog) set(ctx context.Context, made map[string]Made, name string, m Made) error {
	if m.Before != "" && !m.Retired && (m.Before == name || !slices.ContainsFunc(arrange(c.opt.File, made), func(s Config) bool { return s.Name == m.Before })) {
		return fault.New(fault.Invalid, "There is no stream %s that %s could stand before.", m.Before, name)
	}
	old, known := made[name]
	made[name] = m
	all, sum := arrange(c.opt.File, made), int64(0)
	order := make([]string, len(all))
	for i, s := range all {
		order[i], sum = s.Name, sum+s.MaxBytes
	}
	if c.opt.Room > 0 && sum > c.opt.Room && !m.Retired {
		return fault.New(fault.Invalid, "max_bytes of all streams would add up to %s, and %s are theirs (seven eighths of storage.max_bytes).", say.Size(sum), say.Size(c.opt.Room))
	}
	cfg := m.config(name)
	if err := cfg.check(); err != nil {
		return err
	}
	if err := c.write(ctx, name, m); err != nil {
		return err
	}
	err := c.streams.Arrange(ctx, Arrangement{Change: cfg, Order: order, Known: c.known})
	if err != nil { // as it was
		if !known {
			old = m
			old.Retired = true
		}
		return errors.Join(err, c.write(ctx, name, old))
	}
	return nil
}

func (c *Catalog) write(ctx context.Context, name string, m Made) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if _, err := c.opt.KV.Put(ctx, name, b); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made[name] = m
	return nil
}

func (c *Catalog) alone(ctx context.Context, f func() error) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
		return f()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// validName says whether s may name a stream: it becomes part of a folder's name.
func validName(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '-' || s[0] == '_' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}
