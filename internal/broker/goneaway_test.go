package broker

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/stream"
)

// A stream that sessions know is not there when the node comes back: nobody looks for it
// again and again, nobody else waits for it, and what it has for them comes when it does.
func TestAStreamThatIsNotThereAnyMore(t *testing.T) {
	d := newDisk()
	d["lab"] = new(stream.MemoryLog)
	lab := stream.Arrangement{Change: stream.Config{Name: "lab", Filters: []string{"kept/lab"}}, Order: []string{"lab", "telemetry"}}
	b, _ := d.node(t, Options{Loops: 2})
	lab.Known = b.AddStream
	if err := b.options.Keeper.(*stream.Streams).Arrange(t.Context(), lab); err != nil {
		t.Fatal(err)
	}
	filters := map[string]string{"away": "kept/#", "member": "$share/g/kept/#", "begun": "kept/#"}
	var begun *raw
	for id, filter := range filters {
		c, _ := come(t, b, id, 1000, nil)
		if c.subscribe(filter, 2); id == "begun" {
			begun = c
		} else {
			c.drop(b)
		}
	}
	pub := enter(t, b, packet.V5, "pub")
	pub.publishAll("kept/lab", series("l", 1, 2))
	pub.send(publish("kept/lab", "l3", 2, 7))
	pub.answers(packet.TypePubrec, 7, packet.Success)
	pub.completes(7)
	for range 3 {
		expect[*packet.Publish](begun) // and does not acknowledge it
	}
	settle(b)
	if err := writeDown(b); err != nil {
		t.Fatal(err)
	}
	b, _ = d.killed(t).node(t, Options{Loops: 2})
	clients := map[string]*raw{}
	for id := range filters {
		clients[id], _ = come(t, b, id, 1000, nil)
	}
	enter(t, b, packet.V5, "pub").publishAll("kept/other", series("o", 1, 3))
	for id, c := range clients {
		if got := c.take(3); !slices.Equal(got, series("o", 1, 3)) {
			t.Errorf("%s got %v", id, got)
		}
	}
	lab.Known = b.AddStream
	if err := b.options.Keeper.(*stream.Streams).Arrange(t.Context(), lab); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"away", "member"} {
		if got := clients[id].take(3); !slices.Equal(got, series("l", 1, 3)) {
			t.Errorf("%s got %v", id, got)
		}
	}
}

// noLog has no stream.
type noLog struct {
	SessionLog
	reads int
}

func (*noLog) Newest(string) msg.Position { return msg.Position{} }

func (l *noLog) Read(context.Context, string, msg.Position, func(msg.Position, []msg.Message) error) error {
	l.reads++ // its caller alone reads, the test when that waits
	return fault.New(fault.NotFound, "There is no such stream.")
}

// A reader of a stream that is not there looks again when it comes, and not before.
func TestAReaderWaitsForItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(noLog)
		f := newFeeds(l, []*worker{{options: new(Options)}}, &router{})
		f.number([]string{"lab"}, 0)
		f.mu.Lock()
		f.readTails(f.list())
		f.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		if l.reads != 1 {
			t.Errorf("read %d times", l.reads)
		}
		f.add("lab")
		synctest.Wait()
		if l.reads != 2 {
			t.Errorf("read %d times behind its coming", l.reads)
		}
		f.stop()
	})
}
