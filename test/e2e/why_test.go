//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// why asks millrace why for people, and holds the answer's first line.
func (n *node) why(t *testing.T, client, about, want string, words ...string) string {
	t.Helper()
	out, err := run(n, "why", client, about)
	first, _, _ := strings.Cut(out, "\n")
	if err != nil || !strings.HasPrefix(first, want) {
		t.Errorf("why %s %s: %v\n%s\nwant %s", client, about, err, out, want)
	}
	contains(t, out, words...)
	return out
}

// whyJSON asks for the answer as data.
func (n *node) whyJSON(t *testing.T, client, about string) (a api.WhyAnswer) {
	t.Helper()
	out, err := run(n, "why", "--json", client, about)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	unmarshal(t, []byte(out), &a)
	return a
}

func tell(t *testing.T, c *paho.Client, topic, payload string, qos byte) {
	t.Helper()
	if _, err := c.Publish(t.Context(), &paho.Publish{Topic: topic, Payload: []byte(payload), QoS: qos}); err != nil {
		t.Fatal(err)
	}
}

// A person finds in one command why a given message did or did not arrive, also when the
// node has started since.
func TestWhyAMessageDidNotArrive(t *testing.T) {
	dir := t.TempDir()
	env := []string{`MILLRACE_STREAMS=[{"name": "telemetry", "filters": ["plant/#"]}]`}
	n := startNode(t, dir, env)
	got := make(chan *paho.Publish, 10)
	panel := connect(t, n, "panel", into(t, got))
	if _, err := panel.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "plant/+/speed", QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	last := connect(t, n, "lasting", nil)
	if _, err := last.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "plant/#", QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	pub := connect(t, n, "press", nil)
	tell(t, pub, "plant/1/speed", "1500", 1)
	<-got
	var a api.WhyAnswer
	eventually(t, "the acknowledgement is recorded", func() bool { a = n.whyJSON(t, "panel", "plant/1/speed"); return a.Outcome == "acknowledged" })
	m := a.Messages[0]
	if len(a.Messages) != 1 || m.Publisher != "press" || m.Position != "telemetry:1:0" || m.ID == "" || len(m.Steps) < 4 {
		t.Errorf("%+v", a)
	}
	n.why(t, "panel", m.ID, "ACKNOWLEDGED", "press", "stored in stream telemetry at 1:0", "acknowledged")
	n.why(t, "panel", m.Position, "ACKNOWLEDGED", m.ID)
	tell(t, pub, "plant/1/speed/set", "x", 1)
	n.why(t, "panel", "plant/1/speed/set", "NOT SUBSCRIBED", "nearest filter is plant/+/speed")
	n.why(t, "panel", "plant/1/Speed", "NO MESSAGE", "nearly the same: plant/1/speed")
	n.why(t, "stranger", "plant/1/speed", "NO CLIENT")

	away := []string{"-h", "127.0.0.1", "-p", n.mqttPort(), "-i", "away", "-c", "-q", "1", "-t", "plant/#", "-E"}
	mosquittoSub(t, n, away[4:]...)
	tell(t, pub, "plant/2/speed", "7", 1)
	eventually(t, "it waits", func() bool { return n.whyJSON(t, "away", "plant/2/speed").Outcome == "queued" })
	tell(t, pub, "plant/2/speed", "8", 0)
	eventually(t, "QoS 0 is dropped", func() bool {
		a = n.whyJSON(t, "away", "plant/2/speed")
		return a.Reason != nil && a.Reason.Reason == "client_away"
	})
	n.stop(t)

	n = startNode(t, dir, env)
	out := n.why(t, "away", m.Position, "NOT SUBSCRIBED", "press", "telemetry at 1:0")
	if strings.Contains(out, m.ID) {
		t.Errorf("an identifier of the run before: %s", out)
	}
	eventually(t, "what waits in the log is known", func() bool { return n.whyJSON(t, "away", "telemetry:3:0").Outcome == "queued" })
	if out, err := run(n, "why", "away", m.ID); err == nil || !strings.Contains(out, "is not recorded") {
		t.Error(out)
	}
	n.stop(t)
}

// The historian is asked about like a client, and names each reason for which it takes no
// value.
func TestWhyNamesWhatTheHistorianRejects(t *testing.T) {
	n := startNode(t, t.TempDir(), []string{"MILLRACE_HISTORIAN__MAX_SERIES=10"})
	pub := connect(t, n, "press", nil)
	many := map[string]int{}
	for i := range 12 {
		many[fmt.Sprint("m", i)] = i
	}
	flood, _ := json.Marshal(many)
	for reason, payload := range map[string]string{
		"": "1", "undecodable": "\xff", "no_values": "{}", "time_out_of_range": `{"ts": 1, "v": 1}`, "time_unreadable": `{"ts": "yesterday", "v": 1}`,
	} {
		tell(t, pub, "line/"+reason+"x", payload, 1)
	}
	for _, reason := range []string{"", "undecodable", "no_values", "time_out_of_range", "time_unreadable", "series_limit"} {
		topic := "line/" + reason + "x"
		if reason == "series_limit" { // it fills what room there is
			tell(t, pub, topic, string(flood), 1)
		}
		var a api.WhyAnswer
		eventually(t, "the historian has come to it", func() bool { a = n.whyJSON(t, "historian", topic); return a.Outcome != "queued" })
		named := ""
		if a.Reason != nil {
			named = a.Reason.Reason
		}
		if named != reason || (reason == "") != (a.Outcome == "acknowledged") {
			t.Errorf("%q: %+v", reason, a)
		}
	}
	n.stop(t)
}

// A stream that was taken out of the configuration, of which a client has still to get
// something, has an alarm, and why names it, until it is there again.
func TestWhyNamesAStreamThatIsGone(t *testing.T) {
	dir := t.TempDir()
	const telemetry = `{"name": "telemetry", "filters": ["kept/#"]}`
	with := []string{`MILLRACE_STREAMS=[{"name": "lab", "filters": ["kept/lab"]}, ` + telemetry + `]`}
	n := startNode(t, dir, with)
	w := durably(t, n, "away")
	w.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("kept/#"), QoS: 1}}})
	if _, err := w.next(); err != nil {
		t.Fatal(err)
	}
	_ = w.conn.Close()
	publishSome(t, n, 1, 3, "kept/lab")
	n.stop(t)
	n = startNode(t, dir, []string{`MILLRACE_STREAMS=[` + telemetry + `]`})
	n.says(t, []string{"stream-forgotten-lab"}, "alarms", "list")
	if out, err := run(n, "why", "away", "kept/lab"); err != nil || !strings.Contains(out, `Stream "lab" is not in the configuration`) {
		t.Errorf("%v: %s", err, out)
	}
	n.stop(t)
	n = startNode(t, dir, with)
	if out := n.ctl(t, "alarms", "list"); strings.Contains(out, "stream-forgotten") {
		t.Error(out)
	}
	if out, _ := run(n, "why", "away", "kept/lab"); strings.Contains(out, "not in the configuration") {
		t.Error(out)
	}
	n.stop(t)
}
