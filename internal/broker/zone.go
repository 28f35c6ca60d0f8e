package broker

import (
	"time"

	"github.com/millrace/millrace/internal/broker/pace"
	"github.com/millrace/millrace/internal/broker/session"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Zone is the settings that the clients of a listener live under. Several
// listeners may have one zone.
type Zone struct {
	// Name is for people; it may be empty.
	Name string
	// ConnectTimeout is how long a new connection may take to send CONNECT; 0 is 10 s.
	ConnectTimeout time.Duration
	// MaxPacketSize bounds the packets of clients, in bytes; 0 is 1 MiB.
	MaxPacketSize int
	// MaxConnectSize bounds the first packet of a connection, its CONNECT; 0 is 64 KiB.
	MaxConnectSize int
	// ReceiveMaximum is how many messages of QoS 1 and 2 a client may have under
	// way; 0 is 1,024.
	ReceiveMaximum uint16
	// Inflight is how many a client is sent without its acknowledgement; 0 is 1,024.
	Inflight int
	// Queue and QueueBytes bound what waits for one client beyond that; 0 is 10,000
	// messages and 8 MiB.
	Queue, QueueBytes int
	// QueuePolicy says what gives way when the queue is full.
	QueuePolicy session.Policy
	// QueueQoS0 queues messages of QoS 0, too, for clients that are away or slow.
	QueueQoS0 bool
	// SessionExpiry is the longest that a session outlives its connection; 0 is as
	// long as the client asks.
	SessionExpiry time.Duration
	// SessionExpiry3 is how long one does of a client before MQTT 5 that asks for
	// it by clean session 0; 0 is seven days, less than 0 not at all.
	SessionExpiry3 time.Duration
	// ResponsePrefix, before the client identifier, is the response information of
	// clients that ask for it; empty is none.
	ResponsePrefix string
	// CheckPayload refuses messages whose payload is not the UTF-8 that its format
	// indicator says.
	CheckPayload bool
	// NoReasons leaves out the words beside reason codes.
	NoReasons bool
	// OutputBuffer is how many bytes may wait in one connection's output before QoS
	// 0 messages to it are dropped; 0 is 1 MiB.
	OutputBuffer int
	// TopicAliases is how many topic aliases each side of an MQTT 5 connection may
	// set; 0 is 32, less than 0 none.
	TopicAliases int
	// Subscriptions is how many filters one client may have; 0 is 10,000.
	Subscriptions int
	// Filters is how many filters one SUBSCRIBE or UNSUBSCRIBE may have; 0 is 10,000.
	Filters int
	// KeepAlive is the longest keep alive that MQTT 5 clients are told, in seconds;
	// 0 lets clients choose.
	KeepAlive uint16
	// MaxClientID is how many bytes a client identifier may have; 0 is 256. MQTT
	// lets a server refuse longer ones.
	MaxClientID int
	// Topics are how large topics may be: 0 levels are 128; the others have no limit
	// when they are 0.
	Topics topic.Limits
	// Rates are those of each client, ListenerRates those of all clients of one
	// listener together; OverRate is what happens beyond, Pause when it is empty.
	Rates, ListenerRates pace.Rates
	OverRate             Policy
}

func (z *Zone) defaults() {
	set(&z.ConnectTimeout, 10*time.Second)
	set(&z.MaxPacketSize, 1<<20)
	set(&z.MaxConnectSize, 64<<10)
	set(&z.ReceiveMaximum, 1024)
	set(&z.Inflight, 1024)
	set(&z.Queue, 10_000)
	set(&z.QueueBytes, 8<<20)
	set(&z.OutputBuffer, 1<<20)
	set(&z.Subscriptions, 10_000)
	set(&z.Filters, 10_000)
	set(&z.TopicAliases, 32)
	set(&z.MaxClientID, 256)
	set(&z.OverRate, Pause)
	set(&z.SessionExpiry3, 7*24*time.Hour)
	set(&z.Topics.Levels, 128)
}

// limits are what the zone holds sessions to.
func (z *Zone) limits() session.Limits {
	return session.Limits{
		Retain: true, Topics: z.Topics,
		ReceiveMaximum: z.ReceiveMaximum, MaximumPacketSize: z.MaxPacketSize, Inflight: z.Inflight,
		Queue: z.Queue, QueueBytes: z.QueueBytes, Subscriptions: z.Subscriptions, Filters: z.Filters, KeepAlive: z.KeepAlive,
		Policy: z.QueuePolicy, QueueQoS0: z.QueueQoS0, ResponsePrefix: z.ResponsePrefix, CheckPayload: z.CheckPayload, NoReasons: z.NoReasons,
		SessionExpiry: seconds(z.SessionExpiry), SessionExpiry3: seconds(z.SessionExpiry3),
		ClientID: z.MaxClientID, TopicAliases: uint16(min(max(z.TopicAliases, 0), 65535)),
	}
}

// seconds is a duration as the protocol has it; less than none is none.
func seconds(d time.Duration) uint32 {
	return uint32(min(max(d/time.Second, 0), session.Never))
}
