package api

import (
	"slices"
	"sync"

	"github.com/millrace/millrace/internal/api/topics"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// feed merges the messages of several topic filters, each message once, and keeps
// them until the reader comes. What waits is bounded by number and by bytes; what
// finds no room is dropped and counted. Its goroutines, one for each filter, end
// with close or with their watches; they never wait for the reader, so that the
// watches' own buffers stay all but empty.
type feed struct {
	// ready holds a token while messages wait; over is closed when every watch has
	// ended.
	ready, over chan struct{}
	watches     []topics.Watch
	stop        chan struct{}
	running     sync.WaitGroup
	// most bounds what waits.
	mostCount, mostBytes int

	mu sync.Mutex
	// mu guards all that follows.
	waiting []msg.Message // from first on
	first   int
	bytes   int
	lost    uint64
	open    int // watches
}

// follow subscribes to the filters. At most count messages of at most bytes wait.
func follow(live Live, filters []string, count, bytes int) (*feed, error) {
	f := &feed{ready: make(chan struct{}, 1), over: make(chan struct{}), stop: make(chan struct{}), mostCount: count, mostBytes: bytes}
	var distinct []string
	for _, filter := range filters {
		if slices.Contains(distinct, filter) {
			continue
		}
		w, err := live.Watch(filter, count)
		if err != nil {
			f.close()
			return nil, err
		}
		f.watches, distinct = append(f.watches, w), append(distinct, filter)
	}
	f.open = len(f.watches)
	for i, w := range f.watches {
		f.running.Go(func() { f.forward(w.C(), distinct[:i]) })
	}
	return f, nil
}

// forward lets the first filter that matches a message bring it.
func (f *feed) forward(from <-chan msg.Message, earlier []string) {
	defer f.left()
	for {
		select {
		case m, ok := <-from:
			if !ok {
				return
			}
			if !slices.ContainsFunc(earlier, func(filter string) bool { return topic.Match(filter, string(m.Topic)) }) {
				f.push(m)
			}
		case <-f.stop:
			return
		}
	}
}

// left notes the end of a watch.
func (f *feed) left() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open--; f.open == 0 {
		close(f.over)
	}
}

// weight is what a waiting message costs, in bytes.
func weight(m *msg.Message) int {
	const fixed = 160 // the message itself and its allocation
	return fixed + len(m.Topic) + len(m.Payload) + len(m.Properties) + len(m.Publisher)
}

func (f *feed) push(m msg.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	size := weight(&m)
	if len(f.waiting)-f.first >= f.mostCount || f.bytes+size > f.mostBytes {
		f.lost++
		return
	}
	f.bytes += size
	f.makeRoomLocked()
	f.waiting = append(f.waiting, m)
	f.wakeLocked()
}

// makeRoomLocked moves what waits to the front when half of the list is read.
func (f *feed) makeRoomLocked() {
	if len(f.waiting) < cap(f.waiting) || f.first < len(f.waiting)/2 {
		return
	}
	n := copy(f.waiting, f.waiting[f.first:])
	clear(f.waiting[n:])
	f.waiting, f.first = f.waiting[:n], 0
}

func (f *feed) wakeLocked() {
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

// pop takes the oldest message that waits. While others wait behind it, ready holds
// a token.
func (f *feed) pop() (m msg.Message, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first == len(f.waiting) {
		return m, false
	}
	m, f.waiting[f.first] = f.waiting[f.first], msg.Message{}
	f.first++
	f.bytes -= weight(&m)
	if f.first == len(f.waiting) {
		f.waiting, f.first = f.waiting[:0], 0
	} else {
		f.wakeLocked()
	}
	return m, true
}

// dropped is how many messages found no room.
func (f *feed) dropped() (n uint64) {
	for _, w := range f.watches {
		n += w.Dropped()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return n + f.lost
}

// close ends the subscriptions and the goroutines.
func (f *feed) close() {
	close(f.stop)
	for _, w := range f.watches {
		w.Close()
	}
	f.running.Wait()
}
