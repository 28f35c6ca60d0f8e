package api

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/point"
)

func TestSeriesListsArePaged(t *testing.T) {
	d := newDesk(t)
	d.store.list = []point.Series{
		{Name: "a/temp", Topic: "a", Metric: "temp", Last: noon.UnixNano(), Value: point.Number(21.5)},
		{Name: "a/ok", Topic: "a", Metric: "ok", Kind: point.Bool, Last: noon.UnixNano(), Value: point.Truth(true)},
		{Name: "a/nan", Topic: "a", Metric: "nan", Last: noon.UnixNano(), Value: point.Number(math.NaN())},
		{Name: "a/state", Topic: "a", Metric: "state", Kind: point.Text, Last: noon.UnixNano(), Value: point.String("run")},
	}
	p := read[Page[Series]](t, d.get(root+"/series?prefix=a/&search=Te&page=3&limit=10"), 200)
	if d.store.page != (point.Page{Prefix: "a/", Search: "Te", Offset: 20, Limit: 10}) || p.Meta != (Meta{3, 10, 42}) {
		t.Errorf("%+v %+v", d.store.page, p.Meta)
	}
	if p.Items[1] != (Series{Series: "a/ok", Topic: "a", Metric: "ok", Kind: "boolean", Time: noon}) {
		t.Errorf("%+v", p.Items[1])
	}
	l := read[Page[Latest]](t, d.get(root+"/series/latest?prefix=a"), 200)
	if d.store.page != (point.Page{Prefix: "a", Limit: 100}) {
		t.Errorf("%+v", d.store.page)
	}
	if got := l.Items[1]; got.Topic != "a" || got.Metric != "ok" {
		t.Errorf("%+v", got)
	}
	for i, want := range []any{21.5, true, nil, "run"} {
		if l.Items[i].Value != want || !l.Items[i].Time.Equal(noon) {
			t.Errorf("%+v, want %v", l.Items[i], want)
		}
	}
}

func TestRangeOfRawSamples(t *testing.T) {
	d := newDesk(t)
	d.store.results = map[string]point.Result{
		"a/temp": {Samples: []point.Sample{{Time: noon.UnixNano(), Value: point.Number(1)}, {Time: noon.UnixNano() + 1e6, Value: point.Number(math.Inf(1))}},
			Truncated: true, NextFrom: noon.Add(time.Second).UnixNano()},
		"a,b/x y": {},
	}
	q := url.Values{"series": {"a/temp", "a,b/x y"}, "from": {"-1h"}, "limit": {"2"}}
	out := read[RangeAnswer](t, d.get(root+"/series/range?"+q.Encode()), 200)
	if !out.From.Equal(noon.Add(-time.Hour)) || !out.To.Equal(noon) || out.Bucket != 0 || len(out.Items) != 2 {
		t.Fatalf("%+v", out)
	}
	first := out.Items[0]
	if !reflect.DeepEqual(first.Values, []any{1.0, nil}) || !first.Truncated || !first.NextFrom.Equal(noon.Add(time.Second)) {
		t.Errorf("%+v", first)
	}
	if second := out.Items[1]; second.Series != "a,b/x y" || second.Times == nil || second.NextFrom != nil {
		t.Errorf("%+v", second)
	}
	if d.store.asked.Limit != 2 {
		t.Errorf("%+v", d.store.asked)
	}
}

// TestSeriesOfOneName: metric b/c of topic a and metric c of topic a/b read the same.
func TestSeriesOfOneName(t *testing.T) {
	d := newDesk(t)
	d.store.results = map[string]point.Result{
		"a b/c": {Samples: []point.Sample{{Time: noon.UnixNano(), Value: point.Number(1)}}},
		"a/b c": {Samples: []point.Sample{{Time: noon.UnixNano(), Value: point.Number(2)}}},
		"s,1":   {},
	}
	q := url.Values{"topic": {"a", "a/b"}, "metric": {"b/c", "c"}, "series": {"s,1"}}
	out := read[RangeAnswer](t, d.get(root+"/series/range?"+q.Encode()), 200)
	if len(out.Items) != 3 || out.Items[0].Series != "s,1" || out.Items[0].Topic != "" {
		t.Fatalf("%+v", out)
	}
	for i, want := range []RangeSeries{{Topic: "a", Metric: "b/c"}, {Topic: "a/b", Metric: "c"}} {
		got := out.Items[i+1]
		if got.Series != "a/b/c" || got.Topic != want.Topic || got.Metric != want.Metric || got.Values[0] != float64(i+1) {
			t.Errorf("%+v", got)
		}
	}
	if d.store.asked.Topic != "a/b" || d.store.asked.Metric != "c" {
		t.Errorf("%+v", d.store.asked)
	}
	problemIn(t, d.get(root+"/series/range?topic=a/b/c&metric=d"), 404, fault.NotFound)
}

func TestRangeOfBuckets(t *testing.T) {
	d := newDesk(t)
	nan := math.NaN()
	d.store.results = map[string]point.Result{"s": {Buckets: []point.Bucket{
		{Start: noon.UnixNano(), Count: 3, Avg: 2, Min: 1, Max: 3, First: point.Number(1), Last: point.Number(3)},
		{Start: noon.Add(10 * time.Second).UnixNano(), Count: 1, Avg: nan, Min: nan, Max: nan, First: point.String("run"), Last: point.String("run")},
	}}}
	w := d.get(root + "/series/range?series=s&bucket=10s&fn=avg,%20last&from=1772362800000&to=2026-03-01T13:00:00%2B01:00")
	out := read[RangeAnswer](t, w, 200)
	got := out.Items[0]
	if out.Bucket != 10 || *got.Avg[0] != 2 || got.Avg[1] != nil || got.Last[1] != "run" || got.Min != nil || got.First != nil || got.Count != nil || len(got.Times) != 2 {
		t.Errorf("%s", w.Body)
	}
	if d.store.asked != (point.Range{Series: "s", From: noon.Add(-time.Hour).UnixNano(), To: noon.UnixNano(), Bucket: 10e9, Limit: 10000}) {
		t.Errorf("%+v", d.store.asked)
	}
	got = read[RangeAnswer](t, d.get(root+"/series/range?series=s&bucket=1m"), 200).Items[0]
	if got.Count[0] != 3 || *got.Min[0] != 1 || *got.Max[0] != 3 || got.First[0] != 1.0 || len(got.Avg) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestBadQueriesAreNamed(t *testing.T) {
	d := newDesk(t)
	d.store.results = map[string]point.Result{"s": {}}
	cases := []struct{ query, names string }{
		{"/series/range", "query.series"},
		{"/series/range?topic=a", "query.metric"},
		{"/series/range?topic=a&metric=", "in pairs"},
		{"/series/range?topic=a&topic=&metric=b&metric=c", "empty"},
		{"/series/range?topic=a&metric=b&metric=c", "in pairs"},
		{"/series/range?" + strings.Repeat("series=s&", 20) + "topic=a&metric=b", "1 to 20"},
		{"/series/range?series=s&from=yesterday", "yesterday"},
		{"/series/range?series=s&from=1h", `"1h"`},
		{"/series/range?series=s&from=99999999999999999", "99999999999999999"},
		{"/series/range?series=s&from=-9999999999h", "-9999999999h"},
		{"/series/range?series=s&from=-1e300d", "-1e300d"},
		{"/series/range?series=s&from=-NaNd", "-NaNd"},
		{"/series/range?series=s&from=now&to=-1h", "empty"},
		{"/series/range?series=s&from=now", "empty"},
		{"/series/range?series=s&bucket=fast", "fast"},
		{"/series/range?series=s&bucket=-10s", "-10s"},
		{"/series/range?series=s&bucket=1us", "1us"},
		{"/series/range?series=s&bucket=10s&fn=median", "median"},
		{"/series/range?series=s&limit=0", "query.limit"},
		{"/series/range?series=s&limit=1000000000", "query.limit"},
		{"/series/range?series=" + strings.Join(strings.Split(strings.Repeat("s", 21), ""), "&series="), "query.series"},
		{"/series?limit=1001", "query.limit"},
		{"/series?limit=-1", "query.limit"},
		{"/series?limit=many", "query.limit"},
		{"/series?page=0", "query.page"},
		{"/series?page=99999999999999999999", "query.page"},
		{"/series?prefx=a", "query.prefx"},
		{"/series/latest?limit=5000", "query.limit"},
		{"/topics?flat=perhaps", "query.flat"},
		{"/topics/last", "query.topic"},
		{"/status/history?window=long", "long"},
		{"/status/history?window=-1h", "-1h"},
		{"/live", "query.filter"},
		{"/live?filter=a&every=fast", "fast"},
		{"/live?filter=a&every=50ms", "50ms"},
		{"/live?filter=a&every=61s", "61s"},
	}
	for _, c := range cases {
		if p := problemIn(t, d.get(root+c.query), 422, fault.Invalid); !strings.Contains(p.Detail, c.names) {
			t.Errorf("%s: %q does not name %q", c.query, p.Detail, c.names)
		}
	}
	for _, filter := range []string{"a/%23/b", "a%2Bb", "%00", ""} {
		w := d.get(root + "/live?filter=" + filter)
		if w.Code != 422 {
			t.Errorf("filter %q: %d %s", filter, w.Code, w.Body)
		}
	}
}

func TestUnknownSeriesAndBrokenStore(t *testing.T) {
	d := newDesk(t)
	problemIn(t, d.get(root+"/series/range?series=nothing"), 404, fault.NotFound)
	d.store.err = errors.New("pebble: secret path /var/data is broken")
	p := problemIn(t, d.get(root+"/series"), 500, fault.Internal)
	if strings.Contains(fmt.Sprint(p), "pebble") {
		t.Errorf("%+v gives internals away", p)
	}
	if log := d.log.String(); strings.Count(log, "pebble") != 1 || !strings.Contains(log, p.RequestID) {
		t.Errorf("log: %s", log)
	}
}

func TestSpansAndTimes(t *testing.T) {
	for s, want := range map[string]time.Duration{"30s": 30 * time.Second, "1.5h": 90 * time.Minute, "7d": 168 * time.Hour, "2w": 336 * time.Hour, "0.5d": 12 * time.Hour, "1h30m": 90 * time.Minute} {
		if got, err := parseSpan(s); err != nil || got != want {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	for s, want := range map[string]time.Time{"now": noon, "-1d": noon.Add(-24 * time.Hour), "+1h": noon.Add(time.Hour), "0": time.Unix(0, 0),
		"-60000": time.Unix(-60, 0), "1772366400000": noon, "2026-03-01T12:00:00Z": noon, "2026-03-01T12:00:00.5+00:00": noon.Add(500 * time.Millisecond)} {
		if got, err := parseTime(s, noon); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
}

func FuzzTimes(f *testing.F) {
	for _, s := range []string{"-1h", "now", "1e9d", "-9223372036854775808", "2026-02-30T00:00:00Z", "-w"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := parseTime(s, noon); err == nil && (got.Before(earliest) || got.After(latest)) {
			t.Fatalf("%q gives %v", s, got)
		}
		if d, err := parseBucket(s); err == nil && d < 0 {
			t.Fatalf("%q gives %v", s, d)
		}
	})
}
