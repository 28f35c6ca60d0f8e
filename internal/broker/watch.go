package broker

import (
	"sync"
	"sync/atomic"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"

	"github.com/millrace/millrace/internal/msg"
)

// Watch is a subscriber inside the node. It never slows the broker: what its
// reader does not take in time is dropped and counted.
type Watch struct {
	router  *router
	entry   *subscription
	dropped atomic.Uint64

	mu     sync.Mutex
	ch     chan msg.Message // guarded for sending against closing
	closed bool
}

// Watch subscribes to a topic filter from inside the node. Up to buffer messages
// wait for the reader, at least one. Close it when done.
func (b *Broker) Watch(filter string, buffer int) (*Watch, error) {
	if err := topic.ValidFilter([]byte(filter)); err != nil {
		return nil, err
	}
	if group, _, err := topic.ParseShare([]byte(filter)); err != nil || group != nil {
		return nil, fault.New(fault.SharedUnsupported, "A watch cannot share its messages: give the filter without $share.")
	}
	w := &Watch{router: &b.router, ch: make(chan msg.Message, max(buffer, 1))}
	w.entry = &subscription{watch: w, filter: filter}
	b.router.add(w.entry)
	return w, nil
}

// C delivers the messages, each a copy of the reader's own, those of one
// publisher in order. It is closed by Close.
func (w *Watch) C() <-chan msg.Message { return w.ch }

// Dropped is how many messages the reader was too slow for.
func (w *Watch) Dropped() uint64 { return w.dropped.Load() }

// Close ends the watch.
func (w *Watch) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	w.router.remove(w.entry)
	close(w.ch)
}

func (w *Watch) offer(m *msg.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
	case len(w.ch) == cap(w.ch):
		w.dropped.Add(1)
	default:
		w.ch <- m.Clone() // only here is sent, under mu: there is room
	}
}
