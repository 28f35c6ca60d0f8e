package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/api/topics"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// station is a Live that drops what a full subscriber cannot take, as the broker's
// does.
type station struct {
	mu      sync.Mutex
	watches map[*watch]bool
	changed chan struct{}
}

type watch struct {
	s       *station
	filter  string
	c       chan msg.Message
	dropped uint64 // guarded by s.mu
}

func newStation() *station {
	return &station{watches: map[*watch]bool{}, changed: make(chan struct{}, 1000)}
}

func (s *station) Watch(filter string, buffer int) (topics.Watch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &watch{s: s, filter: filter, c: make(chan msg.Message, buffer)}
	s.watches[w] = true
	s.changed <- struct{}{}
	return w, nil
}

func (w *watch) C() <-chan msg.Message { return w.c }
func (w *watch) Dropped() uint64 {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.dropped
}
func (w *watch) Close() {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	delete(w.s.watches, w)
	w.s.changed <- struct{}{}
}

func (s *station) publish(name, payload string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watches {
		if !topic.Match(w.filter, name) {
			continue
		}
		select {
		case w.c <- msg.Message{Topic: []byte(name), Payload: []byte(payload), Publisher: []byte("press-7"), Time: noon.UnixNano()}:
		default:
			w.dropped++
		}
	}
}

// await returns when n watches are open.
func (s *station) await(t *testing.T, n int) {
	t.Helper()
	for deadline := time.After(10 * time.Second); ; {
		s.mu.Lock()
		open := len(s.watches)
		s.mu.Unlock()
		if open == n {
			return
		}
		select {
		case <-s.changed:
		case <-deadline:
			t.Fatalf("%d watches are open, want %d", open, n)
		}
	}
}

// reader reads one event stream over a real connection.
type reader struct {
	t    *testing.T
	body *bufio.Scanner
	end  context.CancelFunc
	resp *http.Response
}

// serve starts a server for the desk and returns where.
func (d *desk) serve(t *testing.T) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.Config = NewServer(d.Handler(false), nil)
	if d.patience > 0 {
		s.Config.ReadTimeout, s.Config.WriteTimeout = d.patience, d.patience
	}
	s.Start()
	t.Cleanup(s.Close)
	t.Cleanup(func() { d.Close() })
	d.url = s.URL
}

func (d *desk) follow(t *testing.T, query string) *reader {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "GET", d.url+root+"/live?"+query, nil)
	resp, err := http.DefaultClient.Do(by(r, Viewer))
	if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%v %v", resp, err)
	}
	out := &reader{t: t, body: bufio.NewScanner(resp.Body), end: cancel, resp: resp}
	out.body.Buffer(nil, 1<<20)
	t.Cleanup(func() { cancel(); resp.Body.Close(); http.DefaultClient.CloseIdleConnections() })
	return out
}

// next returns the next event's name and data; "" at the stream's end. Comments
// have the name ":".
func (r *reader) next() (name, data string) {
	for r.body.Scan() {
		switch line := r.body.Text(); {
		case strings.HasPrefix(line, ":"):
			name, data = ":", strings.TrimPrefix(line, ": ")
		case strings.HasPrefix(line, "event: "):
			name = strings.TrimPrefix(line, "event: ")
		case strings.HasPrefix(line, "data: "):
			data = strings.TrimPrefix(line, "data: ")
		case line == "":
			return name, data
		}
	}
	return "", ""
}

// message returns the next message event.
func (r *reader) message() (m LiveMessage) {
	r.t.Helper()
	for {
		name, data := r.next()
		switch name {
		case "message":
			if err := json.Unmarshal([]byte(data), &m); err != nil {
				r.t.Fatal(err)
			}
			return m
		case "":
			r.t.Fatal("the stream ended")
		}
	}
}

func TestLiveBringsEveryMessage(t *testing.T) {
	d := newDesk(t)
	d.serve(t)
	r := d.follow(t, "filter=plant/%23")
	for i := range 1000 {
		d.live.publish("plant/a", fmt.Sprint(i))
		d.live.publish("office/a", "no")
	}
	for i := range 1000 {
		want := LiveMessage{Topic: "plant/a", Time: noon, Publisher: "press-7", Encoding: "text", Payload: fmt.Sprint(i), Size: len(fmt.Sprint(i)), Count: 1}
		if got := r.message(); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
	r.end()
	d.live.await(t, 0)
}

func TestLiveOfSeveralFiltersBringsAMessageOnce(t *testing.T) {
	d := newDesk(t)
	d.serve(t)
	r := d.follow(t, "filter=plant/%23&filter=plant/a&filter=plant/a&filter=%2B/b")
	d.live.await(t, 3)
	seen := map[string]int{}
	for i := range 100 {
		d.live.publish("plant/a", fmt.Sprint("a", i))
		d.live.publish("plant/b", fmt.Sprint("b", i))
		d.live.publish("office/b", fmt.Sprint("o", i))
	}
	for range 300 {
		seen[r.message().Payload]++
	}
	if len(seen) != 300 {
		t.Errorf("%d different messages", len(seen))
	}
	r.end()
	d.live.await(t, 0)
}

func TestLiveCoalesces(t *testing.T) {
	d := newDesk(t)
	d.serve(t)
	r := d.follow(t, "filter=%23&every=100ms")
	d.live.await(t, 1)
	for i := range 50 {
		d.live.publish("a", fmt.Sprint(i))
		d.live.publish("b", fmt.Sprint(i))
	}
	counts, events := map[string]int{}, 0
	for counts["a"]+counts["b"] < 100 {
		m := r.message()
		counts[m.Topic] += m.Count
		events++
	}
	if counts["a"] != 50 || counts["b"] != 50 || events > 20 {
		t.Errorf("%v in %d events", counts, events)
	}
}

func TestASlowReaderIsToldWhatItMissed(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.LiveBuffer = 10 })
	d.serve(t)
	r := d.follow(t, "filter=%23")
	d.live.await(t, 1)
	const sent = 20_000
	for range sent { // far beyond what the buffer and the sockets hold
		d.live.publish("a", strings.Repeat("x", 1000))
	}
	got, missed := 0, 0
	for got+missed < sent {
		switch name, data := r.next(); name {
		case "message":
			got++
		case "dropped":
			var l LiveDropped
			if err := json.Unmarshal([]byte(data), &l); err != nil {
				t.Fatal(err)
			}
			missed += int(l.Dropped)
		case ":":
		default:
			t.Fatalf("ended after %d and %d missed", got, missed)
		}
	}
	if missed == 0 || got+missed != sent {
		t.Errorf("%d came, %d are said to be missed, of %d", got, missed, sent)
	}
	if d.Missed() != uint64(missed) {
		t.Errorf("%d are counted as missed, want %d", d.Missed(), missed)
	}
}

func TestLiveEndsWithItsSession(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Heartbeat = 5 * time.Millisecond })
	d.serve(t)
	r := d.follow(t, "filter=%23")
	for beats := 0; beats < 3; {
		if name, data := r.next(); name == ":" && data == "alive" {
			beats++
		}
	}
	d.crew.end(Viewer)
	for name, _ := r.next(); name != ""; name, _ = r.next() {
	}
	d.live.await(t, 0)
}

// TestLiveEndsAtOnce: with no heartbeat in sight, only being told ends the stream.
func TestLiveEndsAtOnce(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Heartbeat = time.Hour })
	d.crew.told = make(chan struct{})
	d.serve(t)
	r := d.follow(t, "filter=%23")
	d.crew.end(Viewer)
	close(d.crew.told)
	for name, _ := r.next(); name != ""; name, _ = r.next() {
	}
	d.live.await(t, 0)
}

func TestLiveEndsWhenTheNodeDrains(t *testing.T) {
	d := newDesk(t)
	d.serve(t)
	r := d.follow(t, "filter=%23&every=1s")
	d.live.await(t, 1)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for name, _ := r.next(); name != ""; name, _ = r.next() {
	}
	d.live.await(t, 0)
}

func TestLiveOutlivesTheServersTimeouts(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Heartbeat = 20 * time.Millisecond })
	d.patience = 50 * time.Millisecond
	d.serve(t)
	r := d.follow(t, "filter=%23")
	for beats := range 10 {
		if name, _ := r.next(); name != ":" {
			t.Fatalf("ended after %d beats", beats)
		}
	}
}

func TestLiveReadersAreBounded(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.MaxLive = 1 })
	d.serve(t)
	r := d.follow(t, "filter=%23")
	d.live.await(t, 1)
	problemIn(t, d.get(root+"/live?filter=%23"), 429, fault.TooMany)
	r.end()
	d.live.await(t, 0)
}

func TestPendingIsBounded(t *testing.T) {
	p := newPending()
	for i := range mostPending + 10 {
		p.add(&LiveMessage{Topic: fmt.Sprint(i), Count: 1})
	}
	if len(p.order) != mostPending || p.lost != 10 {
		t.Fatalf("%d kept, %d lost", len(p.order), p.lost)
	}
	p.reset()
	for range 3 {
		p.add(&LiveMessage{Topic: "big", Payload: strings.Repeat("x", mostPendingBytes-1), Count: 1})
	}
	p.add(&LiveMessage{Topic: "other", Payload: "xx", Count: 1})
	if len(p.order) != 1 || p.order[0].Count != 3 || p.lost != 11 {
		t.Fatalf("count %d, lost %d", p.order[0].Count, p.lost)
	}
}

// TestWhatWaitsForAReaderIsBounded fills a feed that nobody reads.
func TestWhatWaitsForAReaderIsBounded(t *testing.T) {
	big := msg.Message{Topic: []byte("a"), Payload: make([]byte, 1000)}
	for _, c := range []struct{ count, bytes, kept int }{{10, 1 << 20, 10}, {1000, 5 * weight(&big), 5}, {1000, weight(&big) - 1, 0}} {
		f := &feed{ready: make(chan struct{}, 1), mostCount: c.count, mostBytes: c.bytes}
		for range 50 {
			f.push(big)
		}
		if len(f.waiting) != c.kept || f.dropped() != uint64(50-c.kept) || f.bytes > c.bytes {
			t.Errorf("%+v: %d wait with %d bytes, %d dropped", c, len(f.waiting), f.bytes, f.dropped())
		}
	}
}

// TestAFeedKeepsTheOrder pushes and pops at random against a plain list.
func TestAFeedKeepsTheOrder(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	f := &feed{ready: make(chan struct{}, 1), mostCount: 30, mostBytes: 1 << 20}
	var model []int64
	for i := range int64(20_000) {
		if random.IntN(2) == 0 {
			if f.push(msg.Message{Time: i}); len(model) < 30 {
				model = append(model, i)
			}
			continue
		}
		m, ok := f.pop()
		if ok != (len(model) > 0) || ok && m.Time != model[0] {
			t.Fatalf("step %d: got %d %v, want %v", i, m.Time, ok, model)
		}
		if ok {
			model = model[1:]
		}
		if len(model) > 0 && len(f.ready) == 0 {
			t.Fatalf("step %d: messages wait and nobody is told", i)
		}
	}
	if cap(f.waiting) > 128 {
		t.Errorf("the list grew to %d", cap(f.waiting))
	}
}
