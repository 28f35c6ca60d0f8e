//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// publishLarge publishes the numbers from one up to another in messages of 16 KB, and
// returns when all are acknowledged.
func publishLarge(t *testing.T, n *node, topic string, from, to int) {
	t.Helper()
	w := durably(t, n, "source")
	defer func() { _ = w.conn.Close() }()
	rest := strings.Repeat(".", 16<<10)
	for i := from; i < to; i++ {
		w.send(&packet.Publish{Topic: []byte(topic), Payload: fmt.Appendf(nil, "%d %s", i, rest), QoS: 1, ID: uint16(i + 1)})
	}
	for range to - from {
		if _, err := w.next(); err != nil {
			t.Fatal(err)
		}
	}
}

// retentionComesBy returns when the retention of streams has removed what came before.
func retentionComesBy(t *testing.T, n *node, c *caller) {
	t.Helper()
	publishSome(t, n, 1, 1, "probe/a")
	eventually(t, "retention has come by", func() bool {
		var s api.StreamStatus
		c.get("/api/v1/streams/probe", nil, &s)
		return s.Bytes == 0
	})
}

// pullNumbers pulls and acknowledges until the number has come.
func pullNumbers(t *testing.T, c *caller, group string, last int) (got []int) {
	t.Helper()
	for len(got) == 0 || got[len(got)-1] != last {
		var page api.GroupMessages
		if !c.ask(http.MethodPost, group+"/pull?max=100&wait=10", "", &page) || len(page.Messages) == 0 {
			t.Fatalf("nothing comes behind %v", got)
		}
		for _, m := range page.Messages {
			text, _, _ := strings.Cut(m.Payload, " ")
			i, err := strconv.Atoi(text)
			if err != nil || m.Deliveries != 1 {
				t.Fatalf("%.20q comes as number %d: %v", m.Payload, m.Deliveries, err)
			}
			got = append(got, i)
		}
		var done api.GroupAcked
		c.ask(http.MethodPost, group+"/ack", `{"upTo":"`+page.Messages[len(page.Messages)-1].Position+`"}`, &done)
	}
	return got
}

// A consumer group that holds its stream back gets all that came while nobody pulled, over
// a kill, too, though the stream's own bounds let it go. Beyond consumers.hold_bytes the
// oldest goes: that is counted, shown, and told by an alarm, and the count outlives the node.
func TestRetentionWaitsForAConsumerGroupWithinItsBounds(t *testing.T) {
	dir := t.TempDir()
	env := []string{`MILLRACE_STREAMS=[{"name": "held", "filters": ["held/#"], "max_age": "1s"}, {"name": "probe", "filters": ["probe/#"], "max_age": "1s"}]`,
		"MILLRACE_CONSUMERS__HOLD_BYTES=1MiB"}
	const held, loose, idle = "/api/v1/streams/held/groups/tight", "/api/v1/streams/held/groups/loose", "/api/v1/streams/probe/groups/idle"
	n := startNode(t, dir, env)
	c := newCaller(t, n, "operator")
	n.ctl(t, "streams", "groups", "create", "held", "tight", "--hold")
	n.ctl(t, "streams", "groups", "create", "held", "loose")
	n.ctl(t, "streams", "groups", "create", "probe", "idle")
	publishLarge(t, n, "held/a", 0, 20)
	n.kill(t)
	n = startNode(t, dir, env)
	c.url = n.url
	retentionComesBy(t, n, c)
	if got := pullNumbers(t, c, held, 19); len(got) != 20 || got[0] != 0 {
		t.Errorf("got %v", got)
	}

	const all = 300
	publishLarge(t, n, "held/a", 20, all)
	var g api.ConsumerGroup
	eventually(t, "the oldest have gone", func() bool { c.get(held, nil, &g); return g.LostEntries > 0 })
	eventually(t, "the alarm", func() bool {
		var alarms api.Page[api.Alarm]
		c.get("/api/v1/alarms", url.Values{}, &alarms)
		told := false
		for _, a := range alarms.Items {
			told = told || a.ID == "consumer-loses-held/tight" && strings.Contains(a.Detail, "entries of the log that")
			if a.ID == "consumer-loses-held/loose" {
				t.Fatalf("a group that holds nothing: %+v", a)
			}
		}
		return told
	})
	n.kill(t)
	n = startNode(t, dir, env)
	c.url = n.url
	lost := g.LostEntries
	eventually(t, "what was lost before the kill is known behind it", func() bool { c.get(held, nil, &g); return g.LostEntries >= lost && g.Lost == 0 })
	if page := scrape(t, n); total(t, page, `millrace_consumer_group_lost_entries_total{group="held/tight"}`) < float64(lost) {
		t.Errorf("%d entries were lost:\n%s", lost, page)
	}
	if out := n.ctl(t, "streams", "groups", "show", "held", "tight"); !strings.Contains(out, " entries unread") {
		t.Error(out)
	}
	got := pullNumbers(t, c, held, all-1)
	if first := got[0]; first == 20 || len(got) != all-first || len(got)*16<<10 < 3<<18 {
		t.Errorf("%d came, from %d on", len(got), first)
	}
	eventually(t, "what a group that holds nothing has lost is counted while nobody pulls", func() bool {
		c.get(loose, nil, &g)
		return g.LostEntries > lost
	})
	var none api.GroupMessages
	c.ask(http.MethodPost, idle+"/pull", "", &none) // which looks what is there
	if c.get(idle, nil, &g); g.LostEntries != 1 {
		t.Errorf("of one message %d entries are lost", g.LostEntries)
	}
	for _, a := range alarms(c) {
		if strings.HasPrefix(a.ID, "storage-loss") {
			t.Errorf("what was removed is told as lost: %+v", a)
		}
	}
	n.stop(t)
}
