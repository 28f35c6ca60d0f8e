package broker

import (
	"slices"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/stream"
)

// A stream that is added while the node runs is read for sessions and for shared
// subscriptions that were there before it, also for those whose client is away.
func TestAStreamThatComesLaterReachesThoseWhoWereThere(t *testing.T) {
	d := newDisk()
	d["lab"] = new(stream.MemoryLog)
	b, _ := d.node(t, Options{Loops: 2})
	filters := map[string]string{"away": "kept/#", "member": "$share/g/kept/#", "here": "kept/#"}
	clients := map[string]*raw{}
	for id, filter := range filters {
		clients[id], _ = come(t, b, id, 1000, nil)
		clients[id].subscribe(filter, 1)
	}
	clients["away"].drop(b)
	clients["member"].drop(b)

	s := b.options.Keeper.(*stream.Streams)
	if err := s.Arrange(t.Context(), stream.Arrangement{
		Change: stream.Config{Name: "lab", Filters: []string{"kept/lab"}}, Order: []string{"lab", "telemetry"}, Known: b.AddStream,
	}); err != nil {
		t.Fatal(err)
	}
	p := enter(t, b, packet.V5, "publisher")
	p.publishAll("kept/lab", series("l", 1, 3))
	p.publishAll("kept/other", series("o", 1, 3))
	if got, _ := s.Taker([]byte("kept/lab")); got != "lab" {
		t.Fatal(got)
	}
	check := func(id string, c *raw) {
		got := c.take(6)
		slices.Sort(got)
		if !slices.Equal(got, []string{"l1", "l2", "l3", "o1", "o2", "o3"}) {
			t.Errorf("%s got %q", id, got)
		}
	}
	check("here", clients["here"])
	for _, id := range []string{"member", "away"} {
		c, _ := come(t, b, id, 1000, nil)
		check(id, c)
	}
}
