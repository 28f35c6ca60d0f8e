package api

import (
	"slices"
	"sync"

	"github.com/millrace/millrace/internal/api/topics"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// feed merges the messages of several topic filters, each message once. Its
// goroutines, one for each filter beyond the first alone, end with close.
type feed struct {
	c       <-chan msg.Message
	watches []topics.Watch
	stop    chan struct{}
	running sync.WaitGroup
}

// follow subscribes to the filters.
func follow(live Live, filters []string, buffer int) (*feed, error) {
	f := &feed{stop: make(chan struct{})}
	var distinct []string
	for _, filter := range filters {
		if slices.Contains(distinct, filter) {
			continue
		}
		w, err := live.Watch(filter, buffer)
		if err != nil {
			f.close()
			return nil, err
		}
		f.watches, distinct = append(f.watches, w), append(distinct, filter)
	}
	f.merge(distinct)
	return f, nil
}

// merge lets the first filter that matches a message bring it.
func (f *feed) merge(filters []string) {
	if len(f.watches) == 1 {
		f.c = f.watches[0].C()
		return
	}
	c := make(chan msg.Message)
	f.c = c
	for i, w := range f.watches {
		f.running.Go(func() { f.forward(w.C(), c, filters[:i]) })
	}
}

func (f *feed) forward(from <-chan msg.Message, to chan<- msg.Message, earlier []string) {
	for {
		select {
		case m, ok := <-from:
			if !ok {
				return
			}
			if slices.ContainsFunc(earlier, func(filter string) bool { return topic.Match(filter, string(m.Topic)) }) {
				continue
			}
			select {
			case to <- m:
			case <-f.stop:
				return
			}
		case <-f.stop:
			return
		}
	}
}

// dropped is how many messages found the reader's buffers full.
func (f *feed) dropped() (n uint64) {
	for _, w := range f.watches {
		n += w.Dropped()
	}
	return n
}

// close ends the subscriptions and the goroutines.
func (f *feed) close() {
	close(f.stop)
	for _, w := range f.watches {
		w.Close()
	}
	f.running.Wait()
}
