package historian

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand"
	randv2 "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/point"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}

// epoch is when the tests' clocks begin.
var epoch = time.Date(2024, 5, 6, 22, 0, 0, 0, time.UTC).UnixNano()

// model is the truth: every point of the log in a map, by the rules of the package
// comment.
type model struct {
	points  map[string]map[int64]point.Value
	latest  map[string]point.Sample
	arrived map[string]int64
}

func newModel() *model {
	return &model{map[string]map[int64]point.Value{}, map[string]point.Sample{}, map[string]int64{}}
}

func (m *model) add(name string, t int64, own bool, v point.Value) {
	if !own {
		if early := m.arrived[name] - t; early >= 0 && early < 1_000_000 {
			t = m.arrived[name] + 1
		}
		m.arrived[name] = t
	}
	if m.points[name] == nil {
		m.points[name] = map[int64]point.Value{}
	}
	m.points[name][t] = v
	if old, known := m.latest[name]; !known || t >= old.Time {
		m.latest[name] = point.Sample{Time: t, Value: v}
	}
}

func (m *model) samples(name string, from, to int64) (ss []point.Sample) {
	for t, v := range m.points[name] {
		if t >= from && t < to {
			ss = append(ss, point.Sample{Time: t, Value: v})
		}
	}
	slices.SortFunc(ss, func(a, b point.Sample) int { return int(min(1, max(-1, a.Time-b.Time))) })
	return ss
}

// plant is a historian on a disk that can crash, beside its log and its model.
type plant struct {
	t     *testing.T
	rng   *rand.Rand
	fs    *vfs.MemFS
	opts  Options
	h     *Historian
	log   [][]msg.Message
	model *model
	now   int64

	topics, kinds int // a plain plant has one topic and numbers alone: long chunks
}

func newPlant(t *testing.T, seed int64) *plant {
	p := &plant{t: t, rng: rand.New(rand.NewSource(seed)), fs: vfs.NewCrashableMem(), model: newModel(), now: epoch}
	p.topics, p.kinds = 1+p.rng.Intn(3), p.rng.Intn(2)
	p.opts = Options{Dir: "warm", CommitEvery: time.Hour, CommitPoints: 50 + p.rng.Intn(400), FreeSpace: func() (int64, error) { return 1 << 40, nil }}
	p.start()
	return p
}

func (p *plant) start() {
	p.t.Helper()
	p.opts.fs = p.fs
	h, err := New(p.opts)
	if err == nil {
		err = h.Start(context.Background())
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.h = h
	p.feed(0)
}

// feed gives the historian what lies behind its position, from entry first on.
func (p *plant) feed(first int) {
	after := p.h.reached()
	for i, ms := range p.log[first:] {
		at := msg.Position{Seq: uint64(first + i + 1)}
		if at.Seq < after.Seq {
			continue
		}
		if at.Seq == after.Seq {
			at.Index = after.Index + 1
			ms = ms[min(int(at.Index), len(ms)):]
		}
		if err := p.h.take(at, ms); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *plant) crash() {
	clone := p.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: p.rng.Intn(101), RNG: randv2.New(randv2.NewPCG(p.rng.Uint64(), 1))})
	p.stop()
	p.fs = clone
	p.start()
}

func (p *plant) stop() {
	p.t.Helper()
	if err := p.h.Close(context.Background()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *plant) commit() {
	p.t.Helper()
	p.h.ingest.Lock()
	defer p.h.ingest.Unlock()
	if err := p.h.commit(); err != nil {
		p.t.Fatal(err)
	}
}

// publish appends an entry of random messages to the log.
func (p *plant) publish() {
	ms := make([]msg.Message, 1+p.rng.Intn(40))
	for i := range ms {
		p.now += p.rng.Int63n(3) * p.rng.Int63n(20_000_000_000)
		ms[i] = p.message()
	}
	p.log = append(p.log, ms)
	p.feed(len(p.log) - 1)
}

func (p *plant) message() msg.Message {
	topic, metric := fmt.Sprintf("line/%d", p.rng.Intn(p.topics)), "m"+strconv.Itoa(p.rng.Intn(2))
	name, own, t := topic+"/"+metric, true, p.now
	switch k := p.rng.Intn(100); {
	case k < 60: // in order
	case k < 70:
		t -= p.rng.Int63n(5_000_000_000) // jitter
	case k < 75:
		t -= p.rng.Int63n(3 * day) // late
	case k < 80:
		t = p.again(name) // the same time once more
	default:
		own = false
		if p.rng.Intn(10) == 0 {
			p.now -= p.rng.Int63n(1_500_000) // the clock steps back
			t = p.now
		}
	}
	v, text := p.value()
	p.model.add(name, t, own, v)
	payload := fmt.Sprintf(`%q:%s}`, metric, text)
	if p.rng.Intn(20) == 0 { // named twice, the later wins
		payload = fmt.Sprintf(`%q:[],%q:"early",`, metric, metric) + payload
	}
	if own {
		payload = fmt.Sprintf(`"ts":%d,`, t) + payload
	}
	payload = "{" + payload
	return msg.Message{Topic: []byte(topic), Payload: []byte(payload), Publisher: []byte("p"), Time: p.now}
}

func (p *plant) again(name string) int64 {
	ss := p.model.samples(name, 0, math.MaxInt64)
	if len(ss) == 0 {
		return p.now
	}
	return ss[len(ss)-1-p.rng.Intn(min(len(ss), 300))].Time
}

func (p *plant) value() (point.Value, string) {
	switch p.rng.Intn(20) + 2*p.kinds {
	case 0:
		return point.Truth(true), "true"
	case 1:
		s := "s" + strconv.Itoa(p.rng.Intn(5))
		return point.String(s), strconv.Quote(s)
	}
	v := float64(p.rng.Intn(10_000)) / 100
	return point.Number(v), strconv.FormatFloat(v, 'g', -1, 64)
}

// check compares every series with the model, whole and in parts.
func (p *plant) check() {
	p.t.Helper()
	list, total, err := p.h.Latest(context.Background(), point.Page{})
	if err != nil || total != len(p.model.points) || len(list) != total {
		p.t.Fatalf("%d series of %d, err %v", total, len(p.model.points), err)
	}
	for _, s := range list {
		want := p.model.latest[s.Name]
		if s.Last != want.Time || !s.Value.Equal(want.Value) {
			p.t.Fatalf("%s: newest %d %#v, want %d %#v", s.Name, s.Last, s.Value, want.Time, want.Value)
		}
		p.checkRange(s.Name, 0, math.MaxInt64)
		from := p.now - p.rng.Int63n(3*day)
		to := from + p.rng.Int63n(p.now-from+1e10)
		p.checkRange(s.Name, from, to)
		p.checkBuckets(s.Name, from, to, 1+p.rng.Int63n(day/4))
	}
}

func (p *plant) checkRange(name string, from, to int64) {
	p.t.Helper()
	got, err := p.h.Range(context.Background(), point.Range{Series: name, From: from, To: to})
	want := p.model.samples(name, from, to)
	if err != nil || !sameSamples(got.Samples, want) {
		p.t.Fatalf("%s [%d,%d): err %v, %d samples, want %d%s", name, from, to, err, len(got.Samples), len(want), firstDifference(got.Samples, want))
	}
}

func sameSamples(a, b []point.Sample) bool {
	return slices.EqualFunc(a, b, func(a, b point.Sample) bool { return a.Time == b.Time && a.Value.Equal(b.Value) })
}

func firstDifference(got, want []point.Sample) string {
	for i := range min(len(got), len(want)) {
		if got[i].Time != want[i].Time || !got[i].Value.Equal(want[i].Value) {
			return fmt.Sprintf("; at %d got %+v want %+v", i, got[i], want[i])
		}
	}
	return ""
}

func (p *plant) checkBuckets(name string, from, to, width int64) {
	p.t.Helper()
	got, err := p.h.Range(context.Background(), point.Range{Series: name, From: from, To: to, Bucket: width})
	want := bucketsOf(p.model.samples(name, from, to), width)
	if err != nil || !slices.EqualFunc(got.Buckets, want, sameBucket) {
		p.t.Fatalf("%s [%d,%d) by %d: err %v\ngot  %+v\nwant %+v", name, from, to, width, err, got.Buckets, want)
	}
}

func sameBucket(a, b point.Bucket) bool {
	near := func(x, y float64) bool { return math.IsNaN(x) && math.IsNaN(y) || math.Abs(x-y) <= 1e-9 }
	return a.Start == b.Start && a.Count == b.Count && near(a.Avg, b.Avg) && near(a.Min, b.Min) && near(a.Max, b.Max) && a.First.Equal(b.First) && a.Last.Equal(b.Last)
}

// bucketsOf is the plain definition of buckets.
func bucketsOf(ss []point.Sample, width int64) (out []point.Bucket) {
	for len(ss) > 0 {
		start, nan := ss[0].Time/width*width, math.NaN()
		b := point.Bucket{Start: start, Avg: nan, Min: nan, Max: nan, First: ss[0].Value}
		sum, n := 0.0, 0.0
		for ; len(ss) > 0 && ss[0].Time < start+width; ss = ss[1:] {
			v := ss[0].Value
			b.Last = v
			b.Count++
			if v.Kind == point.Text {
				continue
			}
			if n == 0 {
				b.Min, b.Max = v.Num, v.Num
			}
			b.Min, b.Max = min(b.Min, v.Num), max(b.Max, v.Num)
			sum, n = sum+v.Num, n+1
		}
		if n > 0 {
			b.Avg = sum / n
		}
		out = append(out, b)
	}
	return out
}

var (
	modelSeed = flag.Int64("model.seed", 0, "first seed of TestModel; 0 takes the clock")
	modelRuns = flag.Int64("model.runs", 3, "how many seeds TestModel runs; more for a long run")
)

// TestModel runs random plants: whatever is published, committed, restarted and
// crashed, each answer is the model's.
func TestModel(t *testing.T) {
	seed := time.Now().UnixNano()
	if *modelSeed != 0 {
		seed = *modelSeed
	}
	for i := range *modelRuns {
		t.Run(fmt.Sprintf("seed=%d", seed+i), func(t *testing.T) { runModel(t, seed+i, 300) })
	}
}

func runModel(t *testing.T, seed int64, steps int) {
	p := newPlant(t, seed)
	defer func() { p.stop() }()
	for range steps {
		switch k := p.rng.Intn(100); {
		case k < 60:
			p.publish()
		case k < 80:
			p.commit()
		case k < 90:
			for range p.rng.Intn(20) {
				p.publish()
				p.commit()
			}
		case k < 93:
			p.stop()
			p.start()
		case k < 96:
			p.crash()
		default:
			p.check()
		}
	}
	p.check()
}
