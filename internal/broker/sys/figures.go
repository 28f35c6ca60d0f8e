package sys

import (
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Root is what every topic of this package begins with.
const Root = "$SYS/"

// Figures is what the broker knows about itself at one moment. Totals count from
// the start.
type Figures struct {
	// Version is the program's, Node the node's name.
	Version, Node string
	// Started is when the broker began, Now the moment of the figures.
	Started, Now time.Time

	// Connected and Disconnected are sessions with and without a connection.
	Connected, Disconnected int64
	// Expired counts sessions whose time ran out.
	Expired uint64
	// Sockets counts connections accepted, whatever became of them.
	Sockets uint64
	// BytesIn and BytesOut count bytes from and for clients.
	BytesIn, BytesOut uint64
	// PacketsIn and PacketsOut count packets by type.
	PacketsIn, PacketsOut [packet.Types]uint64
	// PublishBytesIn and PublishBytesOut count the bytes of PUBLISH packets, headers
	// included.
	PublishBytesIn, PublishBytesOut uint64
	// MessagesIn and MessagesOut count messages by QoS, those from inside the node
	// included.
	MessagesIn, MessagesOut [3]uint64
	// Dropped counts messages lost to a limit; messages that nobody subscribed to
	// are in NoSubscriber, those that came too late in Expiries.
	Dropped, NoSubscriber, Expiries uint64
	// QueueFull and TooLarge are parts of Dropped.
	QueueFull, TooLarge uint64
	// Subscriptions are all of them, Shared those that share.
	Subscriptions, Shared int64
	// Topics are the distinct filters.
	Topics int64
	// Retained messages, and their bytes.
	Retained, RetainedBytes int64
	// Queued messages wait for a client, Inflight ones for its acknowledgement.
	Queued, QueuedBytes, Inflight int64
	// Delayed messages wait for their time.
	Delayed int64
	// Heap is the memory in use, in bytes.
	Heap uint64
}

func total(of [packet.Types]uint64) (n uint64) {
	for _, k := range of {
		n += k
	}
	return n
}

func sum(byQoS [3]uint64) uint64 { return byQoS[0] + byQoS[1] + byQoS[2] }
