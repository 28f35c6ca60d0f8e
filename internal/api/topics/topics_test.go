package topics

import (
	"fmt"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/msg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is a Source whose digests the test sends.
type source struct {
	c    chan *msg.Digest
	back chan *msg.Digest
}

func (s *source) Digest(msg.DigestLimits) (Digests, error) { return s, nil }
func (s *source) C() <-chan *msg.Digest                    { return s.c }
func (s *source) Done(d *msg.Digest)                       { d.Reset(); s.back <- d }
func (s *source) Close()                                   {}

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func message(topic, payload string, at time.Duration) *msg.Message {
	return &msg.Message{Topic: []byte(topic), Payload: []byte(payload), Publisher: []byte("press-7"), Time: start.Add(at).UnixNano()}
}

// registry is one without its goroutine, fed by hand, whose clock stands at now.
func registry(t testing.TB, o Options, now time.Duration, feed ...*msg.Message) *Registry {
	t.Helper()
	o.Source, o.Now = &source{}, func() time.Time { return start.Add(now) }
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range feed {
		r.add(m)
	}
	return r
}

var seed = maphash.MakeSeed()

// add takes in messages by a digest of their own.
func (r *Registry) add(messages ...*msg.Message) {
	d := msg.NewDigest(msg.DigestLimits{Lines: len(messages), Bytes: 1 << 20, Payload: r.o.MaxPayload}, seed)
	for _, m := range messages {
		if _, ok := d.Add(m); !ok {
			d.Missed++
		}
	}
	r.takeIn(d)
}

func names(nodes []Node) string {
	var out []string
	for _, n := range nodes {
		out = append(out, fmt.Sprintf("%s(%d/%d)", n.Topic, n.Children, n.Topics))
	}
	return strings.Join(out, " ")
}

func TestLevelsAndCounts(t *testing.T) {
	r := registry(t, Options{}, 0,
		message("plant/b/temp", "1", 0), message("plant/a/temp", "1", 0), message("plant/a", "1", 0),
		message("/rooted/x", "1", 0), message("/", "1", 0), message("gap//x", "1", 0), message("alone", "1", 0))
	cases := []struct{ parent, want string }{
		{"", "/(0/1) /rooted(1/1) alone(0/1) gap(1/1) plant(2/3)"},
		{"plant", "plant/a(1/2) plant/b(1/1)"},
		{"plant/a", "plant/a/temp(0/1)"},
		{"plant/a/temp", ""},
		{"/rooted", "/rooted/x(0/1)"},
		{"gap", "gap/(1/1)"},
		{"gap/", "gap//x(0/1)"},
		{"nowhere", ""},
		{"plant/a/temp/deeper", ""},
	}
	for _, c := range cases {
		if got, _ := r.Children(c.parent, 0, 100); names(got) != c.want {
			t.Errorf("below %q: %s, want %s", c.parent, names(got), c.want)
		}
	}
}

func TestPagesAndSearch(t *testing.T) {
	var feed []*msg.Message
	for i := range 25 {
		feed = append(feed, message(fmt.Sprintf("line/M%02d/Temp", i), "1", 0))
	}
	r := registry(t, Options{}, 0, feed...)
	if got, count := r.Children("line", 20, 10); count != 25 || len(got) != 5 || got[0].Name != "M20" {
		t.Errorf("last page: %d of %d, %v", len(got), count, got)
	}
	if got, count := r.Children("line", 1000, 10); count != 25 || len(got) != 0 {
		t.Errorf("beyond: %d of %d", len(got), count)
	}
	if got, count := r.Search("", "m1", 0, 3); count != 10 || names(got) != "line/M10/Temp(0/1) line/M11/Temp(0/1) line/M12/Temp(0/1)" {
		t.Errorf("search: %d, %s", count, names(got))
	}
	if _, count := r.Search("line/M01", "", 0, 10); count != 1 {
		t.Errorf("flat below a level: %d", count)
	}
	if _, count := r.Search("lin", "", 0, 10); count != 0 {
		t.Errorf("a level's beginning is not the level: %d", count)
	}
}

func TestLastMessageAndItsCut(t *testing.T) {
	long := strings.Repeat("x", 100)
	r := registry(t, Options{MaxPayload: 10}, 0, message("a", "first", 0), message("a", long, time.Second))
	m, ok := r.Last("a")
	if !ok || string(m.Payload) != long[:10] || m.Size != 100 || m.Publisher != "press-7" || !m.Time.Equal(start.Add(time.Second)) {
		t.Fatalf("%+v %v", m, ok)
	}
	if _, ok := r.Last("b"); ok {
		t.Fatal("a topic without messages has one")
	}
}

func TestRatesAddUpAndFade(t *testing.T) {
	var feed []*msg.Message
	for i := range 1200 { // 60 s of 10/s each
		at := time.Duration(i) * 100 * time.Millisecond / 2
		feed = append(feed, message("plant/a", "1", at), message("plant/b", "1", at))
	}
	r := registry(t, Options{}, time.Minute, feed...)
	near := func(got, want float64) bool { return math.Abs(got-want) < 0.1*want }
	root, _ := r.Children("", 0, 1)
	each, _ := r.Children("plant", 0, 2)
	if !near(root[0].Rate, 40) || !near(each[0].Rate, 20) || !near(each[1].Rate, 20) {
		t.Errorf("rates %.2f = %.2f + %.2f", root[0].Rate, each[0].Rate, each[1].Rate)
	}
	r.o.Now = func() time.Time { return start.Add(10 * time.Minute) }
	if root, _ := r.Children("", 0, 1); root[0].Rate != 0 {
		t.Errorf("after nine silent minutes the rate is %v", root[0].Rate)
	}
}

func TestPublishersAreCountedUpTheTree(t *testing.T) {
	r := registry(t, Options{}, 0)
	for i := range 60 {
		m := message(fmt.Sprintf("line/m%d/temp", i%6), "1", 0)
		m.Publisher = fmt.Appendf(nil, "client%d", i%3)
		r.add(m)
	}
	all, _ := r.Children("", 0, 1)
	one, _ := r.Children("line", 0, 1)
	if all[0].Publishers != 3 || one[0].Publishers != 1 {
		t.Errorf("%d above, %d below", all[0].Publishers, one[0].Publishers)
	}
}

func TestSparkHoldsAndRolls(t *testing.T) {
	at := func(s int) time.Duration { return time.Duration(s) * time.Second }
	r := registry(t, Options{}, at(12), message("a", "1.5", 0), message("a", "99", at(1)), message("a", "2.5", at(6)), message("a", "no number", at(9)))
	n, _ := r.Children("", 0, 1)
	if got := fmt.Sprint(n[0].Spark); got != "[1.5 1.5 2.5 2.5 2.5]" || n[0].Value != nil {
		t.Errorf("spark %s, value %v", got, n[0].Value)
	}
	r.add(message("a", "7.1", at(1000)))
	r.o.Now = func() time.Time { return start.Add(at(1000)) }
	n, _ = r.Children("", 0, 1)
	if got := n[0].Spark; len(got) != slots || got[0] != 2.5 || got[slots-1] != 7.1 || *n[0].Value != 7.1 {
		t.Errorf("spark %v", got)
	}
}

func TestTheLongestSilentAreForgotten(t *testing.T) {
	r := registry(t, Options{MaxTopics: 3}, 0,
		message("a/1", "x", 0), message("a/2", "x", 0), message("b/1", "x", 0), message("a/1", "x", 0), message("c/1", "x", 0))
	if got, _ := r.Search("", "", 0, 10); names(got) != "a/1(0/1) b/1(0/1) c/1(0/1)" {
		t.Error(names(got))
	}
	if s := r.Stats(); s.Topics != 3 || s.Evicted != 1 || s.Bytes != 3 || s.Messages != 5 {
		t.Errorf("%+v", s)
	}
	r.add(message("d/1", "x", 0)) // b/1 was the oldest, and all of b
	if got, count := r.Children("", 0, 10); count != 3 || names(got) != "a(1/1) c(1/1) d(1/1)" {
		t.Error(names(got))
	}
}

func TestPayloadBytesAreBounded(t *testing.T) {
	r := registry(t, Options{MaxBytes: 1000, MaxPayload: 100}, 0)
	for i := range 500 {
		r.add(message(fmt.Sprint("t/", i), strings.Repeat("x", i), 0))
		if s := r.Stats(); s.Bytes > 1000 {
			t.Fatalf("%+v", s)
		}
	}
	if s := r.Stats(); s.Topics != 10 || s.Evicted != 490 {
		t.Fatalf("%+v", s)
	}
}

// TestTreeAgainstAModel keeps the tree and a plain map side by side under random
// messages and little room.
func TestTreeAgainstAModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	r := registry(t, Options{MaxTopics: 20}, 0)
	var order []string // the model: topics by arrival, oldest first
	for range 20_000 {
		topic := strings.Trim(strings.Repeat(fmt.Sprintf("%d/", random.IntN(4)), 1+random.IntN(3)), "/")
		if random.IntN(3) == 0 {
			topic += fmt.Sprint("/", random.IntN(30))
		}
		r.add(message(topic, "x", 0))
		order = slices.DeleteFunc(order, func(s string) bool { return s == topic })
		if order = append(order, topic); len(order) > 20 {
			order = order[1:]
		}
		verify(t, r, order)
	}
}

func verify(t *testing.T, r *Registry, order []string) {
	t.Helper()
	if r.tree.root.below != len(order) || len(r.tree.topics) != len(order) {
		t.Fatalf("%d topics below the root, %d known, want %d", r.tree.root.below, len(r.tree.topics), len(order))
	}
	for i, l := 0, r.tree.oldest; i < len(order); i, l = i+1, l.newer {
		if l.node.topic != order[i] || r.tree.find(order[i]) != l.node {
			t.Fatalf("place %d holds %s, want %s", i, l.node.topic, order[i])
		}
	}
	below := 0
	for _, c := range r.tree.root.sortedChildren() {
		below += c.below
	}
	if below != len(order) {
		t.Fatalf("levels count %d topics, want %d", below, len(order))
	}
}

func TestRegistryTakesInAndEnds(t *testing.T) {
	src := &source{c: make(chan *msg.Digest), back: make(chan *msg.Digest, 1)}
	r, err := New(Options{Source: src})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	src.back <- msg.NewDigest(msg.DigestLimits{Lines: 150, Bytes: 1 << 20, Payload: 10}, seed)
	for p := range 20 {
		d := <-src.back // when the last one is done
		for i := range 200 {
			if _, ok := d.Add(message(fmt.Sprintf("p%d/t%d", p, i), "1", 0)); !ok {
				d.Missed++
			}
		}
		src.c <- d
	}
	<-src.back
	if s := r.Stats(); s.Topics != 3000 || s.Messages != 3000 || s.Missed != 1000 {
		t.Fatalf("%+v", s)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := r.Last("p1/t1"); !ok {
		t.Fatal("what was remembered is gone")
	}
}

// Loops tell one after the other what came at one time: what is older does not
// come in the place of what is newer, unless the clock stepped back.
func TestTheNewestIsWhatCameLast(t *testing.T) {
	r := registry(t, Options{}, 0, message("a", "new", 10*time.Second), message("a", "old", 9800*time.Millisecond))
	if m, _ := r.Last("a"); string(m.Payload) != "new" || r.Stats().Messages != 2 {
		t.Errorf("%s of %+v", m.Payload, r.Stats())
	}
	r.add(message("a", "same", 10*time.Second))
	if m, _ := r.Last("a"); string(m.Payload) != "same" {
		t.Errorf("%s", m.Payload)
	}
	r.add(message("a", "stepped back", 5*time.Second))
	if m, _ := r.Last("a"); string(m.Payload) != "stepped back" {
		t.Errorf("%s", m.Payload)
	}
}

// Very many topics that come once leave as many behind as may be, and no more memory
// than those take.
func TestVeryManyTopicsLeaveNothingBehind(t *testing.T) {
	const topics, most = 300_000, 10_000
	r := registry(t, Options{MaxTopics: most}, 0)
	d := msg.NewDigest(msg.DigestLimits{Lines: digestLines, Bytes: digestBytes, Payload: 100}, seed)
	m := message("", "21.5", 0)
	var after int64 // the bounds were reached
	for i := range topics {
		m.Topic = fmt.Appendf(m.Topic[:0], "plant/%d/line-%d", i%100, i)
		for ok := false; !ok; {
			if _, ok = d.Add(m); !ok {
				r.takeIn(d)
				d.Reset()
			}
		}
		if i == 4*most {
			after = heap()
		}
	}
	r.takeIn(d)
	if s := r.Stats(); s.Messages != topics || s.Topics != most || s.Evicted != topics-most || s.Missed != 0 {
		t.Errorf("%+v", s)
	}
	if grown := heap() - after; grown > 4<<20 {
		t.Errorf("%d KB more", grown>>10)
	}
	runtime.KeepAlive(r)
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What a page was given stays as it was, whatever comes.
func TestALastMessageIsTheReadersOwn(t *testing.T) {
	r := registry(t, Options{}, 0, message("a", "first", 0))
	m, _ := r.Last("a")
	r.add(message("a", "later", 0))
	if string(m.Payload) != "first" {
		t.Errorf("%s", m.Payload)
	}
}

func TestNumberOfAPayload(t *testing.T) {
	none := math.NaN()
	cases := map[string]float64{
		"21.5": 21.5, " -3e2\n": -300, "0": 0, "": none, " ": none, "abc": none, "NaN": none, "Inf": none, "1e999": none,
		"0x10": none, "1_000": none, "12 13": none, "true": none, `"5"`: none, "[1]": none, "null": none,
		`{"value":5,"v":6,"x":7}`:                5,
		`{"x":7,"v":6}`:                          6,
		`{"temp":21.5}`:                          21.5,
		`{"temp":21.5,"unit":"C","ok":true}`:     21.5,
		`{"a":1,"b":2}`:                          none,
		`{"ts":1700000000,"temp":21.5}`:          21.5,
		`{"timestamp":1700000000}`:               none,
		`{"motor":{"temp":80}}`:                  80,
		`{"motor":{"value":80,"rpm":3}}`:         none,
		`{"list":[4]}`:                           4,
		`{"a\"value":1,"value":2}`:               2,
		`{"note":"costs 5, value: 7","value":3}`: 3,
		`{"value":"text","v":9}`:                 9,
		`{"value":1`:                             none,
		`{"value":1e999,"n":2}`:                  2,
		`{"a":"\`:                                none,
		`{`:                                      none,
		`{}`:                                     none,
	}
	for payload, want := range cases {
		got, ok := number([]byte(payload))
		if ok != !math.IsNaN(want) || ok && got != want {
			t.Errorf("%s: %v %v, want %v", payload, got, ok, want)
		}
	}
}

func TestPreview(t *testing.T) {
	cases := map[string]string{
		"21.5": "21.5", "a\n\tb": "a  b", "": "", "\xff\x00": "", "x\x00": "", "Öl": "Öl",
		strings.Repeat("é", 200): strings.Repeat("é", previewRunes),
	}
	for payload, want := range cases {
		if got := preview([]byte(payload)); got != want {
			t.Errorf("%q: %q, want %q", payload, got, want)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1", `{"value":1}`, `{"a":{"b":[1,"x\\"]}}`, `{"a":"\`, `]]]]`, `{"v":-}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, ok := number(b); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Fatalf("%q gives %v", b, v)
		}
		preview(b)
	})
}

// BenchmarkTakeIn is one topic of a digest, of 2,000 topics with six levels. A topic
// costs it four times a second at most.
func BenchmarkTakeIn(b *testing.B) {
	r := registry(b, Options{}, 0)
	d := msg.NewDigest(msg.DigestLimits{Lines: 2000, Bytes: 1 << 20, Payload: 1024}, seed)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if place := i % 2000; place == 0 {
			b.StopTimer()
			d.Reset()
			for k := range 2000 {
				d.Add(message(fmt.Sprintf("enterprise/site/area/line%d/cell%d/machine%d", k%4, k%40, k),
					`{"ts":1700000000000,"temp":21.52,"pressure":3.117,"speed":1201.5,"state":"running","count":17}`, time.Duration(i)*50*time.Microsecond))
			}
			b.StartTimer()
		}
		l := d.Line(i % 2000)
		r.tree.add(&l)
	}
}

func BenchmarkChildren(b *testing.B) {
	r := registry(b, Options{}, 0)
	for i := range 1000 {
		r.add(message(fmt.Sprintf("line/m%d", i), `{"value":21.5}`, 0))
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Children("line", 0, 100)
	}
}
