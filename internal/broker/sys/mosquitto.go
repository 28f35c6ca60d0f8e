package sys

import (
	"fmt"
	"strconv"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Mosquitto is the tree below $SYS/broker. Its zero value is ready.
type Mosquitto struct {
	before   time.Time
	loads    []load
	told     map[string]int64
	most     int64  // clients at one time
	heapMost uint64 // bytes
}

// mosquittoCounts are the topics with a whole number, told when it changes.
var mosquittoCounts = []struct {
	topic string
	of    func(f *Figures) int64
}{
	{"clients/total", func(f *Figures) int64 { return f.Connected + f.Disconnected }},
	{"clients/connected", func(f *Figures) int64 { return f.Connected }},
	{"clients/active", func(f *Figures) int64 { return f.Connected }}, // its older name
	{"clients/disconnected", func(f *Figures) int64 { return f.Disconnected }},
	{"clients/inactive", func(f *Figures) int64 { return f.Disconnected }}, // its older name
	{"clients/expired", func(f *Figures) int64 { return int64(f.Expired) }},
	{"messages/received", func(f *Figures) int64 { return int64(total(f.PacketsIn)) }},
	{"messages/sent", func(f *Figures) int64 { return int64(total(f.PacketsOut)) }},
	{"messages/stored", func(f *Figures) int64 { return f.Retained + f.Queued }},
	{"messages/inflight", func(f *Figures) int64 { return f.Inflight }},
	{"store/messages/count", func(f *Figures) int64 { return f.Retained + f.Queued }},
	{"store/messages/bytes", func(f *Figures) int64 { return f.RetainedBytes + f.QueuedBytes }},
	{"retained messages/count", func(f *Figures) int64 { return f.Retained }},
	{"subscriptions/count", func(f *Figures) int64 { return f.Subscriptions }},
	{"shared_subscriptions/count", func(f *Figures) int64 { return f.Shared }},
	{"publish/messages/received", func(f *Figures) int64 { return int64(f.PacketsIn[packet.TypePublish]) }},
	{"publish/messages/sent", func(f *Figures) int64 { return int64(f.PacketsOut[packet.TypePublish]) }},
	{"publish/messages/dropped", func(f *Figures) int64 { return int64(f.Dropped) }},
	{"publish/bytes/received", func(f *Figures) int64 { return int64(f.PublishBytesIn) }},
	{"publish/bytes/sent", func(f *Figures) int64 { return int64(f.PublishBytesOut) }},
	{"bytes/received", func(f *Figures) int64 { return int64(f.BytesIn) }},
	{"bytes/sent", func(f *Figures) int64 { return int64(f.BytesOut) }},
	{"heap/current", func(f *Figures) int64 { return int64(f.Heap) }},
}

// mosquittoLoads are the totals whose rate per minute is averaged.
var mosquittoLoads = []struct {
	topic string
	of    func(f *Figures) uint64
}{
	{"load/messages/received", func(f *Figures) uint64 { return total(f.PacketsIn) }},
	{"load/messages/sent", func(f *Figures) uint64 { return total(f.PacketsOut) }},
	{"load/publish/received", func(f *Figures) uint64 { return f.PacketsIn[packet.TypePublish] }},
	{"load/publish/sent", func(f *Figures) uint64 { return f.PacketsOut[packet.TypePublish] }},
	{"load/publish/dropped", func(f *Figures) uint64 { return f.Dropped }},
	{"load/bytes/received", func(f *Figures) uint64 { return f.BytesIn }},
	{"load/bytes/sent", func(f *Figures) uint64 { return f.BytesOut }},
	{"load/sockets", func(f *Figures) uint64 { return f.Sockets }},
	{"load/connections", func(f *Figures) uint64 { return f.PacketsIn[packet.TypeConnect] }},
}

// Step calls told with what has changed since the last Step; the first one tells
// everything. Averages need a moment before: a Step at the time of the last one
// leaves them alone.
func (t *Mosquitto) Step(f *Figures, told func(topic, payload string)) {
	if t.told == nil {
		t.begin(f, told)
	}
	told(broker+"uptime", fmt.Sprintf("%d seconds", int64(f.Now.Sub(f.Started).Seconds())))
	for _, c := range mosquittoCounts {
		t.count(c.topic, c.of(f), told)
	}
	t.most, t.heapMost = max(t.most, f.Connected), max(t.heapMost, f.Heap)
	t.count("clients/maximum", t.most, told)
	t.count("heap/maximum", int64(t.heapMost), told)
	t.averages(f, told)
}

const broker = Root + "broker/"

func (t *Mosquitto) begin(f *Figures, told func(topic, payload string)) {
	t.told = map[string]int64{}
	t.loads = make([]load, len(mosquittoLoads))
	t.before = f.Started
	told(broker+"version", "millrace version "+f.Version)
}

func (t *Mosquitto) count(topic string, n int64, told func(topic, payload string)) {
	if have, known := t.told[topic]; !known || have != n {
		t.told[topic] = n
		told(broker+topic, strconv.FormatInt(n, 10))
	}
}

func (t *Mosquitto) averages(f *Figures, told func(topic, payload string)) {
	seconds := f.Now.Sub(t.before).Seconds()
	if seconds <= 0 {
		return
	}
	t.before = f.Now
	for i, l := range mosquittoLoads {
		t.loads[i].step(l.of(f), seconds, func(span string, average float64) {
			told(broker+l.topic+"/"+span, strconv.FormatFloat(average, 'f', 2, 64))
		})
	}
}
