package topics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Options of a Registry.
type Options struct {
	// Source brings the messages; it is required.
	Source Source
	// MaxTopics is how many topics are remembered (default 100,000).
	MaxTopics int
	// MaxBytes bounds the last payloads in all (default 64 MiB), MaxPayload what is
	// kept of each (default 16 KiB).
	MaxBytes, MaxPayload int
	// Log takes what goes wrong; nil is slog.Default.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (o *Options) defaults() {
	setDefault(&o.MaxTopics, 100_000)
	setDefault(&o.MaxBytes, 64<<20)
	setDefault(&o.MaxPayload, 16<<10)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

const (
	// digestLines and digestBytes bound one digest: its topics, and the bytes of their
	// names, payloads and publishers.
	digestLines = 8_192
	digestBytes = 4 << 20
	// batch is how many lines of one are taken in under one lock.
	batch = 256
)

// Registry remembers topics.
type Registry struct {
	o          Options
	digests    Digests
	stop, done chan struct{}
	levels     []*node // of the lines of the digest in hand; the goroutine's alone

	mu sync.Mutex
	// mu guards all that follows.
	tree   tree
	missed uint64
}

// New returns a Registry that knows nothing yet.
func New(o Options) (*Registry, error) {
	o.defaults()
	if o.Source == nil {
		return nil, fault.New(fault.Invalid, "The registry of topics needs somebody to bring messages.")
	}
	return &Registry{o: o, tree: newTree(o.MaxTopics, o.MaxBytes)}, nil
}

// Start begins to take messages in.
func (r *Registry) Start(context.Context) error {
	d, err := r.o.Source.Digest(msg.DigestLimits{Lines: digestLines, Bytes: digestBytes, Payload: r.o.MaxPayload})
	if err != nil {
		return err
	}
	r.digests, r.stop, r.done = d, make(chan struct{}), make(chan struct{})
	go r.run()
	return nil
}

// Close ends it and waits for the goroutine. What is remembered can still be read.
func (r *Registry) Close() error {
	if r.done == nil {
		return nil
	}
	close(r.stop)
	<-r.done
	r.digests.Close()
	r.done = nil
	return nil
}

func (r *Registry) run() {
	defer close(r.done)
	for {
		select {
		case d := <-r.digests.C():
			r.takeIn(d)
			r.digests.Done(d)
		case <-r.stop:
			return
		}
	}
}

// takeIn adds what a digest says.
func (r *Registry) takeIn(d *msg.Digest) {
	for from := 0; from < d.Lines(); from += batch {
		r.takeLines(d, from, min(from+batch, d.Lines()))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missed += d.Missed
	d.Met(func(line int, publisher uint64) { r.levels[line].met(publisher) })
	clear(r.levels)
	r.levels = r.levels[:0]
}

func (r *Registry) takeLines(d *msg.Digest, from, to int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := from; i < to; i++ {
		l := d.Line(i)
		r.levels = append(r.levels, r.tree.add(&l))
	}
}

// Children lists the levels directly below parent ("" is the root), sorted by
// name, and how many there are in all.
func (r *Registry) Children(parent string, offset, limit int) ([]Node, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.tree.find(parent)
	if n == nil {
		return nil, 0
	}
	all := n.sortedChildren()
	return r.describeLocked(page(all, offset, limit)), len(all)
}

// Search lists the topics with messages of their own, at or below parent, whose
// name contains text, letter case ignored; sorted by name, and how many there are.
func (r *Registry) Search(parent, text string, offset, limit int) ([]Node, int) {
	r.mu.Lock()
	found := r.tree.search(parent, text)
	r.mu.Unlock()
	sortNodes(found, func(n *node) string { return n.topic })
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.describeLocked(page(found, offset, limit)), len(found)
}

func (r *Registry) describeLocked(nodes []*node) []Node {
	now := r.o.Now().UnixNano()
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		out[i] = n.describe(now)
	}
	return out
}

func page(all []*node, offset, limit int) []*node {
	from := min(max(offset, 0), len(all))
	return all[from:min(from+max(limit, 0), len(all))]
}

// Last is a topic's last message.
func (r *Registry) Last(topic string) (Message, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.tree.topics[topic]
	if n == nil {
		return Message{}, false
	}
	return n.last.message(topic), true
}

// Stats is what the registry counts.
func (r *Registry) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Stats{Topics: len(r.tree.topics), Bytes: r.tree.bytes, Messages: r.tree.messages, Evicted: r.tree.evicted, Missed: r.missed}
}
