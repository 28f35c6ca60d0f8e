package broker

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/rewrite"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

// ordered starts a broker whose log holds everything, and a client that sees all.
func ordered(t *testing.T, o Options) (b *Broker, log *fakeLog, sub *raw) {
	log = &fakeLog{prefix: "kept/"}
	o.Keeper = log
	b = start(t, o)
	sub = enter(t, b, packet.V5, "sub")
	sub.subscribe("#", 0)
	log.hold()
	return b, log, sub
}

func retainedWith(topic, payload string, qos byte, id uint16) *packet.Publish {
	p := publish(topic, payload, qos, id)
	p.Retain = true
	return p
}

// came awaits that the broker has taken that many messages.
func came(t *testing.T, b *Broker, n uint64) {
	t.Helper()
	eventually(t, "taken", func() bool { m := b.Stats().MessagesIn; return m[0]+m[1]+m[2] == n })
}

// sees expects the messages, in that order.
func (c *raw) sees(want ...string) {
	c.t.Helper()
	for _, w := range want {
		if got := expect[*packet.Publish](c); text(got) != w {
			c.t.Fatalf("%s came, want %s", text(got), w)
		}
	}
}

// standing is the topic's retained payload, empty for none.
func standing(b *Broker, topic string) string {
	if m := b.retained.Get([]byte(topic)); m != nil {
		return string(m.Payload)
	}
	return ""
}

func TestNothingOvertakesAMessageOfQoS2(t *testing.T) {
	b, log, sub := ordered(t, Options{})
	pub, other := enter(t, b, packet.V5, "pub"), enter(t, b, packet.V5, "other")
	pub.send(
		retainedWith("kept/a", "1", 2, 1), retainedWith("kept/a", "2", 0, 0), retainedWith("kept/a", "3", 1, 2),
		retainedWith("kept/clear", "x", 2, 3), retainedWith("kept/clear", "", 0, 0),
		publish("kept/b", "4", 1, 4), publish("else", "5", 0, 0),
	)
	came(t, b, 7)
	other.send(publish("kept/c", "6", 0, 0))
	sub.sees("else=5", "kept/c=6") // no stream takes the one, nothing of its publisher waits for the other
	log.release(nil)
	sub.sees("kept/a=1", "kept/a=2", "kept/a=3", "kept/clear=x", "kept/clear=", "kept/b=4")
	if a, c := standing(b, "kept/a"), standing(b, "kept/clear"); a != "3" || c != "" {
		t.Errorf("%q and %q are retained", a, c)
	}
	log.hold() // nothing waits any more: QoS 1 goes at once again
	pub.send(publish("kept/a", "7", 1, 5))
	sub.sees("kept/a=7")
	log.release(nil)
}

func TestWhatWaitsBehindAMessageThatTheLogRefuses(t *testing.T) {
	b, log, sub := ordered(t, Options{})
	pub := enter(t, b, packet.V5, "pub")
	pub.send(retainedWith("kept/a", "1", 2, 1), retainedWith("kept/a", "2", 0, 0), retainedWith("kept/a", "3", 1, 2), retainedWith("kept/a", "4", 0, 0))
	came(t, b, 4)
	log.release(fault.Wrap(fault.StorageFull, "test", errors.New("full"), "The disk is full."))
	sub.sees("kept/a=2", "kept/a=4")
	pub.answers(packet.TypePubrec, 1, packet.QuotaExceeded)
	pub.answers(packet.TypePuback, 2, packet.QuotaExceeded)
	if got := standing(b, "kept/a"); got != "4" {
		t.Errorf("%q is retained", got)
	}
	log.release(nil)
	pub.send(publish("kept/a", "5", 2, 1))
	sub.sees("kept/a=5")
}

// The publisher goes, leaves a will, and comes back on another connection while its
// message of QoS 2 waits.
func TestOrderOutlivesTheConnection(t *testing.T) {
	b, log, sub := ordered(t, Options{})
	pub := dial(t, b, packet.V5)
	pub.write(connectBytes(packet.V5, "pub", will("kept/a", 0, true)))
	expect[*packet.Connack](pub)
	pub.send(retainedWith("kept/a", "1", 2, 1))
	came(t, b, 1)
	_ = pub.nc.Close()
	came(t, b, 2)
	back := enter(t, b, packet.V5, "pub")
	back.send(retainedWith("kept/a", "3", 0, 0))
	came(t, b, 3)
	log.release(nil)
	sub.sees("kept/a=1")
	if got := expect[*packet.Publish](sub); string(got.Topic) != "kept/a" {
		t.Fatal(text(got))
	}
	sub.sees("kept/a=3")
	if got := standing(b, "kept/a"); got != "3" {
		t.Errorf("%q is retained", got)
	}
}

func TestOrderThroughRewritingDelaysAndPublish(t *testing.T) {
	old := rules(t, rewrite.Rule{Action: rewrite.Publish, Source: "old/#", Regex: "^old/(.+)$", Destination: "kept/$1"})
	clock := newClock()
	b, log, sub := ordered(t, Options{Now: clock.now, Rewrite: old})
	pub := enter(t, b, packet.V5, "pub")
	pub.send(retainedWith("old/a", "1", 2, 1), retainedWith("kept/a", "2", 0, 0))
	came(t, b, 2)
	log.release(nil)
	sub.sees("kept/a=1", "kept/a=2")
	pub.answers(packet.TypePubrec, 1, packet.Success)

	log.hold()
	pub.send(publish("$delayed/1/kept/d", "3", 2, 2), publish("$delayed/1/kept/d", "4", 1, 3))
	pub.answers(packet.TypePubrec, 2, packet.Success)
	pub.answers(packet.TypePuback, 3, packet.Success)
	clock.forward(2 * time.Second)
	one := msg.Message{Topic: []byte("kept/d"), Publisher: []byte("pub"), Payload: []byte("3")}
	size := int64(len(msg.AppendRecord(nil, &one, 0)))
	eventually(t, "both are due", func() bool { return b.Stats().Unkept >= 2*size })
	m := &msg.Message{Topic: []byte("kept/d"), Payload: []byte("5"), Retain: true}
	if kept, err := b.Publish(t.Context(), m); !kept || err != nil {
		t.Fatal(kept, err)
	}
	log.release(nil)
	sub.sees("kept/d=3", "kept/d=4", "kept/d=5")
	if a, d := standing(b, "kept/a"), standing(b, "kept/d"); a != "2" || d != "5" {
		t.Errorf("%q and %q are retained", a, d)
	}
}

// Publishers with all qualities of service beside a log that takes its time.
func TestEachPublishersOrderHoldsWhateverTheQoS(t *testing.T) {
	b := start(t, Options{Loops: 2, Keeper: newLaterLog(t)})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("#", 0)
	const publishers, each = 4, 300
	for p := range publishers {
		pub, name := enter(t, b, packet.V5, fmt.Sprint("p", p)), fmt.Sprint("t/", p)
		go func() {
			for i := range each {
				pub.send(publish(name, fmt.Sprint(i), byte((i*7+p)%3), uint16(i+1)))
			}
		}()
	}
	next := map[string]int{}
	for range publishers * each {
		got := expect[*packet.Publish](sub)
		if want := next[string(got.Topic)]; string(got.Payload) != fmt.Sprint(want) {
			t.Fatalf("%s came, want %d", text(got), want)
		}
		next[string(got.Topic)]++
	}
}
