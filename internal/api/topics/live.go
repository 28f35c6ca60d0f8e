package topics

import "github.com/millrace/millrace/internal/msg"

// Live hands out subscribers inside the process.
type Live interface {
	// Watch subscribes to a topic filter. buffer is how many messages may wait.
	Watch(filter string, buffer int) (Watch, error)
}

// Source sums up what clients publish, for the registry.
type Source interface {
	// Digest begins to; limits are those of each digest.
	Digest(limits msg.DigestLimits) (Digests, error)
}

// Digests are told some times a second. The registry owns each until it gives it
// back by Done. C is never closed.
type Digests interface {
	C() <-chan *msg.Digest
	Done(*msg.Digest)
	Close()
}

// Watch is one subscriber. Its messages are the receiver's own; those that found
// the buffer full are counted in Dropped.
type Watch interface {
	C() <-chan msg.Message
	Dropped() uint64
	Close()
}
