package broker

import (
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// What one client alone may have stays its own while it is away and the node starts.
func TestAnExclusiveSubscriptionStaysTakenOverAKill(t *testing.T) {
	const filter = "$exclusive/other/1"
	d := newDisk()
	b, _ := d.node(t, Options{})
	c, _ := come(t, b, "first", 1000, nil)
	c.subscribe(filter, 1)
	b, _ = d.killed(t).node(t, Options{})
	second := enter(t, b, packet.V5, "second")
	second.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte(filter), QoS: 1}}})
	if a := expect[*packet.Suback](second); a.Reasons[0] != packet.QuotaExceeded {
		t.Errorf("%#x", a.Reasons[0])
	}
}

// A snapshot of the journal has all of a session and of a group: what stood before it may go.
func TestASnapshotHasSessionsAndGroups(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{})
	c, _ := come(t, b, "worker", 1000, nil)
	c.subscribe(jobs, 1)
	c.subscribe("kept/#", 1)
	pub := enter(t, b, packet.V5, "pub")
	pub.publishAll("jobs/1", series("done", 1, 10))
	same(t, gather(t, 10, c), series("done", 1, 10))
	c.drop(b)
	pub.publishAll("jobs/1", series("new", 1, 5))
	settle(b)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	before, err := d["journal"].State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.flushSessions(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	left := d.killed(t)
	if err := left["journal"].Purge(t.Context(), before.Last); err != nil {
		t.Fatal(err)
	}
	b, _ = left.node(t, Options{})
	c, a := come(t, b, "worker", 1000, nil)
	if filters := filtersOf(t, b, "worker"); !a.SessionPresent || len(filters) != 2 {
		t.Errorf("session present %t, %v", a.SessionPresent, filters)
	}
	enter(t, b, packet.V5, "pub").publishAll("jobs/1", []string{"end"})
	if got := c.takeTo("end"); !slices.Equal(got, append(series("new", 1, 5), "end")) {
		t.Errorf("got %v", got)
	}
}

// A message that was sent, not acknowledged, and is not in the log any more at the start is
// counted as lost, and its client goes on.
func TestWhatIsGoneAtTheStartIsCounted(t *testing.T) {
	d := newDisk()
	b, _ := d.node(t, Options{})
	c, _ := come(t, b, "c", 1000, nil)
	c.subscribe("kept/#", 1)
	enter(t, b, packet.V5, "pub").publishAll("kept/a", []string{"one", "gone"})
	c.take(1) // so that it is written down how far the session is
	expect[*packet.Publish](c)
	c.send(packet.Pingreq{})
	expect[packet.Pingresp](c)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	left := d.killed(t)
	s, _ := left["telemetry"].State(t.Context())
	if err := left["telemetry"].Purge(t.Context(), s.Last); err != nil {
		t.Fatal(err)
	}
	b, _ = left.node(t, Options{})
	eventually(t, "it is counted", func() bool { return b.Stats().Dropped[fault.Retention] == 1 })
	c, _ = come(t, b, "c", 1000, nil)
	enter(t, b, packet.V5, "pub").publishAll("kept/a", []string{"next"})
	if got := c.take(1); got[0] != "next" {
		t.Errorf("got %v", got)
	}
}
