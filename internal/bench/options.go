package bench

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Scenario is who sends what to whom.
type Scenario string

// The scenarios.
const (
	// Conn opens connections and holds them idle.
	Conn Scenario = "conn"
	// Pub publishes; nobody of ours subscribes.
	Pub Scenario = "pub"
	// Sub subscribes to what others publish.
	Sub Scenario = "sub"
	// P2P has pairs: each publisher has a topic and a subscriber of its own.
	P2P Scenario = "p2p"
	// Fanout has one topic that every subscriber gets.
	Fanout Scenario = "fanout"
	// Fanin has a topic for each publisher and subscribers that get them all.
	Fanin Scenario = "fanin"
	// Shared has a topic for each publisher and subscribers that share one
	// subscription: each message goes to one of them.
	Shared Scenario = "shared"
	// Offline has pairs whose subscribers leave their sessions behind, and come back
	// for what was published meanwhile.
	Offline Scenario = "offline"
	// Wildcard has many wildcard filters over many topics.
	Wildcard Scenario = "wildcard"
	// Retained has subscribers that subscribe again and again and each time get every
	// retained message.
	Retained Scenario = "retained"
	// Durable has sessions that outlive their connections, and goes on when the broker
	// ends and comes back; see [Step].
	Durable Scenario = "durable"
)

// Options of a run. The zero value of each is a useful default.
type Options struct {
	// Scenario is P2P when empty.
	Scenario Scenario
	// Addr is the broker's "host:port"; empty is 127.0.0.1 and 1883, with TLS 8883,
	// with WebSocket 8083, with both 8084.
	Addr string
	// Version of the protocol; MQTT 5 when 0.
	Version packet.Version
	// QoS of publications and subscriptions: 0, 1 or 2.
	QoS byte
	// Retain sets the flag on what Pub publishes.
	Retain bool
	// Connections is for Conn; 0 is 1,000.
	Connections int
	// Publishers, Subscribers; 0 is the scenario's default. P2P has as many of the one
	// as of the other: the larger number counts.
	Publishers, Subscribers int
	// Topics is for Wildcard and Retained; 0 is 1,000. For Pub it is the topics of
	// each publisher; 0 is 1.
	Topics int
	// Subscriptions is for Wildcard: filters of all subscribers; 0 is ten a topic.
	Subscriptions int
	// Messages is for Offline: what waits for each subscriber; 0 is 1,000.
	Messages int
	// Lasting is for Shared: the members' sessions outlive their connections.
	Lasting bool
	// Durable is for the scenario of that name.
	Durable DurableOptions
	// Topic is the first levels of every topic; empty is "bench". For Sub it is the
	// topic filter; empty is "bench/#".
	Topic string
	// Payload is the size in bytes, at least 24; 0 is 64.
	Payload int
	// Rate is messages a second of all publishers together, for Conn connections a
	// second; 0 is a closed loop: as fast as Window lets it.
	Rate float64
	// Window is how many messages of a publisher may be unfinished: not acknowledged
	// (QoS 1, 2), or in a closed loop not delivered to every subscriber. 0 is 16, with
	// Rate 1,000.
	Window int
	// Warmup is how long to send before measuring; 0 is half a second, below 0 none.
	Warmup time.Duration
	// Duration is how long to measure; 0 is ten seconds.
	Duration time.Duration
	// Drain is how long to wait at the end for what is under way; 0 is five seconds.
	Drain time.Duration
	// ConnectTimeout bounds connecting and subscribing; 0 is 60 seconds.
	ConnectTimeout time.Duration
	// Concurrency is how many connections may be opening at a time; 0 is 100.
	Concurrency int
	// KeepAlive of every connection; 0 is a minute.
	KeepAlive time.Duration
	// TLS secures every connection; nil is plain. Its handshakes are full ones unless
	// it has a ClientSessionCache.
	TLS *tls.Config
	// WebSocket is the path of MQTT over WebSocket, such as /mqtt; empty is none.
	WebSocket string
	// Username and Password of every client; empty are not sent.
	Username, Password string
	// ClientPrefix begins every client identifier; empty is "bench-". A number of the
	// run's own and the client's follow.
	ClientPrefix string
	// Sources are the local addresses to connect from, in turn; empty leaves it to
	// the system, which has about 28,000 ports for one address.
	Sources []netip.Addr
	// PID is the broker's process, to measure beside our own; 0 is none.
	PID int
	// Threads is how many loops drive the clients; 0 is 1.
	Threads int
	// Portable drives connections by goroutines also where epoll is at hand.
	Portable bool
	// Progress is called about once a second; it may be nil.
	Progress func(Progress)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

const (
	maxClients = 1_000_000
	maxPayload = 16 << 20
	maxWindow  = 60_000
)

func (o *Options) defaults() {
	fill(&o.Scenario, P2P)
	fill(&o.Addr, o.standardAddr())
	fill(&o.Version, packet.V5)
	fill(&o.Payload, 64)
	fill(&o.Duration, 10*time.Second)
	fill(&o.Warmup, 500*time.Millisecond)
	fill(&o.Drain, 5*time.Second)
	fill(&o.ConnectTimeout, time.Minute)
	fill(&o.Concurrency, 100)
	fill(&o.KeepAlive, time.Minute)
	fill(&o.ClientPrefix, "bench-")
	fill(&o.Threads, 1)
	if o.Rate > 0 {
		fill(&o.Window, 1000)
	}
	fill(&o.Window, 16)
	if o.TLS != nil && o.TLS.ServerName == "" {
		o.TLS = o.TLS.Clone()
		o.TLS.ServerName, _, _ = net.SplitHostPort(o.Addr) // a bad address is found when it is resolved
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.sizes()
}

// standardAddr is where a broker of this machine serves the transport.
func (o *Options) standardAddr() string {
	switch {
	case o.TLS != nil && o.WebSocket != "":
		return "127.0.0.1:8084"
	case o.TLS != nil:
		return "127.0.0.1:8883"
	case o.WebSocket != "":
		return "127.0.0.1:8083"
	}
	return "127.0.0.1:1883"
}

// sizes fills in how many of each the scenario has.
func (o *Options) sizes() {
	publishers, subscribers, topics := 0, 0, 0
	switch o.Scenario {
	case Conn:
		fill(&o.Connections, 1000)
	case Pub:
		publishers, topics = 100, 1
	case Sub:
		subscribers = 1
	case P2P, Offline:
		n := max(o.Publishers, o.Subscribers)
		o.Publishers, o.Subscribers = n, n
		publishers, subscribers = 100, 100
	case Fanout:
		publishers, subscribers = 1, 500
	case Fanin:
		publishers, subscribers = 100, 1
	case Shared:
		publishers, subscribers = 200, 5
	case Wildcard:
		publishers, subscribers, topics = 4, 100, 1000
	case Retained:
		publishers, subscribers, topics = 1, 10, 1000
	}
	if o.Scenario == Durable {
		publishers, topics = o.durableSizes()
	}
	if o.Lasting {
		fill(&o.QoS, 1)
	}
	if o.Scenario == Offline {
		fill(&o.QoS, 1)
		fill(&o.Messages, 1000)
	}
	fill(&o.Publishers, publishers)
	fill(&o.Subscribers, subscribers)
	fill(&o.Topics, topics)
	fill(&o.Subscriptions, 10*o.Topics)
	if o.Scenario == Sub {
		fill(&o.Topic, "bench/#")
	}
	fill(&o.Topic, "bench")
}

func fill[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Check says what is wrong with the options, after filling in defaults.
func (o Options) Check() error {
	o.defaults()
	scenarios := []Scenario{Conn, Pub, Sub, P2P, Fanout, Fanin, Shared, Offline, Wildcard, Retained, Durable}
	switch {
	case !slices.Contains(scenarios, o.Scenario):
		return fmt.Errorf("scenario %q: there is %v", o.Scenario, scenarios)
	case o.QoS > 2:
		return fmt.Errorf("QoS %d: there is 0, 1 and 2", o.QoS)
	case o.WebSocket != "" && o.WebSocket[0] != '/':
		return fmt.Errorf("path %q: must begin with /", o.WebSocket)
	case o.Payload < stampSize || o.Payload > maxPayload:
		return fmt.Errorf("payload of %d bytes: must be %d (publisher, number and time) to %d", o.Payload, stampSize, maxPayload)
	case o.Window < 1 || o.Window > maxWindow:
		return fmt.Errorf("window %d: must be 1 to %d", o.Window, maxWindow)
	case o.Rate < 0 || o.Rate > 1e9:
		return fmt.Errorf("rate %v: must be 0 (as fast as possible) to 1e9", o.Rate)
	case o.Threads < 1 || o.Threads > 256:
		return fmt.Errorf("threads %d: must be 1 to 256", o.Threads)
	case o.Duration < 0 || o.Drain < 0 || o.Concurrency < 1 || o.PID < 0:
		return fmt.Errorf("duration, drain, concurrency and pid must not be negative")
	}
	if o.Scenario == Durable {
		if err := o.checkDurable(); err != nil {
			return err
		}
	}
	return o.checkSizes()
}

func (o *Options) checkSizes() error {
	for name, n := range map[string]int{"connections": o.Connections, "publishers": o.Publishers, "subscribers": o.Subscribers, "topics": o.Topics, "subscriptions": o.Subscriptions, "messages": o.Messages} {
		if n < 0 || n > 10*maxClients {
			return fmt.Errorf("%s %d: must be 1 to %d", name, n, maxClients)
		}
	}
	if n := o.Connections + o.Publishers + o.Subscribers; n > maxClients {
		return fmt.Errorf("%d clients: at most %d", n, maxClients)
	}
	if o.Scenario == Wildcard && (o.Subscriptions%o.Topics != 0 || o.Subscriptions/o.Topics > o.Subscribers) {
		return fmt.Errorf("%d subscriptions: must be a multiple of the %d topics, at most one a topic for each of the %d subscribers", o.Subscriptions, o.Topics, o.Subscribers)
	}
	if o.Scenario == Sub {
		return topic.ValidFilter([]byte(o.Topic))
	}
	return topic.ValidName([]byte(o.Topic))
}

// ParseSources reads addresses and ranges of them, such as
// "127.0.0.2-127.0.0.9,127.0.1.1".
func ParseSources(text string) ([]netip.Addr, error) {
	var all []netip.Addr
	for _, part := range strings.Split(text, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		from, err := netip.ParseAddr(first)
		if err != nil {
			return nil, fmt.Errorf("sources %q: %s is no address", text, strconv.Quote(first))
		}
		to := from
		if isRange {
			if to, err = netip.ParseAddr(last); err != nil || to.Less(from) || to.BitLen() != from.BitLen() {
				return nil, fmt.Errorf("sources %q: %s is no end of a range from %s", text, strconv.Quote(last), from)
			}
		}
		for a := from; ; a = a.Next() {
			if len(all) == 4096 {
				return nil, fmt.Errorf("sources %q: more than 4096 addresses", text)
			}
			if all = append(all, a); a == to {
				break
			}
		}
	}
	return all, nil
}
