package bench

import (
	"testing"

	"github.com/millrace/millrace/internal/mqtt/topic"
)

// Whatever the sizes: a subscriber gets each lane that it expects by exactly one
// filter and no other lane, and a publisher's messages go to as many as it counts on.
func TestEveryPlanDeliversWhatItExpects(t *testing.T) {
	for _, o := range []Options{
		{Scenario: Conn, Connections: 5},
		{Scenario: Pub, Publishers: 3, Topics: 4},
		{Scenario: Sub, Subscribers: 3},
		{Scenario: P2P, Publishers: 7},
		{Scenario: P2P, Subscribers: 2},
		{Scenario: Fanout, Publishers: 2, Subscribers: 9},
		{Scenario: Fanin, Publishers: 9, Subscribers: 2},
		{Scenario: Wildcard, Publishers: 3, Subscribers: 20, Topics: 10, Subscriptions: 70},
		{Scenario: Wildcard, Publishers: 30, Subscribers: 8, Topics: 10, Subscriptions: 80},
		{Scenario: Wildcard, Topics: 40},
		{Scenario: Retained, Subscribers: 3, Topics: 11},
	} {
		if err := o.Check(); err != nil {
			t.Fatal(o.Scenario, err)
		}
		o.defaults()
		checkPlan(t, &o, newPlan(&o, "x/y"))
	}
}

func checkPlan(t *testing.T, o *Options, p *plan) {
	t.Helper()
	lanes := map[uint32]string{}
	for _, b := range p.publishers {
		for i, name := range b.topics {
			if err := topic.ValidName([]byte(name)); err != nil {
				t.Error(o.Scenario, name, err)
			}
			lanes[b.first+uint32(i)] = name
		}
	}
	if len(lanes) != int(p.lanes) {
		t.Errorf("%s: %d lanes, %d counted", o.Scenario, len(lanes), p.lanes)
	}
	reach := map[uint32]int{}
	for i, s := range p.subscribers {
		expected := map[uint32]int{}
		for _, lane := range s.lanes {
			expected[lane]++
			reach[lane]++
		}
		for lane, name := range lanes {
			if got := hits(s.filters, name); got != expected[lane] {
				t.Errorf("%s: subscriber %d gets %s %d times, expects %d", o.Scenario, i, name, got, expected[lane])
			}
		}
	}
	for _, b := range p.publishers {
		for i, name := range b.topics {
			if reach[b.first+uint32(i)] != b.fan {
				t.Errorf("%s: %s reaches %d, its publisher counts on %d", o.Scenario, name, reach[b.first+uint32(i)], b.fan)
			}
		}
	}
}

func hits(filters []string, name string) int {
	n := 0
	for _, f := range filters {
		if topic.Match(f, name) {
			n++
		}
	}
	return n
}

func TestOptionsSayWhatIsWrong(t *testing.T) {
	for name, o := range map[string]Options{
		"scenario":      {Scenario: "storm"},
		"QoS":           {QoS: 3},
		"path":          {WebSocket: "mqtt"},
		"payload":       {Payload: 23},
		"window":        {Window: 60_001},
		"rate":          {Rate: -1},
		"threads":       {Threads: 257},
		"clients":       {Scenario: Conn, Connections: 1_000_001},
		"publishers":    {Scenario: Pub, Publishers: -1},
		"subscriptions": {Scenario: Wildcard, Topics: 10, Subscriptions: 11},
		"subscribers":   {Scenario: Wildcard, Topics: 10, Subscriptions: 100, Subscribers: 9},
		"topic":         {Scenario: P2P, Topic: "a/#"},
		"filter":        {Scenario: Sub, Topic: "a/#/b"},
	} {
		if err := o.Check(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := (Options{}).Check(); err != nil {
		t.Error("the zero value:", err)
	}
}

func TestSourcesAreAddressesAndRanges(t *testing.T) {
	got, err := ParseSources("127.0.0.2-127.0.0.4, 127.0.1.255-127.0.2.0,::1")
	if err != nil || len(got) != 6 || got[2].String() != "127.0.0.4" || got[4].String() != "127.0.2.0" || got[5].String() != "::1" {
		t.Fatal(got, err)
	}
	for _, bad := range []string{"", "127.0.0.1-", "127.0.0.2-127.0.0.1", "127.0.0.1-::1", "host", "0.0.0.0-255.255.255.255"} {
		if _, err := ParseSources(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestStampSurvivesTheWay(t *testing.T) {
	want := stamp{run: 1 << 31, lane: 7, seq: 1 << 40, due: 1_700_000_000_123_456_789}
	b := make([]byte, 30)
	want.put(b)
	if got, ok := readStamp(b); !ok || got != want {
		t.Fatal(got)
	}
	if _, ok := readStamp(b[:stampSize-1]); ok {
		t.Fatal("a short payload was taken")
	}
}

func TestPaceSpreadsMessagesEvenly(t *testing.T) {
	p := pace{begin: 1_700_000_000_000_000_000, rate: 3}
	for g, want := range []int64{0, 333_333_333, 666_666_666, 1_000_000_000} {
		if got := p.due(uint64(g)) - p.begin; got != want {
			t.Errorf("message %d is due after %d ns, want %d", g, got, want)
		}
	}
	day := pace{rate: 100_000}
	if got := day.due(100_000 * 86_400); got != 86_400e9 {
		t.Errorf("a day drifts by %d ns", got-86_400e9)
	}
}
