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

// A client reads from either packet where it should go.
func TestPahoIsSentToAnotherServer(t *testing.T) {
	b := start(t, Options{})
	nc, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan *paho.Disconnect, 1)
	in := paho.NewClient(paho.ClientConfig{Conn: nc, OnServerDisconnect: func(d *paho.Disconnect) { told <- d }})
	if _, err := in.Connect(t.Context(), &paho.Connect{ClientID: "in", CleanStart: true, KeepAlive: 30}); err != nil {
		t.Fatal(err)
	}
	b.Refer("plant-2:1883 plant-3:1883", false)
	if d := <-told; d.ReasonCode != 0x9C || d.Properties.ServerReference != "plant-2:1883 plant-3:1883" {
		t.Errorf("%+v", d)
	}
	<-in.Done()
	b.Refer("new.plant", true)
	if nc, err = net.Dial("tcp", b.Addr().String()); err != nil {
		t.Fatal(err)
	}
	late := paho.NewClient(paho.ClientConfig{Conn: nc})
	answer, err := late.Connect(t.Context(), &paho.Connect{ClientID: "late", CleanStart: true, KeepAlive: 30})
	if err == nil || answer == nil || answer.ReasonCode != 0x9D || answer.Properties.ServerReference != "new.plant" {
		t.Errorf("%+v %v", answer, err)
	}
	if r, active := b.Referred(); !active || !r.Moved || r.Since.IsZero() {
		t.Errorf("%+v", r)
	}
	b.Welcome()
	if _, active := b.Referred(); active {
		t.Error("still sent away")
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
