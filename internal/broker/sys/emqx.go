package sys

import (
	"strconv"
	"strings"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// EMQX is the tree below $SYS/brokers. Its zero value is ready.
type EMQX struct {
	most map[string]int64
}

// emqxStats stand at one moment; each has its maximum beside it.
var emqxStats = []struct {
	topic string
	of    func(f *Figures) int64
}{
	{"connections/", func(f *Figures) int64 { return f.Connected + f.Disconnected }},
	{"live_connections/", func(f *Figures) int64 { return f.Connected }},
	{"sessions/", func(f *Figures) int64 { return f.Connected + f.Disconnected }},
	{"topics/", func(f *Figures) int64 { return f.Topics }},
	{"subscriptions/", func(f *Figures) int64 { return f.Subscriptions }},
	{"suboptions/", func(f *Figures) int64 { return f.Subscriptions }},
	{"subscriptions/shared/", func(f *Figures) int64 { return f.Shared }},
	{"retained/", func(f *Figures) int64 { return f.Retained }},
	{"delayed/", func(f *Figures) int64 { return f.Delayed }},
}

// emqxMetrics count from the start.
var emqxMetrics = []struct {
	topic string
	of    func(f *Figures) uint64
}{
	{"bytes/received", func(f *Figures) uint64 { return f.BytesIn }},
	{"bytes/sent", func(f *Figures) uint64 { return f.BytesOut }},
	{"packets/received", func(f *Figures) uint64 { return total(f.PacketsIn) }},
	{"packets/sent", func(f *Figures) uint64 { return total(f.PacketsOut) }},
	{"messages/received", func(f *Figures) uint64 { return sum(f.MessagesIn) }},
	{"messages/sent", func(f *Figures) uint64 { return sum(f.MessagesOut) }},
	{"messages/qos0/received", func(f *Figures) uint64 { return f.MessagesIn[0] }},
	{"messages/qos0/sent", func(f *Figures) uint64 { return f.MessagesOut[0] }},
	{"messages/qos1/received", func(f *Figures) uint64 { return f.MessagesIn[1] }},
	{"messages/qos1/sent", func(f *Figures) uint64 { return f.MessagesOut[1] }},
	{"messages/qos2/received", func(f *Figures) uint64 { return f.MessagesIn[2] }},
	{"messages/qos2/sent", func(f *Figures) uint64 { return f.MessagesOut[2] }},
	{"messages/dropped", func(f *Figures) uint64 { return f.NoSubscriber }},
	{"messages/dropped/no_subscribers", func(f *Figures) uint64 { return f.NoSubscriber }},
	{"delivery/dropped", func(f *Figures) uint64 { return f.Dropped + f.Expiries }},
	{"delivery/dropped/queue_full", func(f *Figures) uint64 { return f.QueueFull }},
	{"delivery/dropped/too_large", func(f *Figures) uint64 { return f.TooLarge }},
	{"delivery/dropped/expired", func(f *Figures) uint64 { return f.Expiries }},
}

// Brokers is where the dialect of EMQX begins; the node's name follows.
const Brokers = Root + "brokers"

// Step calls told with every topic and its payload.
func (t *EMQX) Step(f *Figures, told func(topic, payload string)) {
	node := Brokers + "/" + f.Node + "/"
	told(Brokers, f.Node)
	told(node+"version", f.Version)
	told(node+"sysdescr", "Millrace")
	told(node+"uptime", strconv.FormatInt(f.Now.Sub(f.Started).Milliseconds(), 10))
	told(node+"datetime", f.Now.Local().Format("2006-01-02 15:04:05"))
	t.stats(f, node+"stats/", told)
	for _, m := range emqxMetrics {
		told(node+"metrics/"+m.topic, strconv.FormatUint(m.of(f), 10))
	}
	packets(node+"metrics/packets/", "/received", f.PacketsIn, fromClients, told)
	packets(node+"metrics/packets/", "/sent", f.PacketsOut, forClients, told)
}

func (t *EMQX) stats(f *Figures, path string, told func(topic, payload string)) {
	if t.most == nil {
		t.most = map[string]int64{}
	}
	for _, s := range emqxStats {
		n := s.of(f)
		t.most[s.topic] = max(t.most[s.topic], n)
		told(path+s.topic+"count", strconv.FormatInt(n, 10))
		told(path+s.topic+"max", strconv.FormatInt(t.most[s.topic], 10))
	}
}

// The packet types that go each way (MQTT 5 section 2.1.2).
var (
	fromClients = []packet.Type{
		packet.TypeConnect, packet.TypePublish, packet.TypePuback, packet.TypePubrec, packet.TypePubrel, packet.TypePubcomp,
		packet.TypeSubscribe, packet.TypeUnsubscribe, packet.TypePingreq, packet.TypeDisconnect, packet.TypeAuth,
	}
	forClients = []packet.Type{
		packet.TypeConnack, packet.TypePublish, packet.TypePuback, packet.TypePubrec, packet.TypePubrel, packet.TypePubcomp,
		packet.TypeSuback, packet.TypeUnsuback, packet.TypePingresp, packet.TypeDisconnect, packet.TypeAuth,
	}
)

func packets(path, way string, counts [packet.Types]uint64, types []packet.Type, told func(topic, payload string)) {
	for _, t := range types {
		told(path+strings.ToLower(t.String())+way, strconv.FormatUint(counts[t], 10))
	}
}
