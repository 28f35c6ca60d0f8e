package broker

import (
	"github.com/millrace/millrace/internal/broker/watch"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Watch subscribes to a topic filter from inside the node. Up to buffer messages
// wait for the reader and up to Options.WatchBytes of them, at least one message; those
// that were dropped are counted in [Stats.WatchDropped], too. Close it when done.
func (b *Broker) Watch(filter string, buffer int) (*watch.Watch, error) {
	if err := topic.ValidFilter([]byte(filter)); err != nil {
		return nil, err
	}
	if group, _, err := topic.ParseShare([]byte(filter)); err != nil || group != nil {
		return nil, fault.New(fault.SharedUnsupported, "A watch cannot share its messages: give the filter without $share.")
	}
	entry := &subscription{filter: filter}
	entry.watch = watch.New(buffer, b.options.WatchBytes, func() { b.router.remove(entry) })
	b.router.add(entry)
	return entry.watch, nil
}
