//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// durably is a client whose session lasts, on one connection.
func durably(t *testing.T, n *node, id string) *wire {
	t.Helper()
	w := &wire{id: id}
	if err := w.dial(t.Context(), newAddress(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.conn.Close() })
	return w
}

// publishSome publishes the numbers from one to another on each topic with QoS 1, and
// returns when all are acknowledged.
func publishSome(t *testing.T, n *node, from, to int, topics ...string) {
	t.Helper()
	w := durably(t, n, "source")
	defer func() { _ = w.conn.Close() }()
	const window = 100
	open := 0
	await := func(most int) {
		for ; open > most; open-- {
			if _, err := w.next(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := from; i <= to; i++ {
		for k, topic := range topics {
			w.send(&packet.Publish{Topic: []byte(topic), Payload: fmt.Appendf(nil, "%08d", i), QoS: 1, ID: uint16((i*len(topics)+k)%60_000 + 1)})
			open++
			await(window)
		}
	}
	await(0)
}

// drain reads and acknowledges what comes up to the number of each topic.
func drain(t *testing.T, w *wire, until map[string]int) map[string][]int {
	t.Helper()
	got := map[string][]int{}
	for missing := len(until); missing > 0; {
		b, err := w.next()
		if err != nil {
			t.Fatalf("after %d topics: %v", len(got), err)
		}
		var p packet.Publish
		if packet.TypeOf(b[0]) != packet.TypePublish || p.Decode(b, packet.V311) != nil {
			continue
		}
		n, _ := strconv.Atoi(string(p.Payload))
		topic := string(p.Topic)
		if got[topic] = append(got[topic], n); n == until[topic] {
			missing--
		}
		w.ack(packet.TypePuback, p.ID)
	}
	return got
}

// Streams whose own bounds would let messages go keep them for a session that is away, over
// a kill, and what waits is shown. Beyond the session's bounds the oldest go, counted, and
// the log is given back when the session has the rest.
func TestRetentionWaitsForSessionsWithinTheirBounds(t *testing.T) {
	dir := t.TempDir()
	env := []string{`MILLRACE_STREAMS=[{"name": "telemetry", "filters": ["kept/#"], "max_age": "1s"}, {"name": "probe", "filters": ["probe/#"], "max_age": "1s"}]`, "MILLRACE_MQTT__SESSION__BACKLOG__MESSAGES=800"}
	n := startNode(t, dir, env)
	w := durably(t, n, "away")
	w.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("kept/#"), QoS: 1}, {Filter: []byte("other/#"), QoS: 1}}})
	if _, err := w.next(); err != nil {
		t.Fatal(err)
	}
	_ = w.conn.Close()
	topics := []string{"kept/a", "other/a"}
	publishSome(t, n, 1, 400, topics...)
	shown := func() int {
		var row struct{ Queued int }
		if err := json.Unmarshal([]byte(n.ctl(t, "clients", "show", "away", "--json")), &row); err != nil {
			t.Fatal(err)
		}
		return row.Queued
	}
	eventually(t, "what waits is shown", func() bool { return shown() == 800 })
	publishSome(t, n, 1, 1, "probe/a")
	eventually(t, "retention has come by", func() bool {
		var all struct {
			Items []struct {
				Name  string
				Bytes int64
			}
		}
		if err := json.Unmarshal([]byte(n.ctl(t, "streams", "list", "--json")), &all); err != nil {
			t.Fatal(err)
		}
		return all.Items[1].Name == "probe" && all.Items[1].Bytes == 0
	})
	n.kill(t)
	n = startNode(t, dir, env)
	eventually(t, "what waits is shown again", func() bool { return shown() == 800 })
	w = durably(t, n, "away")
	got := drain(t, w, map[string]int{topics[0]: 400, topics[1]: 400})
	for _, topic := range topics {
		if len(got[topic]) != 400 || got[topic][0] != 1 {
			t.Errorf("%s: %d messages from %d on", topic, len(got[topic]), got[topic][0])
		}
	}
	_ = w.conn.Close()

	publishSome(t, n, 401, 4000, topics...)
	eventually(t, "the oldest have gone", func() bool { return shown() < 2*1000 })
	w = durably(t, n, "away")
	got = drain(t, w, map[string]int{topics[0]: 4000, topics[1]: 4000})
	for _, topic := range topics {
		g := got[topic]
		if len(g) < 800 || len(g) != 4000-g[0]+1 {
			t.Errorf("%s: %d messages from %d on", topic, len(g), g[0])
		}
	}
}
