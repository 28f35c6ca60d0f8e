//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/millrace/millrace/internal/api"
)

// metric reads one sample of /metrics.
func metric(t *testing.T, n *node, name string) float64 {
	t.Helper()
	answer, err := http.Get(n.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var v float64
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if _, err := fmt.Sscan(rest, &v); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			return v
		}
	}
	return 0
}

// Bytes that are no MQTT cost their sender the connection, are counted by reason and
// can be looked up, and nobody else notices.
func TestBrokenPacketsCloseTheirConnectionAlone(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	bystander := connect(t, n, "bystander", nil)
	const in = "\x10\x10\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x03bad" // CONNECT of a client "bad"
	for name, c := range map[string]struct{ bytes, counter, reason, said string }{
		"no CONNECT first":       {"\x30\x05\x00\x01a42", "refused", "protocol_error", "CONNECT"},
		"an HTTP request":        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "refused", "protocol_error", "CONNECT"},
		"a reserved flag":        {"\x10\x10\x00\x04MQTT\x05\x03\x00\x3c\x00\x00\x03bad", "refused", "malformed_packet", "reserved"},
		"a length that lies":     {"\x10\x10\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x30bad", "refused", "malformed_packet", ""},
		"a property twice":       {"\x10\x16\x00\x04MQTT\x05\x02\x00\x3c\x06\x21\x00\x05\x21\x00\x05\x00\x03bad", "refused", "protocol_error", "twice"},
		"an unknown property":    {"\x10\x12\x00\x04MQTT\x05\x02\x00\x3c\x02\x7f\x00\x00\x03bad", "refused", "malformed_packet", "propert"},
		"a second CONNECT":       {in + in, "closed", "protocol_error", "second CONNECT"},
		"QoS 3":                  {in + "\x36\x06\x00\x01a\x00\x01\x00", "closed", "malformed_packet", "QoS"},
		"a wildcard":             {in + "\x30\x06\x00\x03a/#\x00", "closed", "topic_name_invalid", "wildcard"},
		"a surrogate":            {in + "\x30\x06\x00\x03\xed\xa0\x80\x00", "closed", "malformed_packet", ""},
		"NUL in a topic":         {in + "\x30\x06\x00\x03a\x00b\x00", "closed", "malformed_packet", ""},
		"packet identifier 0":    {in + "\x32\x06\x00\x01a\x00\x00\x00", "closed", "protocol_error", "identifier"},
		"a filter with no QoS":   {in + "\x82\x06\x00\x01\x00\x00\x01a", "closed", "malformed_packet", ""},
		"a packet of the server": {in + "\x20\x03\x00\x00\x00", "closed", "protocol_error", ""},
		"a length beyond 1 MiB":  {in + "\x30\xff\xff\xff\x7f", "closed", "packet_too_large", "larger"},
	} {
		counter := fmt.Sprintf("millrace_connections_%s_total{reason=%q}", c.counter, c.reason)
		before := metric(t, n, counter)
		sendAndHear(t, n, name, c.bytes)
		eventually(t, name+" is counted as "+c.reason, func() bool { return metric(t, n, counter) == before+1 })
		eventually(t, name+" can be looked up", func() bool {
			all := shown[api.Page[api.Refusal]](t, n, "refused", "list").Items
			return slices.ContainsFunc(all, func(r api.Refusal) bool {
				return r.Reason == c.reason && r.Admitted == (c.counter == "closed") && r.Address == "127.0.0.1" && strings.Contains(r.Text, c.said) && r.Text != ""
			})
		})
	}
	if _, err := bystander.Publish(t.Context(), &paho.Publish{Topic: "still/here", QoS: 1, Payload: []byte("1")}); err != nil {
		t.Fatalf("the bystander suffered: %v", err)
	}
}

// sendAndHear sends bytes on a connection of their own and reads until the node
// closes it.
func sendAndHear(t *testing.T, n *node, name, bytes string) {
	t.Helper()
	conn, err := n.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, bytes); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(conn); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Errorf("%s: the connection stays open", name)
	}
}

// Payloads that cannot be stored as points are counted by reason; what is good in
// and beside them is stored.
func TestBadPayloadsAreCountedAndTheRestKept(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	c := newCaller(t, n, "viewer")
	client := connect(t, n, "writer", nil)
	deep := strings.Repeat("[", 1000) + strings.Repeat("]", 1000)
	for topic, payload := range map[string]string{
		"bad/deep": deep, "bad/cut": `{"a": 1,`, "bad/binary": "\xff\xfe\x00", "bad/nan": `{"good": 1, "v": NaN}`,
		"bad/huge": `{"good": 2, "v": 1e999}`, "bad/old": `{"ts": "1815-06-18T11:00:00Z", "v": 1}`, "bad/empty": "", "good/v": "7",
		"good/max": strings.Repeat("x", 1<<20-100),
	} {
		if _, err := client.Publish(t.Context(), &paho.Publish{Topic: topic, QoS: 1, Payload: []byte(payload)}); err != nil {
			t.Fatalf("%s: %v", topic, err)
		}
	}
	eventually(t, "the good value is stored", func() bool { return c.latest("good/v")["good/v/value"] == 7.0 })
	eventually(t, "the good half of a message is stored", func() bool { return c.latest("bad/huge")["bad/huge/good"] == 2.0 })
	eventually(t, "undecodable payloads are counted", func() bool {
		return metric(t, n, `millrace_points_rejected_total{reason="undecodable"}`) >= 3
	})
	eventually(t, "a time far off is counted", func() bool {
		return metric(t, n, `millrace_points_rejected_total{reason="time_out_of_range"}`) >= 1
	})
}

// One device that makes series without end is limited and named in an alarm; the
// others' points are all stored.
func TestADeviceThatFloodsSeriesIsLimited(t *testing.T) {
	n := startNode(t, t.TempDir(), []string{"MILLRACE_HISTORIAN__NEW_SERIES_PER_PUBLISHER=50"})
	c := newCaller(t, n, "viewer")
	mad, calm := connect(t, n, "mad-device", nil), connect(t, n, "calm-device", nil)
	for i := range 50 {
		fields := make([]string, 200)
		for j := range fields {
			fields[j] = fmt.Sprintf(`"m%d": 1`, i*200+j)
		}
		if _, err := mad.Publish(t.Context(), &paho.Publish{Topic: "mad", QoS: 1, Payload: []byte("{" + strings.Join(fields, ",") + "}")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := calm.Publish(t.Context(), &paho.Publish{Topic: "calm", QoS: 1, Payload: []byte(`{"temperature": 20}`)}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the calm device's value is stored", func() bool { return c.latest("calm")["calm/temperature"] == 20.0 })
	eventually(t, "the flood is counted", func() bool {
		return metric(t, n, `millrace_points_rejected_total{reason="series_limit"}`) > 5000
	})
	eventually(t, "an alarm names the device", func() bool {
		for _, a := range alarms(c) {
			if strings.Contains(a.Title+a.Detail, "mad-device") {
				return true
			}
		}
		return false
	})
}
