package sys

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// figures are all different, so that a value on the wrong topic is seen.
func figures() *Figures {
	f := &Figures{
		Version: "1.2.3", Node: "plant-1", Started: began, Now: began.Add(10 * time.Second),
		Connected: 3, Disconnected: 2, Expired: 1, Sockets: 17,
		BytesIn: 1001, BytesOut: 1002, PublishBytesIn: 901, PublishBytesOut: 902,
		MessagesIn: [3]uint64{11, 12, 13}, MessagesOut: [3]uint64{21, 22, 23},
		Dropped: 31, NoSubscriber: 32, Expiries: 33, QueueFull: 34, TooLarge: 35,
		Subscriptions: 41, Shared: 42, Topics: 43, Retained: 51, RetainedBytes: 52,
		Queued: 61, QueuedBytes: 62, Inflight: 63, Delayed: 64, Heap: 71,
	}
	f.PacketsIn[packet.TypePublish], f.PacketsIn[packet.TypeConnect] = 100, 5
	f.PacketsOut[packet.TypePublish], f.PacketsOut[packet.TypeConnack] = 200, 6
	return f
}

// tree collects what is told, in order.
type tree struct {
	values map[string]string
	order  []string
}

func (k *tree) told(topic, payload string) {
	if k.values == nil {
		k.values = map[string]string{}
	}
	k.values[topic] = payload
	k.order = append(k.order, topic)
}

func (k *tree) expect(t *testing.T, table string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
		topic, want, _ := strings.Cut(strings.TrimSpace(line), " = ")
		if got, known := k.values[topic]; !known || got != want {
			t.Errorf("%s: %q, want %q (known: %v)", topic, got, want, known)
		}
	}
}

func TestMosquittoTellsEverythingFirst(t *testing.T) {
	var m Mosquitto
	var got tree
	m.Step(figures(), got.told)
	got.expect(t, `
		$SYS/broker/version = millrace version 1.2.3
		$SYS/broker/uptime = 10 seconds
		$SYS/broker/clients/total = 5
		$SYS/broker/clients/connected = 3
		$SYS/broker/clients/active = 3
		$SYS/broker/clients/disconnected = 2
		$SYS/broker/clients/inactive = 2
		$SYS/broker/clients/expired = 1
		$SYS/broker/clients/maximum = 3
		$SYS/broker/messages/received = 105
		$SYS/broker/messages/sent = 206
		$SYS/broker/messages/stored = 112
		$SYS/broker/messages/inflight = 63
		$SYS/broker/store/messages/count = 112
		$SYS/broker/store/messages/bytes = 114
		$SYS/broker/retained messages/count = 51
		$SYS/broker/subscriptions/count = 41
		$SYS/broker/shared_subscriptions/count = 42
		$SYS/broker/publish/messages/received = 100
		$SYS/broker/publish/messages/sent = 200
		$SYS/broker/publish/messages/dropped = 31
		$SYS/broker/publish/bytes/received = 901
		$SYS/broker/publish/bytes/sent = 902
		$SYS/broker/bytes/received = 1001
		$SYS/broker/bytes/sent = 1002
		$SYS/broker/heap/current = 71
		$SYS/broker/heap/maximum = 71
		$SYS/broker/load/messages/received/1min = 630.00
		$SYS/broker/load/messages/sent/5min = 1236.00
		$SYS/broker/load/publish/received/15min = 600.00
		$SYS/broker/load/publish/sent/1min = 1200.00
		$SYS/broker/load/publish/dropped/1min = 186.00
		$SYS/broker/load/bytes/received/1min = 6006.00
		$SYS/broker/load/bytes/sent/1min = 6012.00
		$SYS/broker/load/sockets/1min = 102.00
		$SYS/broker/load/connections/1min = 30.00`)
	if len(got.values) != 4+len(mosquittoCounts)+3*len(mosquittoLoads) || len(got.order) != len(got.values) {
		t.Errorf("%d topics, told %d times", len(got.values), len(got.order))
	}
}

func TestMosquittoTellsOnlyWhatHasChanged(t *testing.T) {
	var m Mosquitto
	m.Step(figures(), func(string, string) {})
	f, got := figures(), tree{}
	f.Now = f.Now.Add(10 * time.Second)
	f.Connected, f.Heap = 2, 70
	m.Step(f, got.told)
	var counts []string
	for _, topic := range got.order {
		if !strings.Contains(topic, "/load/") {
			counts = append(counts, strings.TrimPrefix(topic, "$SYS/broker/"))
		}
	}
	if want := []string{"uptime", "clients/total", "clients/connected", "clients/active", "heap/current"}; !slices.Equal(counts, want) {
		t.Errorf("told %v, want %v", counts, want)
	}
	// Ten seconds of nothing: what was weighs e^(-10/60), e^(-10/300), e^(-10/900).
	got.expect(t, fmt.Sprintf(`
		$SYS/broker/load/connections/1min = %.2f
		$SYS/broker/load/connections/5min = %.2f
		$SYS/broker/load/connections/15min = %.2f`, 30*math.Exp(-10./60), 30*math.Exp(-10./300), 30*math.Exp(-10./900)))
}

func TestAveragesThatStandStillAreNotTold(t *testing.T) {
	var m Mosquitto
	f := figures()
	m.Step(f, func(string, string) {})
	f = figures()
	f.Now = f.Now.Add(10 * time.Second)
	f.Sockets += 17 // the same rate as before
	var got tree
	m.Step(f, got.told)
	if _, told := got.values["$SYS/broker/load/sockets/1min"]; told {
		t.Error("told an average that did not move")
	}
}

func TestMosquittoAtOneMomentTwice(t *testing.T) {
	var m Mosquitto
	var got tree
	m.Step(figures(), func(string, string) {})
	m.Step(figures(), got.told)
	if !slices.Equal(got.order, []string{"$SYS/broker/uptime"}) {
		t.Errorf("told %v", got.order)
	}
}

func TestEMQX(t *testing.T) {
	var e EMQX
	e.Step(&Figures{Node: "plant-1", Connected: 9, Subscriptions: 90}, func(string, string) {})
	var got tree
	f := figures()
	e.Step(f, got.told)
	got.expect(t, strings.ReplaceAll(`
		$SYS/brokers = plant-1
		NODE/version = 1.2.3
		NODE/sysdescr = Millrace
		NODE/uptime = 10000
		NODE/datetime = `+f.Now.Local().Format(time.DateTime)+`
		NODE/stats/connections/count = 5
		NODE/stats/connections/max = 9
		NODE/stats/live_connections/count = 3
		NODE/stats/sessions/count = 5
		NODE/stats/topics/count = 43
		NODE/stats/subscriptions/count = 41
		NODE/stats/subscriptions/max = 90
		NODE/stats/subscriptions/shared/count = 42
		NODE/stats/retained/count = 51
		NODE/stats/delayed/count = 64
		NODE/metrics/bytes/received = 1001
		NODE/metrics/bytes/sent = 1002
		NODE/metrics/packets/received = 105
		NODE/metrics/packets/sent = 206
		NODE/metrics/packets/publish/received = 100
		NODE/metrics/packets/publish/sent = 200
		NODE/metrics/packets/connect/received = 5
		NODE/metrics/packets/connack/sent = 6
		NODE/metrics/messages/received = 36
		NODE/metrics/messages/sent = 66
		NODE/metrics/messages/qos0/received = 11
		NODE/metrics/messages/qos1/sent = 22
		NODE/metrics/messages/qos2/received = 13
		NODE/metrics/messages/dropped = 32
		NODE/metrics/delivery/dropped = 64
		NODE/metrics/delivery/dropped/queue_full = 34
		NODE/metrics/delivery/dropped/too_large = 35
		NODE/metrics/delivery/dropped/expired = 33`, "NODE", "$SYS/brokers/plant-1"))
}

func BenchmarkStep(b *testing.B) {
	b.ReportAllocs()
	var m Mosquitto
	var e EMQX
	f := figures()
	for range b.N {
		f.Now = f.Now.Add(time.Second)
		m.Step(f, func(string, string) {})
		e.Step(f, func(string, string) {})
	}
}
