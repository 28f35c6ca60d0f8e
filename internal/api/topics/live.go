package topics

import "github.com/millrace/millrace/internal/msg"

// Live hands out subscribers inside the process.
type Live interface {
	// Watch subscribes to a topic filter. buffer is how many messages may wait.
	Watch(filter string, buffer int) (Watch, error)
}

// Watch is one subscriber. Its messages are the receiver's own; those that found
// the buffer full are counted in Dropped.
type Watch interface {
	C() <-chan msg.Message
	Dropped() uint64
	Close()
}
