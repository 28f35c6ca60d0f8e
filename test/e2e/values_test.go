//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os/exec"
	"reflect"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	mqtt3 "github.com/eclipse/paho.mqtt.golang"
)

// mosquittoPub publishes with Debian's own client.
func mosquittoPub(t *testing.T, n *node, args ...string) {
	t.Helper()
	args = append([]string{"-h", "127.0.0.1", "-p", n.mqttPort()}, args...)
	if out, err := exec.CommandContext(t.Context(), "mosquitto_pub", args...).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub %v: %v %s", args, err, out)
	}
}

func TestWhatClientsPublishIsWhatTheAPIAnswers(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	c := newCaller(t, n, "viewer")

	mosquittoPub(t, n, "-q", "1", "-t", "plant/press/1", "-m", `{"temperature": 21.5, "motor": {"speed": 1480, "on": true}, "state": "run"}`)
	mosquittoPub(t, n, "-V", "mqttv5", "-q", "1", "-t", "plant/scale", "-m", "12.75")
	mosquittoPub(t, n, "-q", "0", "-t", "plant/batch", "-m", "B-4711")
	mosquittoPub(t, n, "-q", "1", "-t", "plant/rows", "-m", `[{"ts": 1760000000000, "v": 1}, {"ts": 1760000001000, "v": 2}]`)

	want := map[string]any{
		"plant/press/1/temperature": 21.5, "plant/press/1/motor.speed": 1480.0, "plant/press/1/motor.on": true,
		"plant/press/1/state": "run", "plant/scale/value": 12.75, "plant/batch/value": "B-4711", "plant/rows/v": 2.0,
	}
	eventually(t, "all values are latest", func() bool { return reflect.DeepEqual(c.latest("plant/"), want) })

	rows := c.raw("plant/rows/v")
	if !reflect.DeepEqual(rows.Values, []any{1.0, 2.0}) || !rows.Times[0].Equal(time.UnixMilli(1760000000000)) {
		t.Fatalf("rows: %+v", rows)
	}
}

func TestPahoOfBothVersionsPublishesAndSubscribes(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	c := newCaller(t, n, "viewer")

	got := make(chan string, 100)
	subscriber := connect(t, n, "watcher", func(p *paho.Publish) { got <- p.Topic + " " + string(p.Payload) })
	if _, err := subscriber.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "cell/+/voltage", QoS: 1}}}); err != nil {
		t.Fatal(err)
	}

	five := connect(t, n, "five", nil)
	if _, err := five.Publish(t.Context(), &paho.Publish{Topic: "cell/5/voltage", QoS: 1, Payload: []byte("3.65")}); err != nil {
		t.Fatal(err)
	}
	three := mqtt3.NewClient(mqtt3.NewClientOptions().AddBroker("tcp://" + n.mqtt).SetClientID("three"))
	if token := three.Connect(); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer three.Disconnect(100)
	if token := three.Publish("cell/3/voltage", 1, false, "3.41"); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}

	for _, want := range []string{"cell/5/voltage 3.65", "cell/3/voltage 3.41"} {
		select {
		case g := <-got:
			if g != want {
				t.Fatalf("got %q, want %q", g, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q did not arrive", want)
		}
	}
	want := map[string]any{"cell/5/voltage/value": 3.65, "cell/3/voltage/value": 3.41}
	eventually(t, "both are stored", func() bool { return reflect.DeepEqual(c.latest("cell/"), want) })
}

func TestPublishOverHTTPReachesClientsAndHistory(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	c := newCaller(t, n, "operator")
	got := make(chan string, 1)
	subscriber := connect(t, n, "watcher", func(p *paho.Publish) { got <- string(p.Payload) })
	if _, err := subscriber.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "http/#"}}}); err != nil {
		t.Fatal(err)
	}
	status, body := c.do(http.MethodPost, "/api/v1/publish", `{"topic": "http/test", "payload": "42", "qos": 1}`)
	if status != http.StatusOK {
		t.Fatalf("publish: %d %s", status, body)
	}
	var published struct{ Kept bool }
	if unmarshal(t, body, &published); !published.Kept {
		t.Fatalf("not kept: %s", body)
	}
	if p := <-got; p != "42" {
		t.Fatalf("subscriber got %q", p)
	}
	eventually(t, "the value is stored", func() bool { return c.latest("http/")["http/test/value"] == 42.0 })
}

func TestAnEmptyStreamListKeepsNothing(t *testing.T) {
	n := startNode(t, t.TempDir(), []string{"MILLRACE_STREAMS=[]"})
	c := newCaller(t, n, "operator")
	mosquittoPub(t, n, "-q", "1", "-t", "plant/1", "-m", "1")
	status, body := c.do(http.MethodPost, "/api/v1/publish", `{"topic": "plant/2", "payload": "42", "qos": 1}`)
	if status != http.StatusOK || string(body) == "" {
		t.Fatalf("publish: %d %s", status, body)
	}
	var published struct{ Kept bool }
	if unmarshal(t, body, &published); published.Kept {
		t.Fatal("a node without streams says that it keeps the message")
	}
	if values := c.latest(""); len(values) != 0 {
		t.Fatalf("stored all the same: %v", values)
	}
}

func TestARestartKeepsEveryValue(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, nil)
	c := newCaller(t, n, "viewer")
	client := connect(t, n, "writer", nil)
	want := map[string]any{}
	for i := range 50 {
		if _, err := client.Publish(t.Context(), &paho.Publish{Topic: fmt.Sprintf("r/%02d", i), QoS: 1, Payload: fmt.Append(nil, i)}); err != nil {
			t.Fatal(err)
		}
		want[fmt.Sprintf("r/%02d/value", i)] = float64(i)
	}
	n.stop(t)
	n = startNode(t, dir, nil)
	c.url = n.url
	eventually(t, "all values are back", func() bool { return reflect.DeepEqual(c.latest("r/"), want) })
}
