package broker

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"
)

// seen collects what a subscriber got, by publisher.
type seen struct {
	mu    sync.Mutex
	by    map[string][]string
	count int
}

func newSeen() *seen { return &seen{by: map[string][]string{}} }

func (s *seen) add(topic string, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by[topic] = append(s.by[topic], string(payload))
	s.count++
}

func (s *seen) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// inOrder says what is wrong with n messages on each topic, numbered from 0.
func (s *seen) inOrder(t *testing.T, topics, n int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.by) != topics {
		t.Errorf("%d topics, want %d", len(s.by), topics)
	}
	for topic, payloads := range s.by {
		if len(payloads) != n {
			t.Errorf("%s: %d messages, want %d", topic, len(payloads), n)
			continue
		}
		for i, p := range payloads {
			if p != fmt.Sprint(i) {
				t.Errorf("%s: message %d is %s", topic, i, p)
				break
			}
		}
	}
}

func pahoFive(t *testing.T, b *Broker, id string, got func(paho.PublishReceived)) *paho.Client {
	t.Helper()
	nc, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := paho.NewClient(paho.ClientConfig{Conn: nc, OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(r paho.PublishReceived) (bool, error) { got(r); return true, nil },
	}})
	if _, err := c.Connect(t.Context(), &paho.Connect{ClientID: id, CleanStart: true, KeepAlive: 30}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(&paho.Disconnect{}); <-c.Done() })
	return c
}

func TestPahoFive(t *testing.T) {
	const topics, n = 4, 100
	log := &fakeLog{}
	b := start(t, Options{Keeper: log})
	got := newSeen()
	sub := pahoFive(t, b, "sub", func(r paho.PublishReceived) {
		if r.Packet.Properties.ContentType != "text/plain" || r.Packet.Properties.User.Get("line") != "4" {
			t.Errorf("properties %+v", r.Packet.Properties)
		}
		got.add(r.Packet.Topic, r.Packet.Payload)
	})
	if _, err := sub.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "plant/+/count", QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range topics {
		pub := pahoFive(t, b, fmt.Sprintf("pub%d", i), func(paho.PublishReceived) {})
		all.Go(func() {
			for k := range n {
				_, err := pub.Publish(context.Background(), &paho.Publish{
					Topic: fmt.Sprintf("plant/%d/count", i), QoS: byte(k % 2), Payload: fmt.Append(nil, k),
					Properties: &paho.PublishProperties{ContentType: "text/plain", User: paho.UserProperties{{Key: "line", Value: "4"}}},
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	eventually(t, "all delivered", func() bool { return got.total() == topics*n })
	got.inOrder(t, topics, n)
	if kept := len(log.messages()); kept != topics*n {
		t.Errorf("kept %d", kept)
	}
}

func pahoThree(t *testing.T, b *Broker, id string) paho3.Client {
	t.Helper()
	c := paho3.NewClient(paho3.NewClientOptions().AddBroker("tcp://" + b.Addr().String()).SetClientID(id).
		SetKeepAlive(30 * time.Second).SetAutoReconnect(false).SetProtocolVersion(4))
	await(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(250) })
	return c
}

func await(t *testing.T, tok paho3.Token) {
	t.Helper()
	if !tok.WaitTimeout(patience) || tok.Error() != nil {
		t.Fatal("paho:", tok.Error())
	}
}

func TestPahoThree(t *testing.T) {
	const topics, n = 4, 100
	log := &fakeLog{}
	b := start(t, Options{Keeper: log})
	got := newSeen()
	sub := pahoThree(t, b, "sub")
	await(t, sub.Subscribe("plant/#", 1, func(_ paho3.Client, m paho3.Message) { got.add(m.Topic(), m.Payload()) }))
	var all sync.WaitGroup
	for i := range topics {
		pub := pahoThree(t, b, fmt.Sprintf("pub%d", i))
		all.Go(func() {
			for k := range n {
				if tok := pub.Publish(fmt.Sprintf("plant/%d", i), byte(k%2), false, fmt.Sprint(k)); !tok.WaitTimeout(patience) || tok.Error() != nil {
					t.Error("publish:", tok.Error())
					return
				}
			}
		})
	}
	all.Wait()
	eventually(t, "all delivered", func() bool { return got.total() == topics*n })
	got.inOrder(t, topics, n)
	await(t, sub.Unsubscribe("plant/#"))
	if s := b.Stats(); s.Subscriptions != 0 || s.Connections != topics+1 || s.MessagesIn[0]+s.MessagesIn[1] != topics*n {
		t.Errorf("%+v", s)
	}
}
