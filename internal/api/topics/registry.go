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
	// Live brings the messages; it is required.
	Live Live
	// Filter is what to follow (default "#", which leaves out topics that begin
	// with "$").
	Filter string
	// MaxTopics is how many topics are remembered (default 100,000).
	MaxTopics int
	// MaxBytes bounds the last payloads in all (default 64 MiB), MaxPayload what is
	// kept of each (default 16 KiB).
	MaxBytes, MaxPayload int
	// Buffer is how many messages may wait for the registry (default 16,384).
	Buffer int
	// Log takes what goes wrong; nil is slog.Default.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (o *Options) defaults() {
	setDefault(&o.Filter, "#")
	setDefault(&o.MaxTopics, 100_000)
	setDefault(&o.MaxBytes, 64<<20)
	setDefault(&o.MaxPayload, 16<<10)
	setDefault(&o.Buffer, 16_384)
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

// batch is how many messages are taken in under one lock.
const batch = 256

// Registry remembers topics.
type Registry struct {
	o          Options
	watch      Watch
	stop, done chan struct{}

	mu sync.Mutex
	// mu guards all that follows.
	tree tree
}

// New returns a Registry that knows nothing yet.
func New(o Options) (*Registry, error) {
	o.defaults()
	if o.Live == nil {
		return nil, fault.New(fault.Invalid, "The registry of topics needs somebody to bring messages.")
	}
	return &Registry{o: o, tree: newTree(o.MaxTopics, o.MaxBytes, o.MaxPayload)}, nil
}

// Start subscribes and begins to take messages in.
func (r *Registry) Start(context.Context) error {
	w, err := r.o.Live.Watch(r.o.Filter, r.o.Buffer)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.watch, r.stop, r.done = w, make(chan struct{}), make(chan struct{})
	r.mu.Unlock()
	go r.run()
	return nil
}

// Close ends the subscription and waits for the goroutine. What is remembered can
// still be read.
func (r *Registry) Close() error {
	if r.done == nil {
		return nil
	}
	close(r.stop)
	<-r.done
	r.watch.Close()
	r.done = nil
	return nil
}

func (r *Registry) run() {
	defer close(r.done)
	for {
		select {
		case m, ok := <-r.watch.C():
			if !ok {
				return
			}
			r.takeIn(m)
		case <-r.stop:
			return
		}
	}
}

// takeIn adds m and what waits behind it already.
func (r *Registry) takeIn(m msg.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tree.add(&m)
	for range batch {
		select {
		case next, ok := <-r.watch.C():
			if !ok {
				return
			}
			r.tree.add(&next)
		default:
			return
		}
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
	s := Stats{Topics: len(r.tree.topics), Bytes: r.tree.bytes, Messages: r.tree.messages, Evicted: r.tree.evicted}
	if r.watch != nil {
		s.Missed = r.watch.Dropped()
	}
	return s
}
