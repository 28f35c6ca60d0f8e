package broker

import (
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Who is told that it is in, with a session that lasts, finds it after a kill.
func TestASessionThatIsNewIsWrittenBeforeItsConnack(t *testing.T) {
	d := newDisk()
	for _, id := range []string{"one", "two"} {
		b, _ := d.node(t, Options{})
		if _, a := come(t, b, id, 100, nil); a.SessionPresent {
			t.Error("there is a session")
		}
		d = d.killed(t)
		b, _ = d.node(t, Options{})
		if _, a := come(t, b, id, 100, nil); !a.SessionPresent {
			t.Error("the session is not there")
		}
		d = d.killed(t)
	}
}

// While the journal has not spoken, nothing comes to such a client but what ends it, and
// nothing of it is taken; others do not wait.
func TestWhatComesBeforeTheConnack(t *testing.T) {
	b, journal := newDisk().nodeBehind(t, "journal", Options{AutoSubscriptions: []AutoSubscription{{Filter: "news", QoS: 0}}})
	pub := enter(t, b, packet.V5, "pub")
	journal.shut()
	c := dial(t, b, packet.V5)
	c.send(&packet.Connect{Version: packet.V5, ClientID: []byte("c"), SessionExpiry: 100},
		&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("a"), QoS: 1}}}, packet.Pingreq{})
	<-journal.waits
	pub.send(publish("news", "1", 0, 0))
	enter(t, b, packet.V5, "other") // it has no session to keep
	settle(b)
	if !c.silent() {
		t.Error("something has come")
	}
	journal.open()
	if a := expect[*packet.Connack](c); a.Reason != packet.Success || a.SessionPresent {
		t.Errorf("%+v", a)
	}
	expect[packet.Pingresp](c)
	expect[*packet.Suback](c)
	pub.send(publish("news", "2", 0, 0))
	if p := expect[*packet.Publish](c); string(p.Payload) != "2" {
		t.Errorf("got %s", p.Payload)
	}
}

// Who is put out meanwhile hears first that it was in, and that another came; it leaves
// nothing that holds the next one up.
func TestAnAdmissionThatIsTakenOver(t *testing.T) {
	b, journal := newDisk().nodeBehind(t, "journal", Options{})
	journal.shut()
	first := dial(t, b, packet.V5)
	first.send(&packet.Connect{Version: packet.V5, ClientID: []byte("c"), SessionExpiry: 100})
	<-journal.waits
	second := dial(t, b, packet.V5)
	second.send(&packet.Connect{Version: packet.V5, ClientID: []byte("c"), SessionExpiry: 100})
	if a := expect[*packet.Connack](first); a.Reason != packet.Success {
		t.Errorf("%+v", a)
	}
	if d := expect[*packet.Disconnect](first); d.Reason != packet.SessionTakenOver {
		t.Errorf("%+v", d)
	}
	third := dial(t, b, packet.V5)
	third.send(&packet.Connect{Version: packet.V5, ClientID: []byte("c"), SessionExpiry: 100}, packet.Pingreq{})
	expect[*packet.Connack](second)
	expect[*packet.Disconnect](second)
	settle(b)
	if !third.silent() {
		t.Error("CONNACK has come, and the journal has no session")
	}
	journal.open()
	if a := expect[*packet.Connack](third); a.Reason != packet.Success || !a.SessionPresent {
		t.Errorf("%+v", a)
	}
	expect[packet.Pingresp](third)
	third.subscribe("a", 1)
}

// A journal that refuses keeps nobody out.
func TestAJournalThatRefusesLetsClientsIn(t *testing.T) {
	b, journal := newDisk().nodeBehind(t, "journal", Options{})
	enter(t, b, packet.V5, "pub")
	journal.full.Store(true)
	come(t, b, "c", 100, nil)
	journal.full.Store(false)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
}
