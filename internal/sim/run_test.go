package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/mqtt/client"
	"github.com/millrace/millrace/internal/mqtt/client/clienttest"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// broker keeps what a broker would: every payload by topic, repeats counted apart.
type broker struct {
	mu      sync.Mutex
	stored  map[string][]string
	known   map[string]bool
	repeats int
	digest  uint64
	got     int
	at      map[int]func() // what to do when so many have come
}

func newBroker() *broker {
	return &broker{stored: map[string][]string{}, known: map[string]bool{}, at: map[int]func(){}}
}

func (b *broker) store(_ string, p *packet.Publish) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got++
	if f := b.at[b.got]; f != nil {
		f()
	}
	key := string(p.Topic) + "\x00" + string(p.Payload)
	if b.known[key] {
		b.repeats++
		return
	}
	b.known[key] = true
	b.digest += uint64(crc32.Checksum([]byte(key), castagnoli))
	b.stored[string(p.Topic)] = append(b.stored[string(p.Topic)], string(p.Payload))
}

// agrees checks a report against what the broker has.
func (b *broker) agrees(t *testing.T, r *Report) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var total, points int64
	for _, x := range r.Topics {
		have := b.stored[x.Topic]
		if int64(len(have)) != x.Count || len(have) == 0 || have[len(have)-1] != string(x.Last) {
			t.Errorf("%s: the report says %d and %s, the broker has %d", x.Topic, x.Count, x.Last, len(have))
		}
		for _, payload := range have {
			var fields map[string]any
			if err := json.Unmarshal([]byte(payload), &fields); err != nil {
				t.Fatal(err)
			}
			points += int64(len(fields) - 1)
		}
		total += x.Count
	}
	if len(r.Topics) != len(b.stored) || points != r.Points || int64(len(b.known)) != total {
		t.Errorf("topics %d and %d, points %d and %d, messages %d and %d", len(r.Topics), len(b.stored), r.Points, points, total, len(b.known))
	}
	if want := fmt.Sprintf("%016x", b.digest); r.Digest != want {
		t.Errorf("digest %s, want %s", r.Digest, want)
	}
}

func quick(addr string) Options {
	return Options{
		Plant: PlantOptions{Devices: 20, Rate: 4000, Seed: 3, Faults: 1, Start: monday}, Addr: addr, QoS: 1,
		Duration: 500 * time.Millisecond, ConnectionsPerSecond: 10_000,
	}
}

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestReportIsWhatTheBrokerGot(t *testing.T) {
	for qos := range byte(2) {
		b := newBroker()
		s := clienttest.Start(t, &clienttest.Server{Published: b.store})
		o := quick(s.Addr())
		o.QoS = qos
		r, err := Run(patience(t), o)
		if err != nil {
			t.Fatal(err)
		}
		s.Stop() // everything sent is read
		if r.Generated != 2000 || r.Published != 2000 || r.Dropped != 0 || r.Unacknowledged != 0 || r.Points != 2000*PointsPerMessage {
			t.Errorf("%+v", r.Counts)
		}
		if r.Acknowledged != 2000*int64(qos) {
			t.Errorf("QoS %d: %d acknowledged", qos, r.Acknowledged)
		}
		if !r.First.Equal(monday) || !r.Last.After(monday.Add(450*time.Millisecond)) {
			t.Errorf("from %v to %v", r.First, r.Last)
		}
		b.agrees(t, r)
	}
}

func TestSameSeedSameDigest(t *testing.T) {
	var digests []string
	for range 2 {
		s := clienttest.Start(t, &clienttest.Server{})
		r, err := Run(patience(t), quick(s.Addr()))
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, r.Digest)
	}
	if digests[0] != digests[1] {
		t.Fatal(digests)
	}
}

// The broker cuts every connection while acknowledgements are due: all comes again
// and nothing is lost.
func TestCutConnectionsLoseNothing(t *testing.T) {
	b := newBroker()
	s := clienttest.Start(t, &clienttest.Server{Published: b.store})
	b.at[500] = func() { go func() { s.Hold() }() }
	b.at[900] = func() { go func() { s.Cut(); s.Release() }() }
	r, err := Run(patience(t), quick(s.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if r.Acknowledged != 2000 || r.Unacknowledged != 0 || r.Reconnects == 0 || r.Resent == 0 {
		t.Errorf("%+v, %d reconnects, %d resent", r.Counts, r.Reconnects, r.Resent)
	}
	b.agrees(t, r)
}

func TestBacklogIsBoundedAndCounted(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	s.Hold()
	o := quick(s.Addr())
	o.Window, o.Backlog, o.DrainTimeout = 5, 100, 10*time.Millisecond
	r, err := Run(patience(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Generated != 2000 || r.Published != 100 || r.Dropped != 1900 || r.Unacknowledged != 100 || r.Acknowledged != 0 || len(r.Topics) != 0 {
		t.Fatalf("%+v", r.Counts)
	}
}

func TestInterruptEndsWithAReport(t *testing.T) {
	b := newBroker()
	s := clienttest.Start(t, &clienttest.Server{Published: b.store})
	ctx, stop := context.WithCancel(patience(t))
	b.at[300] = stop
	o := quick(s.Addr())
	o.Duration = 0
	r, err := Run(ctx, o)
	if err != nil || !r.Interrupted || r.Published < 300 || r.Unacknowledged != 0 {
		t.Fatalf("%v %+v", err, r)
	}
	s.Stop()
	b.agrees(t, r)
}

func TestInterruptBeforeTheFirstConnection(t *testing.T) {
	ctx, stop := context.WithCancel(patience(t))
	o := quick("")
	o.Dial = func(context.Context) (net.Conn, error) { stop(); return nil, errors.New("nobody there") }
	if r, err := Run(ctx, o); r != nil || !errors.Is(err, context.Canceled) {
		t.Fatal(r, err)
	}
}

func TestNobodyThere(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	s.Stop()
	o := quick(s.Addr())
	o.ConnectTimeout = 50 * time.Millisecond
	if _, err := Run(patience(t), o); err == nil || !strings.Contains(err.Error(), s.Addr()) {
		t.Fatal(err)
	}
}

// A broker that takes a client and closes at once, as one does that is full or has
// taken the client over, is tried ever less often.
func TestBeingClosedRightAfterConnackIsNoSuccess(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{Leave: true})
	o := quick(s.Addr())
	o.Plant.Devices, o.Plant.Rate, o.Duration, o.DrainTimeout = 1, 10, 0, time.Millisecond
	r, err := newRun(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(patience(t))
	var paused []time.Duration
	r.pause = func(_ context.Context, d time.Duration) bool {
		if paused = append(paused, d); len(paused) == 8 {
			stop()
		}
		return len(paused) < 8
	}
	if _, err := r.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for i, d := range paused {
		if want := min(firstBackOff<<i, lastBackOff); d < want/2 || d > want*3/2 {
			t.Errorf("pause %d is %v, want about %v", i+1, d, want)
		}
	}
	if n := s.Connections(); n != 8 {
		t.Errorf("%d connections", n)
	}
}

func TestPausesBeginAnewWhenAConnectionWorked(t *testing.T) {
	var p pauses
	var got []int64
	for _, worked := range []bool{false, false, false, true, false, false, false, false, false, false, false, true} {
		got = append(got, p.after(worked).Milliseconds())
	}
	if want := []int64{100, 200, 400, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 100}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAnAcknowledgementProvesTheConnection(t *testing.T) {
	r, err := newRun(quick(""))
	if err != nil {
		t.Fatal(err)
	}
	d, m := r.devices[0], Message{Payload: []byte("{}")}
	d.offer(&m)
	d.queue.pop()
	if d.wasProven() {
		t.Error("proven by nothing")
	}
	if d.acked(0, packet.QuotaExceeded); !d.wasProven() {
		t.Error("not proven")
	}
}

func TestRefusedDevicesEndTheRun(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{Refuse: packet.BadUserNameOrPassword})
	_, err := Run(patience(t), quick(s.Addr()))
	var refused *client.Refused
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
}

func TestRunRefusesBadOptions(t *testing.T) {
	long := strings.Repeat("x", 1025)
	for _, enterprise := range []string{"a+", "#", "a\x00b", "$SYS", "a\xff", long} {
		if _, err := Run(patience(t), Options{Plant: PlantOptions{Enterprise: enterprise}}); err == nil || !strings.Contains(err.Error(), "enterprise") {
			t.Errorf("enterprise %q: %v", enterprise, err)
		}
	}
	for _, o := range []Options{{QoS: 2}, {Duration: -1}, {ConnectionsPerSecond: -1}, {Plant: PlantOptions{Devices: -1}}} {
		if _, err := Run(patience(t), o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func TestProgressAndText(t *testing.T) {
	s := clienttest.Start(t, &clienttest.Server{})
	o := quick(s.Addr())
	var lines []string
	o.Progress, o.ProgressEvery = func(p Progress) { lines = append(lines, p.String()) }, 50*time.Millisecond
	r, err := Run(patience(t), o)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	if len(lines) == 0 || !strings.Contains(lines[len(lines)-1], "20/20 connected") || !strings.Contains(text.String(), "points 10000") || !strings.Contains(text.String(), "coater") {
		t.Fatal(lines, text.String())
	}
}

// What the simulator costs a message beside the connection: model, booking, digest.
func BenchmarkOfferAndAck(b *testing.B) {
	o := Options{Plant: PlantOptions{Devices: 1000, Rate: 20_000}}
	if err := o.defaults(); err != nil {
		b.Fatal(err)
	}
	r := &run{o: o}
	var err error
	if r.plant, err = NewPlant(o.Plant); err != nil {
		b.Fatal(err)
	}
	r.addDevices()
	var m Message
	b.ReportAllocs()
	for b.Loop() {
		r.plant.Next(&m)
		d := r.devices[m.Device]
		d.offer(&m)
		i := d.queue.front()
		d.queue.pop()
		r.waiting.Add(-1)
		d.acked(uint64(i), packet.Success)
	}
}
