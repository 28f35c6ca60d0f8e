//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
)

// values are what one client writes over and over: retained values on topics that a
// stream takes and on others, and messages for later.
type values struct {
	sent, acked map[string]int // by topic, the newest
	sentLate    int            // delayed messages
	ackedLate   []int
	n           int
}

// write goes on until the connection ends.
func (v *values) write(ctx context.Context, client *paho.Client, chance *rand.Rand, progress chan<- struct{}) {
	for {
		v.n++
		topic := fmt.Sprint([]string{"kept/", "other/"}[chance.IntN(2)], chance.IntN(5))
		v.sent[topic] = v.n
		if publish(ctx, client, topic, strconv.Itoa(v.n), true) != nil {
			return
		}
		v.acked[topic] = v.n
		if v.n%10 == 0 {
			v.sentLate = v.n
			if publish(ctx, client, "$delayed/1/kept/late", fmt.Sprintf(`{"n": %d}`, v.n), false) != nil {
				return
			}
			v.ackedLate = append(v.ackedLate, v.n)
		}
		progress <- struct{}{}
	}
}

func publish(ctx context.Context, client *paho.Client, topic, payload string, retain bool) error {
	within, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	defer whenGone(client, cancel)()
	_, err := client.Publish(within, &paho.Publish{Topic: topic, QoS: 1, Retain: retain, Payload: []byte(payload)})
	return err
}

// While a client writes retained and delayed messages the node is killed again and again:
// each topic has the value that was acknowledged last, or the one behind it, which was
// under way; each delayed message that was acknowledged comes once.
func TestRetainedAndDelayedMessagesSurviveKills(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	env := []string{`MILLRACE_STREAMS=[{"name": "telemetry", "filters": ["kept/#"]}]`}
	dir := t.TempDir()
	n := startNode(t, dir, env)
	c := newCaller(t, n, "viewer")
	v := &values{sent: map[string]int{}, acked: map[string]int{}}
	for range 8 {
		client, err := dial(t.Context(), n, "writer", nil)
		if err != nil {
			t.Fatal(err)
		}
		progress, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			v.write(t.Context(), client, chance, progress)
		}()
		for range 10 + v.n%150 {
			<-progress
		}
		n.kill(t)
		for open := true; open; {
			select {
			case <-progress:
			case <-ended:
				open = false
			}
		}
		n = startNode(t, dir, env)
	}
	v.check(t, n)
	c.url = n.url
	v.checkLate(t, c)
}

func (v *values) check(t *testing.T, n *node) {
	for topic, value := range retainedValues(t, n, len(v.acked)) {
		if value != v.acked[topic] && value != v.sent[topic] {
			t.Errorf("%s is %d; acknowledged %d, sent %d", topic, value, v.acked[topic], v.sent[topic])
		}
	}
}

// retainedValues are the values that a new subscriber gets, by topic, of that many topics.
func retainedValues(t *testing.T, n *node, topics int) map[string]int {
	t.Helper()
	got := make(chan *paho.Publish, 100)
	client := connect(t, n, "reader", into(t, got))
	if _, err := client.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "kept/+", QoS: 1}, {Topic: "other/+", QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for len(all) < topics {
		if p := <-got; p.Topic != "kept/late" {
			value, err := strconv.Atoi(string(p.Payload))
			if err != nil {
				t.Fatalf("%s is %q", p.Topic, p.Payload)
			}
			all[p.Topic] = value
		}
	}
	return all
}

// checkLate looks at the samples that the historian made of the delayed messages: they
// have the time of their publication, so one that came twice is there twice.
func (v *values) checkLate(t *testing.T, c *caller) {
	const series = "kept/late/n"
	if len(v.ackedLate) == 0 {
		t.Fatal("no message was delayed")
	}
	eventually(t, "a delayed message has come", func() bool { return len(c.latest(series)) > 0 })
	eventually(t, "the last delayed message has come", func() bool {
		return slices.Contains(c.raw(series).Values, any(float64(v.ackedLate[len(v.ackedLate)-1])))
	})
	times := map[int]int{}
	for _, value := range c.raw(series).Values {
		times[int(value.(float64))]++
	}
	for _, late := range v.ackedLate {
		if times[late] != 1 {
			t.Errorf("delayed message %d came %d times", late, times[late])
		}
		delete(times, late)
	}
	for late, n := range times {
		if n > 1 {
			t.Errorf("delayed message %d, not acknowledged, came %d times", late, n)
		}
	}
}
