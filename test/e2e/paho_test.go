//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/millrace/millrace/internal/api"
)

// inbox keeps what a client receives.
type inbox struct {
	mu  sync.Mutex
	all []string
}

func (i *inbox) add(payload []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all = append(i.all, string(payload))
}

func (i *inbox) payloads() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.all)
}

func (i *inbox) await(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d messages arrive", len(want)), func() bool { return len(i.payloads()) >= len(want) })
	if got := i.payloads(); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func numbers(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

// patience is for the calls of clients that wait by themselves.
const patience = 20 * time.Second

func TestPahoThree(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	look := newCaller(t, n, "viewer")
	network := newCutter(t, n.mqtt)
	var got, gone, away inbox
	options := mqtt.NewClientOptions().AddBroker("tcp://127.0.0.1:" + network.port()).SetClientID("paho3").
		SetCleanSession(false).SetResumeSubs(false).SetAutoReconnect(true).SetMaxReconnectInterval(100 * time.Millisecond).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { got.add(m.Payload()) })
	client := pahoThree(t, options)
	other := pahoThree(t, mqtt.NewClientOptions().AddBroker("tcp://"+n.mqtt).SetClientID("other"))
	subscribeThree(t, client, "three/#", nil)
	subscribeThree(t, other, "will", &gone)
	subscribeThree(t, other, "away", &away)
	for qos := range byte(3) {
		publishThree(t, other, "three/x", qos, false, fmt.Sprint("at ", qos))
	}
	got.await(t, "at 0", "at 1", "at 2")
	publishThree(t, other, "three/kept", 2, true, "kept")
	got.await(t, "at 0", "at 1", "at 2", "kept")
	// The library takes a QoS 2 message for a new one when it comes again after a cut.
	eventually(t, "the handshake is through", func() bool { return inflight(look, "paho3") == 0 })

	network.set(true)
	eventually(t, "the client is away", func() bool { return !client.IsConnectionOpen() })
	for i := range 10 {
		publishThree(t, other, "three/x", 2, false, fmt.Sprint(i))
	}
	sent := client.Publish("away", 2, false, "from away")
	network.set(false)
	got.await(t, append([]string{"at 0", "at 1", "at 2", "kept"}, numbers(10)...)...)
	done(t, sent)
	away.await(t, "from away")

	victims := newCutter(t, n.mqtt)
	pahoThree(t, mqtt.NewClientOptions().AddBroker("tcp://127.0.0.1:"+victims.port()).SetClientID("victim").SetAutoReconnect(false).SetWill("will", "gone", 2, false))
	victims.set(true)
	gone.await(t, "gone")
}

// inflight is how many messages were sent to a client and not acknowledged.
func inflight(c *caller, id string) int {
	var d api.ClientDetail
	c.get("/api/v1/clients/"+url.PathEscape(id), nil, &d)
	return d.Inflight
}

func pahoThree(t *testing.T, o *mqtt.ClientOptions) mqtt.Client {
	t.Helper()
	c := mqtt.NewClient(o)
	done(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(100) })
	return c
}

func done(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("%T: %v", token, token.Error())
	}
}

func subscribeThree(t *testing.T, c mqtt.Client, filter string, into *inbox) {
	t.Helper()
	var received mqtt.MessageHandler
	if into != nil {
		received = func(_ mqtt.Client, m mqtt.Message) { into.add(m.Payload()) }
	}
	done(t, c.Subscribe(filter, 2, received))
}

func publishThree(t *testing.T, c mqtt.Client, topic string, qos byte, retained bool, payload string) {
	t.Helper()
	done(t, c.Publish(topic, qos, retained, payload))
}

func TestPahoFive(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	look := newCaller(t, n, "viewer")
	network := newCutter(t, n.mqtt)
	var got, gone inbox
	ups, downs := make(chan bool, 10), make(chan bool, 10)
	address, _ := url.Parse("mqtt://127.0.0.1:" + network.port())
	config := autopaho.ClientConfig{
		ServerUrls: []*url.URL{address}, KeepAlive: 20, CleanStartOnInitialConnection: true, SessionExpiryInterval: 600,
		ReconnectBackoff: func(int) time.Duration { return 50 * time.Millisecond },
		OnConnectionUp:   func(_ *autopaho.ConnectionManager, a *paho.Connack) { ups <- a.SessionPresent },
		OnConnectionDown: func() bool { downs <- true; return true },
		WillMessage:      &paho.WillMessage{Topic: "will", Payload: []byte("gone"), QoS: 1},
		WillProperties:   &paho.WillProperties{WillDelayInterval: new(uint32)},
		ClientConfig: paho.ClientConfig{ClientID: "paho5", OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			got.add(p.Packet.Payload)
			return true, nil
		}}},
	}
	client, err := autopaho.NewConnection(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if <-ups {
		t.Error("a session was there before")
	}
	other := connect(t, n, "other", func(p *paho.Publish) { gone.add(p.Payload) })
	subscribeFive(t, client.Subscribe, "five/#")
	subscribeFive(t, other.Subscribe, "will")
	for qos := range byte(3) {
		publishFive(t, other, "five/x", qos, fmt.Sprint("at ", qos))
	}
	got.await(t, "at 0", "at 1", "at 2")
	eventually(t, "the node has all acknowledgements", func() bool { return inflight(look, "paho5") == 0 })

	network.set(true)
	<-downs
	gone.await(t, "gone")
	for i := range 10 {
		publishFive(t, other, "five/x", 2, fmt.Sprint(i))
	}
	network.set(false)
	if !<-ups {
		t.Error("the session is not there again")
	}
	got.await(t, append([]string{"at 0", "at 1", "at 2"}, numbers(10)...)...)
	if err := client.Disconnect(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

func subscribeFive(t *testing.T, subscribe func(context.Context, *paho.Subscribe) (*paho.Suback, error), filter string) {
	t.Helper()
	if _, err := subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: filter, QoS: 2}}}); err != nil {
		t.Fatal(err)
	}
}

func publishFive(t *testing.T, c *paho.Client, topic string, qos byte, payload string) {
	t.Helper()
	if _, err := c.Publish(t.Context(), &paho.Publish{Topic: topic, QoS: qos, Payload: []byte(payload)}); err != nil {
		t.Fatal(err)
	}
}
