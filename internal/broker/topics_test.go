package broker

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

func TestLargeTopicsAreRefusedAndCounted(t *testing.T) {
	b := start(t, Options{Zone: Zone{Topics: topic.Limits{Levels: 3, Length: 20, Wildcards: 1}}})
	c, old := enter(t, b, packet.V5, "c"), enter(t, b, packet.V311, "old")
	for i, name := range []string{"a/b/c/d", strings.Repeat("x", 21)} {
		c.send(publish(name, "x", 1, uint16(i+1)))
		if a := expect[*packet.Ack](c); a.Reason != packet.TopicNameInvalid {
			t.Errorf("%s: %#x", name, a.Reason)
		}
		old.send(publish(name, "x", 1, uint16(i+1)))
		expect[*packet.Ack](old) // it has no word for it
	}
	for _, filter := range []string{"a/b/c/#", "+/+/c", strings.Repeat("x", 21)} {
		c.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte(filter)}}})
		if a := expect[*packet.Suback](c); a.Reasons[0] != packet.TopicFilterInvalid {
			t.Errorf("%s: %#x", filter, a.Reasons[0])
		}
	}
	w := dial(t, b, packet.V5)
	w.send(&packet.Connect{Version: packet.V5, CleanStart: true, HasWill: true, Will: packet.Will{Topic: []byte("a/b/c/d")}})
	if a := expect[*packet.Connack](w); a.Reason != packet.TopicNameInvalid {
		t.Errorf("%#x", a.Reason)
	}
	if _, err := b.Publish(t.Context(), &msg.Message{Topic: []byte("a/b/c/d")}); fault.CodeOf(err) != fault.BadTopicName {
		t.Error(err)
	}
	eventually(t, "counted", func() bool {
		s := b.Stats()
		return s.Dropped[fault.BadTopicName] == 4 && s.SubscriptionsRefused[fault.BadTopicFilter] == 3
	})
}

func TestLargeRetainedMessagesAreNotRetained(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now, RetainedSize: 3, RetainedExpiry: 60})
	pub, sub := enter(t, b, packet.V5, "pub"), enter(t, b, packet.V5, "sub")
	sub.subscribe("#", 0)
	for name, payload := range map[string]string{"small": "xxx", "large": "xxxx"} {
		pub.send(&packet.Publish{Topic: []byte(name), Payload: []byte(payload), Retain: true})
		if p := expect[*packet.Publish](sub); p.HasExpiry {
			t.Errorf("%s expires in %d", p.Topic, p.Expiry)
		}
	}
	eventually(t, "one is retained, one counted", func() bool {
		s := b.Stats()
		return s.Retained == 1 && s.Dropped[fault.TooLarge] == 1
	})
	clock.forward(20 * time.Second)
	sub.subscribe("small", 0)
	if p := expect[*packet.Publish](sub); p.Expiry != 40 {
		t.Errorf("%d s are left", p.Expiry)
	}
}

// Very many subscriptions of one client: each is answered, those beyond
// the limit with 0x97, and all of them go.
func TestVeryManySubscriptionsOfOneClient(t *testing.T) {
	const most, asked, each = 2000, 2500, 250
	b := start(t, Options{Zone: Zone{Subscriptions: most}})
	c := enter(t, b, packet.V5, "many")
	for first := 0; first < asked; first += each {
		s := &packet.Subscribe{ID: 1}
		for i := first; i < first+each; i++ {
			s.Filters = append(s.Filters, packet.Subscription{Filter: []byte("many/" + strconv.Itoa(i) + "/+")})
		}
		c.send(s)
		a := expect[*packet.Suback](c)
		for i, r := range a.Reasons {
			if over := first+i >= most; over != (r == packet.QuotaExceeded) {
				t.Fatalf("filter %d: %#x", first+i, r)
			}
		}
	}
	eventually(t, "all counted", func() bool {
		s := b.Stats()
		return s.Subscriptions == most && s.SubscriptionsRefused[fault.TooMany] == asked-most
	})
	c.send(&packet.Disconnect{})
	c.closed()
	eventually(t, "all gone", func() bool { return b.Stats().Subscriptions == 0 })
	if n := b.router.tree.Filters(); n != 0 {
		t.Errorf("%d filters are left", n)
	}
}
