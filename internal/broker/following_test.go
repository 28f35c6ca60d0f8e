package broker

import (
	"fmt"
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// A client reads a stream from where it says, in order, then what comes, without a gap; it
// is sent no more than it acknowledges, and nothing behind UNSUBSCRIBE.
func TestAClientReadsAStream(t *testing.T) {
	for _, v := range []packet.Version{packet.V311, packet.V5} {
		t.Run(v.String(), func(t *testing.T) {
			b, _ := newDisk().node(t, Options{Loops: 2, Zone: Zone{Inflight: 3}})
			p := enter(t, b, packet.V5, "publisher")
			p.publishAll("kept/a", series("a", 1, 20))
			p.publishAll("kept/b", series("b", 1, 2))
			c := enter(t, b, v, "reader")
			c.subscribe("$stream/telemetry/all/kept/a", 1)
			held := expect[*packet.Publish](c)
			expect[*packet.Publish](c)
			expect[*packet.Publish](c)
			if !c.silent() {
				t.Error("more than the inflight window came")
			}
			c.send(&packet.Ack{Kind: packet.TypePuback, ID: held.ID}, &packet.Ack{Kind: packet.TypePuback, ID: held.ID + 1}, &packet.Ack{Kind: packet.TypePuback, ID: held.ID + 2})
			p.publishAll("kept/a", series("a", 21, 30))
			if got := c.take(27); !slices.Equal(got, series("a", 4, 30)) {
				t.Errorf("got %q", got)
			}
			if v == packet.V5 && string(held.Topic) != "kept/a" {
				t.Errorf("%+v", held)
			}
			c.send(&packet.Unsubscribe{ID: 9, Filters: [][]byte{[]byte("$stream/telemetry/all/kept/a")}})
			expect[*packet.Unsuback](c)
			p.publishAll("kept/a", []string{"later"})
			if !c.silent() {
				t.Error("something came behind UNSUBACK")
			}
			eventually(t, "the reader to end", func() bool { return b.followers.Count() == 0 })
		})
	}
}

func TestReadersOfStreamsEndWithTheirClient(t *testing.T) {
	const each = 3
	b, _ := newDisk().node(t, Options{StreamReadersEach: each, StreamReaders: each + 1})
	c, _ := come(t, b, "reader", 1000, nil)
	for i := range each {
		c.subscribe(fmt.Sprintf("$stream/telemetry/new/kept/%d", i), 1)
	}
	c.subscribe("$stream/telemetry/new/kept/1", 1) // in the place of the one before
	eventually(t, "there are readers", func() bool { return b.Stats().StreamReaders == each })
	refused := func(c *raw, filter string) {
		c.send(&packet.Subscribe{ID: 9, Filters: []packet.Subscription{{Filter: []byte(filter), QoS: 1}}})
		if a := expect[*packet.Suback](c); a.Reasons[0] != packet.QuotaExceeded {
			t.Errorf("%s: %s", filter, packet.ReasonName(a.Reasons[0]))
		}
	}
	refused(c, "$stream/telemetry/new/kept/more")
	other, _ := come(t, b, "other", 0, nil)
	other.subscribe("$stream/telemetry/new/kept/last", 1)
	eventually(t, "all readers are there", func() bool { return b.Stats().StreamReaders == each+1 })
	refused(other, "$stream/telemetry/new/kept/more")
	other.drop(b)
	come(t, b, "reader", 1000, nil) // takes the session over
	eventually(t, "no reader", func() bool { return b.followers.Count() == 0 })
}

// Reading a stream wants two rights: on $stream/NAME/FILTER, and on what the filter brings.
// It ends when one of them goes.
func TestReadingAStreamWantsItsRights(t *testing.T) {
	g := newGatekeeper()
	g.deny("$stream/telemetry/kept/x", "kept/y")
	b, _ := newDisk().node(t, Options{Authenticator: g, Authorizer: g})
	c := comeAs(t, b, packet.V5, "reader", "reader")
	for i, filter := range []string{"kept/x", "kept/y", "kept/z"} {
		c.send(&packet.Subscribe{ID: uint16(i + 1), Filters: []packet.Subscription{{Filter: []byte("$stream/telemetry/all/" + filter), QoS: 1}}})
		if a := expect[*packet.Suback](c); (a.Reasons[0] < 0x80) != (filter == "kept/z") {
			t.Errorf("%s: %#x", filter, a.Reasons[0])
		}
	}
	g.deny("kept/z")
	b.Reauthorize()
	eventually(t, "the reader to end", func() bool { return b.followers.Count() == 0 })
}
