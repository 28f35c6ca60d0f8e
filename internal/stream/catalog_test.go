package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// drawer is a bucket in memory.
type drawer struct {
	mu sync.Mutex // guards m
	m  map[string][]byte
}

func (d *drawer) Get(_ context.Context, key string) ([]byte, uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.m[key], 1, nil
}

func (d *drawer) Put(_ context.Context, key string, v []byte) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.m[key] = v
	return 1, nil
}

func (d *drawer) Keys(context.Context, string) (keys []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for k := range d.m {
		keys = append(keys, k)
	}
	return keys, nil
}

// house is the streams with their catalog; logs outlive the process.
type house struct {
	*testing.T
	*Catalog
	bucket *drawer
	logs   map[string]*MemoryLog
	file   []Config
	known  []string
	refuse error // the answer to a new stream's announcement
}

func newHouse(t *testing.T, file ...Config) *house {
	h := &house{T: t, bucket: &drawer{m: map[string][]byte{}}, logs: map[string]*MemoryLog{}, file: file}
	h.start()
	t.Cleanup(func() { h.streams.Close(context.Background()) })
	return h
}

func (h *house) start() {
	h.Helper()
	now := time.Unix(1e9, 0)
	c, err := OpenCatalog(h.Context(), CatalogOptions{KV: h.bucket, File: h.file, BuiltIn: []Config{{Name: "own", BuiltIn: true}}, Room: 100 << 20,
		Now: func() time.Time { now = now.Add(time.Second); return now }})
	if err != nil {
		h.Fatal(err)
	}
	s, err := New(Options{Streams: c.Configs(), Open: func(_ context.Context, lc LogConfig) (Log, error) {
		if h.logs[lc.Name] == nil {
			h.logs[lc.Name] = &MemoryLog{}
		}
		return h.logs[lc.Name], nil
	}})
	if err != nil {
		h.Fatal(err)
	}
	if err := s.Start(h.Context()); err != nil {
		h.Fatal(err)
	}
	c.Serve(s, func(_ context.Context, name string) error {
		if h.refuse != nil {
			return h.refuse
		}
		h.known = append(h.known, name)
		return nil
	})
	h.Catalog = c
}

// Delete ends a stream and all that it holds.
func (h *house) Delete(ctx context.Context, name string) error {
	return h.Catalog.Delete(ctx, name, msg.Position{Seq: ^uint64(0), Index: ^uint32(0)})
}

func (h *house) create(name string, m Made) {
	h.Helper()
	if err := h.Create(h.Context(), name, m); err != nil {
		h.Fatal(err)
	}
}

// takers checks which streams there are in their order, and who takes which topic.
func (h *house) takers(order string, pairs ...string) {
	h.Helper()
	var names []string
	for _, s := range h.streams.Stats() {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != order {
		h.Errorf("streams %q, want %q", got, order)
	}
	for i := 0; i < len(pairs); i += 2 {
		if got, _ := h.streams.Taker([]byte(pairs[i])); got != pairs[i+1] {
			h.Errorf("%s goes to %q, want %q", pairs[i], got, pairs[i+1])
		}
	}
}

func TestUsersMakeChangeAndDeleteStreams(t *testing.T) {
	h := newHouse(t, Config{Name: "alarms", Filters: []string{"+/alarm"}}, Config{Name: "telemetry", Filters: []string{"#"}})
	h.takers("alarms telemetry own", "lab/a", "telemetry")
	h.create("lab", Made{Filters: []string{"lab/#"}})
	h.create("shop", Made{Filters: []string{"shop/#", "lab/alarm"}, Before: "alarms"})
	want := "shop alarms lab telemetry own"
	h.takers(want, "lab/a", "lab", "lab/alarm", "shop", "x/alarm", "alarms", "x", "telemetry")
	if !slices.Equal(h.known, []string{"lab", "shop"}) {
		t.Errorf("announced %v", h.known)
	}
	if err := h.Change(t.Context(), "lab", func(m *Made) { m.Filters = []string{"lab/+", "hall/#"} }); err != nil {
		t.Fatal(err)
	}
	h.takers(want, "lab/a/b", "telemetry", "hall/1", "lab")

	h.streams.Close(t.Context())
	h.start() // a start finds them as they were
	h.takers(want, "lab/a", "lab", "hall/1", "lab", "lab/alarm", "shop")

	if err := h.Delete(t.Context(), "lab"); err != nil {
		t.Fatal(err)
	}
	h.takers("shop alarms telemetry own", "lab/a", "telemetry")
	if _, err := h.streams.Page(t.Context(), "lab", msg.Position{}, "", 1, 0); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
	for name, code := range map[string]fault.Code{"alarms": fault.Forbidden, "own": fault.Forbidden, "moon": fault.NotFound, "lab": fault.NotFound} {
		if err := h.Delete(t.Context(), name); fault.CodeOf(err) != code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, m := range map[string]Made{"alarms": {}, "Alarms": {}, "own": {}, "shop": {}, "-x": {}, "x": {}, "nul": {Filters: []string{"n"}}, "com1": {Filters: []string{"n"}}, "y": {Filters: []string{"a/#/b"}},
		"z": {Filters: []string{"z"}, Before: "moon"}, "w": {Filters: []string{"w"}, MaxBytes: 200 << 20}} {
		if err := h.Create(t.Context(), name, m); err == nil {
			t.Errorf("%s was made", name)
		}
	}
	h.takers("shop alarms telemetry own")
}

// The positions of a stream that is made again under the name of one that was deleted go
// on, so that nobody's cursor means another message.
func TestPositionsOfANameNeverComeTwice(t *testing.T) {
	h := newHouse(t)
	h.create("lab", Made{Filters: []string{"#"}})
	put := func() {
		i, _ := h.streams.Index("lab")
		done := make(chan error, 1)
		h.streams.Keep(i, batchOf(msg.Message{Topic: []byte("lab/a")}), func(_ *msg.Batch, err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	put()
	put()
	if err := h.Delete(t.Context(), "lab"); err != nil {
		t.Fatal(err)
	}
	h.streams.Close(t.Context())
	h.start()
	h.takers("own", "lab/a", "")
	h.create("lab", Made{Filters: []string{"#"}})
	put()
	p, err := h.streams.Page(t.Context(), "lab", msg.Position{}, "", 9, 0)
	if err != nil || len(p.Messages) != 1 || p.Messages[0].At.Seq != 3 {
		t.Errorf("%+v %v", p, err)
	}
}

// What came after somebody has looked whether a stream may be deleted stays for sessions.
func TestADeletedStreamKeepsWhatCameMeanwhile(t *testing.T) {
	h := newHouse(t)
	h.create("lab", Made{Filters: []string{"#"}})
	i, _ := h.streams.Index("lab")
	put := func() {
		done := make(chan error, 1)
		h.streams.Keep(i, batchOf(msg.Message{Topic: []byte("lab/a")}), func(_ *msg.Batch, err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	put()
	seen := h.streams.Newest("lab")
	put()
	if err := h.Catalog.Delete(t.Context(), "lab", seen); err != nil {
		t.Fatal(err)
	}
	if st, _ := h.logs["lab"].State(t.Context()); st.First != 2 || st.Last != 2 || !slices.Equal(h.Gone(), []string{"lab"}) {
		t.Errorf("%+v, gone %v", st, h.Gone())
	}
}

func TestAStreamThatCannotBeAnnouncedTakesNothing(t *testing.T) {
	h := newHouse(t)
	h.refuse = errors.New("no")
	if err := h.Create(t.Context(), "lab", Made{Filters: []string{"#"}}); err == nil {
		t.Fatal("it was made")
	}
	h.takers("own", "lab/a", "")
	h.streams.Close(t.Context())
	h.start()
	h.takers("own", "lab/a", "")
	h.refuse = nil
	h.create("lab", Made{Filters: []string{"#"}})
	h.takers("lab own", "lab/a", "lab")
}

func TestLoopsKeepWhileStreamsChange(t *testing.T) {
	h := newHouse(t, Config{Name: "telemetry", Filters: []string{"#"}})
	stop := make(chan struct{})
	var loops sync.WaitGroup
	for range 2 {
		loops.Go(func() {
			for done := make(chan error, 1); ; {
				select {
				case <-stop:
					return
				default:
				}
				i, ok := h.streams.Route([]byte("lab/a"))
				if !ok {
					t.Error("nobody takes it")
					return
				}
				h.streams.Keep(i, batchOf(msg.Message{Topic: []byte("lab/a")}), func(_ *msg.Batch, err error) { done <- err })
				if err := <-done; err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 10 {
		h.create(fmt.Sprint("s", i%3), Made{Filters: []string{"lab/#"}})
		if err := h.Delete(t.Context(), fmt.Sprint("s", i%3)); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	loops.Wait()
}

func TestClearRemovesWholeEntries(t *testing.T) {
	s := shelf(t, 2, 3, 1)
	for _, c := range []struct {
		upTo    msg.Position
		entries uint64
	}{
		{msg.Position{}, 0}, {msg.Position{Seq: 1}, 0}, {msg.Position{Seq: 2}, 1}, {msg.Position{Seq: 2, Index: ^uint32(0)}, 2},
		{msg.Position{Seq: 3}, 3}, {msg.Position{Seq: 9, Index: ^uint32(0)}, 3},
	} {
		if r, err := s.Clear(t.Context(), "telemetry", c.upTo, true); err != nil || r.Entries != c.entries || r.Of != 3 {
			t.Errorf("up to %v: %+v %v", c.upTo, r, err)
		}
	}
	if r, err := s.Clear(t.Context(), "telemetry", msg.Position{Seq: 2, Index: 7}, false); err != nil || r.UpTo.Seq != 1 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := s.Clear(t.Context(), "own", msg.Position{Seq: 2}, false); fault.CodeOf(err) != fault.Forbidden {
		t.Error(err)
	}
	p, err := s.Page(t.Context(), "telemetry", msg.Position{}, "", 99, 0)
	if err != nil || payloads(p) != "2 3 4 5 " {
		t.Errorf("%v %v", payloads(p), err)
	}
}
