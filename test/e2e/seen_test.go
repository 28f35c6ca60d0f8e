//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"
)

// TestWhatClientsDoIsSeenInMetrics: each kind of figure moves by what happened, under
// its own name and under EMQX's.
func TestWhatClientsDoIsSeenInMetrics(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "access.yaml"), []byte("default: allow\nrules:\n  - deny: all\n    topics: [\"secret/#\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := startNode(t, dir, []string{`MILLRACE_STREAMS=[{"name":"telemetry","filters":["plant/#"]}]`})
	passwd := n.Command("ctl", "passwd", "anna")
	passwd.Stdin = strings.NewReader("a-long-password\n")
	if out, err := passwd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	before := scrape(t, n)
	live(t, n)
	var page string
	grown := func(sample string) float64 { return total(t, page, sample) - total(t, before, sample) }
	want := figures()
	missing := func() (all []string) {
		page = scrape(t, n)
		for s, by := range want {
			if grown(s) != by {
				all = append(all, fmt.Sprintf("%s has grown by %v, want %v", s, grown(s), by))
			}
		}
		return all
	}
	t.Cleanup(func() { // also when it was waited for in vain
		for _, m := range missing() {
			t.Error(m)
		}
	})
	eventually(t, "every figure has moved", func() bool { return len(missing()) == 0 })
	for _, s := range []string{"millrace_deliver_seconds_sum", "millrace_connect_seconds_sum", "millrace_session_backlog_bytes"} {
		if grown(s) <= 0 {
			t.Errorf("%s has not grown", s)
		}
	}
	sameInEMQX(t, page)
}

// live is what happens: three clients come and one is refused; messages of each QoS
// go to a reader, one to a session that is away, one to nobody; one message and one
// filter are denied.
func live(t *testing.T, n *node) {
	got := make(chan string, 10)
	reader := connect(t, n, "reader", func(p *paho.Publish) { got <- p.Topic })
	subscribe := func(c *paho.Client, filters ...string) {
		s := &paho.Subscribe{}
		for _, f := range filters {
			s.Subscriptions = append(s.Subscriptions, paho.SubscribeOptions{Topic: f, QoS: 2})
		}
		_, _ = c.Subscribe(t.Context(), s) // denied filters are errors to it
	}
	subscribe(reader, "plant/#")
	subscribe(reader, "secret/#")
	comeAndGo(t, n, "away", subscribe)
	writer := connect(t, n, "writer", nil)
	for _, m := range []*paho.Publish{
		{Topic: "plant/a"}, {Topic: "plant/b", QoS: 1, Retain: true}, {Topic: "plant/c", QoS: 2},
		{Topic: "kept/d", QoS: 1}, {Topic: "nobody/e", QoS: 1}, {Topic: "secret/f", QoS: 1},
	} {
		m.Payload = []byte("1")
		_, _ = writer.Publish(t.Context(), m) // 0x10 and a denial are errors to it
	}
	for range 3 {
		<-got
	}
	refusedPub(t, n, "-V", "mqttv311", "-u", "anna", "-P", "wrong")
}

// comeAndGo leaves a session that takes kept/# at QoS 2.
func comeAndGo(t *testing.T, n *node, id string, subscribe func(*paho.Client, ...string)) {
	t.Helper()
	conn, err := n.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, hour := paho.NewClient(paho.ClientConfig{Conn: conn}), uint32(3600)
	if _, err := c.Connect(context.WithoutCancel(t.Context()), &paho.Connect{ClientID: id, KeepAlive: 30, CleanStart: true, Properties: &paho.ConnectProperties{SessionExpiryInterval: &hour}}); err != nil {
		t.Fatal(err)
	}
	subscribe(c, "kept/#")
	if err := c.Disconnect(&paho.Disconnect{}); err != nil {
		t.Fatal(err)
	}
}

// figures are by how much each sample grows by what live does.
func figures() map[string]float64 {
	want := map[string]float64{}
	for line := range strings.Lines(`
		millrace_connections                                           2 emqx_live_connections_count
		millrace_sessions                                              3 emqx_sessions_count emqx_connections_count
		millrace_sessions_lasting                                      1
		millrace_subscriptions                                         2 emqx_subscriptions_count
		millrace_retained                                              1 emqx_retained_count
		millrace_session_backlog_messages                              1
		millrace_messages_received_total{qos="0"}                      1 emqx_messages_qos0_received
		millrace_messages_received_total{qos="1"}                      4 emqx_messages_qos1_received
		millrace_messages_received_total{qos="2"}                      1 emqx_messages_qos2_received
		millrace_messages_sent_total{qos="0"}                          1 emqx_messages_qos0_sent
		millrace_messages_sent_total{qos="1"}                          1 emqx_messages_qos1_sent
		millrace_messages_sent_total{qos="2"}                          1 emqx_messages_qos2_sent
		millrace_messages_dropped_total{reason="no_subscriber"}        1 emqx_messages_dropped_no_subscribers
		millrace_messages_dropped_total{reason="access_denied"}        1 emqx_delivery_dropped
		millrace_packets_received_total{type="CONNECT"}                4 emqx_packets_connect
		millrace_packets_received_total{type="PUBLISH"}                6 emqx_packets_publish_received
		millrace_packets_received_total{type="SUBSCRIBE"}              3 emqx_packets_subscribe_received
		millrace_packets_sent_total{type="CONNACK"}                    4 emqx_packets_connack_sent
		millrace_packets_sent_total{type="SUBACK"}                     3 emqx_packets_suback_sent
		millrace_packets_sent_total{type="PUBCOMP"}                    1 emqx_packets_pubcomp_sent
		millrace_logins_total                                          3 emqx_authentication_success
		millrace_connections_refused_total{reason="bad_password"}      1 emqx_authentication_failure
		millrace_subscriptions_refused_total{reason="access_denied"}   1
		millrace_access_total{answer="publish_denied"}                 1
		millrace_access_total{answer="subscribe_denied"}               1
		millrace_access_total{answer="subscribe_allowed"}              2
		millrace_listener_accepted_total{listener="default"}           4
		millrace_listener_connections{listener="default"}              2
		millrace_deliver_seconds_count                                 3
		millrace_connect_seconds_count                                 3
		emqx_authorization_deny                                        2
	`) {
		if f := strings.Fields(line); len(f) > 1 {
			for _, name := range append(f[2:], f[0]) {
				want[name] = float64(f[1][0] - '0')
			}
		}
	}
	return want
}

// sameInEMQX holds EMQX's names for packets, messages and bytes against ours.
func sameInEMQX(t *testing.T, page string) {
	t.Helper()
	pairs := map[string]string{
		"emqx_bytes_received": "millrace_received_bytes_total", "emqx_bytes_sent": "millrace_sent_bytes_total",
		"emqx_messages_received": "millrace_messages_received_total", "emqx_messages_sent": "millrace_messages_sent_total",
		"emqx_packets_received": "millrace_packets_received_total", "emqx_packets_sent": "millrace_packets_sent_total",
		"emqx_messages_dropped": "millrace_messages_dropped_total", "emqx_topics_count": "millrace_topics",
	}
	for _, way := range []string{"received", "sent"} {
		for _, kind := range []string{"CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"} {
			if name := "emqx_packets_" + strings.ToLower(kind) + "_" + way; strings.Contains(page, "\n"+name+" ") {
				pairs[name] = "millrace_packets_" + way + "_total{type=\"" + kind + "\"}"
			}
		}
	}
	if len(pairs) < 26 {
		t.Errorf("only %d names to compare", len(pairs))
	}
	for theirs, ours := range pairs {
		if got, want := total(t, page, theirs), total(t, page, ours); got != want {
			t.Errorf("%s is %v, %s is %v", theirs, got, ours, want)
		}
	}
}
