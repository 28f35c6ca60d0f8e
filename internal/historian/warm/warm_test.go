package warm

import (
	"bytes"
	"encoding/hex"
	"math"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/point"
)

// start is a time with a fraction, so that every unit has its day.
const start = 1_714_979_289_000_000_000

func equal(a, b point.Sample) bool {
	return a.Time == b.Time && a.Quality == b.Quality && a.Value.Equal(b.Value)
}

func roundTrip(t *testing.T, name string, ss []point.Sample) []byte {
	t.Helper()
	b := new(Encoder).Append([]byte("before"), 7, Merged, ss)[6:]
	h, err := ReadHeader(7, b)
	if err != nil || h.Count != len(ss) || h.Tier != Merged || h.Min != ss[0].Time || h.Max != ss[len(ss)-1].Time {
		t.Fatalf("%s: header %+v, %v", name, h, err)
	}
	got, err := new(Decoder).Append(used(len(ss)), &h)
	if err != nil || !slices.EqualFunc(got, ss, equal) {
		t.Fatalf("%s: err %v\ngot  %#v\nwant %#v", name, err, got, ss)
	}
	checkColumns(t, name, &h, ss)
	return b
}

// used is memory that held other samples before.
func used(n int) []point.Sample {
	ss := make([]point.Sample, n)
	for i := range ss {
		ss[i] = point.Sample{Time: 1, Value: point.String("old"), Quality: point.Bad}
	}
	return ss[:0]
}

// checkColumns wants the same of the quick way, and no columns where a value is no
// number.
func checkColumns(t *testing.T, name string, h *Header, ss []point.Sample) {
	t.Helper()
	times, nums, err := new(Decoder).Columns(h)
	if (err == nil) != h.Numbers() {
		t.Fatalf("%s: columns of kind %d: %v", name, h.flags, err)
	}
	for i, at := range times {
		if at != ss[i].Time || !point.Number(nums[i]).Equal(ss[i].Value) {
			t.Fatalf("%s: at %d %d %v, want %+v", name, i, at, nums[i], ss[i])
		}
	}
	if err == nil && len(times) != len(ss) {
		t.Fatalf("%s: %d of %d", name, len(times), len(ss))
	}
}

func series(n int, step int64, value func(i int) point.Value) []point.Sample {
	ss := make([]point.Sample, n)
	for i := range ss {
		ss[i] = point.Sample{Time: start + int64(i)*step, Value: value(i)}
	}
	return ss
}

func TestWhatGoesInComesOut(t *testing.T) {
	second := int64(time.Second)
	odd := []float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 5e-324, 1 << 53, 0.1, math.Pi}
	states := []string{"", "run", "idle", "fault", "état"}
	for name, ss := range map[string][]point.Sample{
		"one":         series(1, 1, func(int) point.Value { return point.Number(21.5) }),
		"one text":    series(1, 1, func(int) point.Value { return point.String("x") }),
		"regular":     series(1000, second, func(i int) point.Value { return point.Number(float64(i%17) / 100) }),
		"nanoseconds": series(100, 1, func(i int) point.Value { return point.Number(float64(i)) }),
		"odd floats":  series(100, second, func(i int) point.Value { return point.Number(odd[i%len(odd)]) }),
		"irrational":  series(300, second, func(i int) point.Value { return point.Number(math.Sqrt(float64(i))) }),
		"booleans":    series(77, second, func(i int) point.Value { return point.Truth(i%3 == 0) }),
		"texts":       series(90, second, func(i int) point.Value { return point.String(states[i%len(states)]) }),
		"changed kind": series(90, second, func(i int) point.Value {
			return []point.Value{point.Number(1.5), point.Truth(true), point.String("s")}[i/7%3]
		}),
		"far apart": {{Time: 0}, {Time: 1}, {Time: math.MaxInt64}},
	} {
		roundTrip(t, name, ss)
	}
	ss := series(50, second, func(i int) point.Value { return point.Number(float64(i)) })
	for i := range ss {
		ss[i].Quality = point.Quality(i / 20)
	}
	roundTrip(t, "quality", ss)
}

func TestRandomSeries(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewSource(seed))
	for range 2000 {
		roundTrip(t, "random", randomSeries(rng))
	}
}

func randomSeries(rng *rand.Rand) []point.Sample {
	ss := make([]point.Sample, 1+rng.Intn(200))
	at, step := rng.Int63n(1<<60), int64(1)<<rng.Intn(40)
	decimals, scale, mix := math.Pow10(rng.Intn(10)), math.Pow10(rng.Intn(12)), rng.Intn(5)
	for i := range ss {
		at += 1 + rng.Int63n(step)
		v := point.Number(math.Round(rng.NormFloat64()*scale) / decimals)
		switch k := rng.Intn(10); {
		case mix == 1 || mix == 4 && k == 0:
			v = point.Truth(rng.Intn(2) == 0)
		case mix == 2 || mix == 4 && k == 1:
			v = point.String("s" + string(rune('a'+rng.Intn(20))))
		case mix == 3:
			v = point.Number(math.Float64frombits(rng.Uint64()))
		}
		ss[i] = point.Sample{Time: at, Value: v, Quality: point.Quality(rng.Intn(100) / 98)}
	}
	return ss
}

func TestSummary(t *testing.T) {
	ss := series(100, 1000, func(i int) point.Value { return point.Number(float64(50 - i)) })
	h, err := ReadHeader(7, roundTrip(t, "summed", ss))
	if want := (Summary{Sum: 50, Min: -49, Max: 50, First: 50, Last: -49}); err != nil || !h.Summed || h.Summary != want {
		t.Fatalf("%+v, %v", h, err)
	}
}

func TestDamageIsSeen(t *testing.T) {
	b := roundTrip(t, "texts", series(90, 1000, func(i int) point.Value { return point.String([]string{"run", "idle"}[i%2]) }))
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			if _, err := ReadHeader(7, b); err == nil {
				t.Fatalf("bit %d of byte %d", bit, i)
			}
			b[i] ^= 1 << bit
		}
	}
	if _, err := ReadHeader(8, b); err != ErrChunk {
		t.Fatal("a chunk of another series was taken")
	}
	for n := range b {
		if _, err := ReadHeader(7, b[:n]); err == nil {
			t.Fatalf("cut at %d", n)
		}
	}
}

// TestVectors holds the format still: these bytes were stored by version 1.
func TestVectors(t *testing.T) {
	for name, c := range map[string]struct {
		hex string
		ss  []point.Sample
	}{
		"decimals": {vectorDecimals, series(3, 1_000_000_000, func(i int) point.Value { return point.Number(21.5 + float64(i)/10) })},
		"XOR":      {vectorXOR, series(2, 1_000_000_000, func(i int) point.Value { return point.Number(math.Pi + float64(i)) })},
		"mixed": {vectorMixed, []point.Sample{
			{Time: 1000, Value: point.Truth(true)}, {Time: 3000, Value: point.String("run"), Quality: point.Bad}, {Time: 4000, Value: point.Number(-1)}}},
	} {
		b := new(Encoder).Append(nil, 7, Fresh, c.ss)
		want, err := hex.DecodeString(c.hex)
		if err != nil || !bytes.Equal(b, want) {
			t.Errorf("%s: got %x", name, b)
		}
	}
}

const (
	vectorDecimals = "010017ccd493b5ff3a000380a8d6b9070002800109d700804049fb0e24"
	vectorXOR      = "010017ccd493b5ff3a00028094ebdc03000280ff400921fb54442d18d7966c41bf998ee5890c2d45"
	vectorMixed    = "013800000000000003e803b81702038401010201000100018080010372756e000102010001b54a71e3"
)

func FuzzDecode(f *testing.F) {
	rng := rand.New(rand.NewSource(1))
	for range 20 {
		b := new(Encoder).Append(nil, 7, Fresh, randomSeries(rng))
		f.Add(b[:len(b)-crcSize])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := checksum(7, body)
		b := append(slices.Clip(body), byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
		h, err := ReadHeader(7, b)
		if err != nil {
			return
		}
		ss, err := new(Decoder).Append(nil, &h)
		if err == nil {
			roundTrip(t, "decoded", ss)
		}
	})
}

// sensor is sim-like data: 1 Hz with jitter of milliseconds, two decimals, a walk.
func sensor(n int) []point.Sample {
	rng := rand.New(rand.NewSource(1))
	v := 21.5
	return series(n, 0, func(int) point.Value { v += rng.NormFloat64() / 20; return point.Number(math.Round(v*100) / 100) })
}

func jittered(n int) []point.Sample {
	rng, ss := rand.New(rand.NewSource(2)), sensor(n)
	for i := range ss {
		ss[i].Time = start + int64(i)*1e9 + rng.Int63n(20)*1e6
	}
	return ss
}

func BenchmarkEncode(b *testing.B) {
	ss, e, buf := jittered(1000), new(Encoder), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		buf = e.Append(buf[:0], 7, Closed, ss)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ss)), "ns/point")
	b.ReportMetric(float64(len(buf))/float64(len(ss)), "bytes/point")
}

func BenchmarkEncodeXOR(b *testing.B) {
	ss, e, buf := jittered(1000), new(Encoder), []byte(nil)
	for i := range ss {
		ss[i].Value.Num = math.Sin(float64(i) / 100)
	}
	b.ReportAllocs()
	for b.Loop() {
		buf = e.Append(buf[:0], 7, Closed, ss)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ss)), "ns/point")
	b.ReportMetric(float64(len(buf))/float64(len(ss)), "bytes/point")
}

func BenchmarkDecode(b *testing.B) {
	ss := jittered(1000)
	buf, d := new(Encoder).Append(nil, 7, Closed, ss), new(Decoder)
	out := make([]point.Sample, 0, len(ss))
	b.ReportAllocs()
	for b.Loop() {
		h, err := ReadHeader(7, buf)
		if err != nil {
			b.Fatal(err)
		}
		if out, err = d.Append(out[:0], &h); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ss)), "ns/point")
}
