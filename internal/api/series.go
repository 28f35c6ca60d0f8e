package api

import (
	"context"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/point"
)

type seriesInput struct {
	Paging
	Prefix string `query:"prefix" maxLength:"65535" doc:"What the series' names begin with"`
	Search string `query:"search" maxLength:"256" doc:"What the series' names contain, letter case ignored"`
}

func (in *seriesInput) page() point.Page {
	return point.Page{Prefix: in.Prefix, Search: in.Search, Offset: in.offset(), Limit: in.Limit}
}

func (a *API) seriesOperations() {
	register(a, huma.Operation{OperationID: "list-series", Method: http.MethodGet, Path: "/series", Tags: []string{"Historian"},
		Summary: "The series of the historian, sorted by name"}, a.listSeries)
	register(a, huma.Operation{OperationID: "list-latest", Method: http.MethodGet, Path: "/series/latest", Tags: []string{"Historian"},
		Summary: "The newest value of each series"}, a.listLatest)
	register(a, huma.Operation{OperationID: "get-range", Method: http.MethodGet, Path: "/series/range", Tags: []string{"Historian"},
		Summary: "Samples or buckets of up to 20 series", Description: "Name at least one series: by series, or exactly by topic and metric. The answer has those by series first. from <= time < to. Buckets begin at multiples of their width since 1970 UTC; one without a sample is absent."}, a.getRange)
}

func (a *API) listSeries(ctx context.Context, in *seriesInput) (*answer[Page[Series]], error) {
	if a.Historian == nil {
		return nil, unavailable("historian")
	}
	list, count, err := a.Historian.Series(ctx, in.page())
	return reply(pageOf(convert(list, series), in.Paging, count), err)
}

func (a *API) listLatest(ctx context.Context, in *seriesInput) (*answer[Page[Latest]], error) {
	if a.Historian == nil {
		return nil, unavailable("historian")
	}
	list, count, err := a.Historian.Latest(ctx, in.page())
	newest := func(s point.Series) Latest {
		return Latest{Series: s.Name, Topic: s.Topic, Metric: s.Metric, Time: at(s.Last), Value: jsonValue(s.Value)}
	}
	return reply(pageOf(convert(list, newest), in.Paging, count), err)
}

func series(s point.Series) Series {
	return Series{Series: s.Name, Topic: s.Topic, Metric: s.Metric, Kind: s.Kind.String(), Time: at(s.Last)}
}

func at(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// jsonValue is nil for the numbers that JSON cannot write.
func jsonValue(v point.Value) any {
	if v.Kind == point.Float {
		if n := jsonNumber(v.Num); n == nil {
			return nil
		}
	}
	return v.Any()
}

func jsonNumber(n float64) *float64 {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return nil
	}
	return &n
}

type rangeInput struct {
	Series []string `query:"series,explode" maxItems:"20" doc:"Name of a series; repeat for more. Two series can share a name: topic and metric tell them apart"`
	Topic  []string `query:"topic,explode" maxItems:"20" doc:"Topic of a series, with its metric beside it; repeat both for more. The first metric belongs to the first topic, and so on"`
	Metric []string `query:"metric,explode" maxItems:"20" doc:"Metric path of the series whose topic stands in the same place"`
	From   string   `query:"from" default:"-1h" doc:"RFC 3339, milliseconds since 1970, now, or relative such as -1h"`
	To     string   `query:"to" default:"now" doc:"The same; not part of the answer itself"`
	Bucket string   `query:"bucket" default:"0" doc:"Width such as 10s; 0 or none asks for raw samples"`
	Fn     string   `query:"fn" default:"avg,min,max,first,last,count" doc:"Which columns buckets have: any of avg, min, max, first, last, count"`
	Limit  int      `query:"limit" minimum:"1" maximum:"100000" default:"10000" doc:"Samples or buckets of each series at most"`
}

// question is a range query, read.
type question struct {
	point.Range
	columns map[string]bool
}

func (a *API) getRange(ctx context.Context, in *rangeInput) (*answer[RangeAnswer], error) {
	q, err := in.read(a.Now())
	if err != nil {
		return nil, err
	}
	names, err := in.names()
	if err != nil {
		return nil, err
	}
	if a.Historian == nil {
		return nil, unavailable("historian")
	}
	out := RangeAnswer{From: at(q.From), To: at(q.To), Bucket: time.Duration(q.Bucket).Seconds(), Items: []RangeSeries{}}
	for _, n := range names {
		q.Series, q.Topic, q.Metric = n.series, n.topic, n.metric
		result, err := a.Historian.Range(ctx, q.Range)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, q.answer(result))
	}
	return reply(out, nil)
}

// mostSeries is how many series one question has.
const mostSeries = 20

// seriesName is how a series is asked for: topic and metric may be empty.
type seriesName struct{ series, topic, metric string }

// names are the series that are asked for, in the order of the answer.
func (in *rangeInput) names() (all []seriesName, err error) {
	if len(in.Topic) != len(in.Metric) {
		return nil, fault.New(fault.Invalid, "query.topic and query.metric go in pairs: there are %d and %d.", len(in.Topic), len(in.Metric))
	}
	for _, s := range in.Series {
		all = append(all, seriesName{series: s})
	}
	for i, topic := range in.Topic {
		if topic == "" || in.Metric[i] == "" {
			return nil, fault.New(fault.Invalid, "query.topic and query.metric cannot be empty.")
		}
		all = append(all, seriesName{point.SeriesName(topic, in.Metric[i]), topic, in.Metric[i]})
	}
	if len(all) == 0 || len(all) > mostSeries {
		return nil, fault.New(fault.Invalid, "Name 1 to %d series by query.series, or by query.topic and query.metric; there are %d.", mostSeries, len(all))
	}
	return all, nil
}

func (in *rangeInput) read(now time.Time) (q question, err error) {
	from, err := parseTime(in.From, now)
	if err != nil {
		return q, err
	}
	to, err := parseTime(in.To, now)
	if err != nil {
		return q, err
	}
	if !from.Before(to) {
		return q, fault.New(fault.Invalid, "The range is empty: from (%s) does not lie before to (%s).", in.From, in.To)
	}
	width, err := parseBucket(in.Bucket)
	if err != nil {
		return q, err
	}
	q.Range = point.Range{From: from.UnixNano(), To: to.UnixNano(), Bucket: int64(width), Limit: in.Limit}
	q.columns, err = parseColumns(in.Fn)
	return q, err
}

func parseColumns(fn string) (map[string]bool, error) {
	columns := map[string]bool{}
	for name := range strings.SplitSeq(fn, ",") {
		switch name = strings.TrimSpace(name); name {
		case "avg", "min", "max", "first", "last", "count":
			columns[name] = true
		default:
			return nil, fault.New(fault.Invalid, "%q is none of avg, min, max, first, last, count.", name)
		}
	}
	return columns, nil
}

// answer writes the columns that were asked for.
func (q question) answer(r point.Result) RangeSeries {
	out := RangeSeries{Series: q.Series, Topic: q.Topic, Metric: q.Metric, Times: []time.Time{}, Truncated: r.Truncated}
	if r.Truncated {
		next := at(r.NextFrom)
		out.NextFrom = &next
	}
	for _, s := range r.Samples {
		out.Times = append(out.Times, at(s.Time))
		out.Values = append(out.Values, jsonValue(s.Value))
	}
	for _, b := range r.Buckets {
		out.Times = append(out.Times, at(b.Start))
		q.fill(&out, b)
	}
	return out
}

func (q question) fill(out *RangeSeries, b point.Bucket) {
	if q.columns["avg"] {
		out.Avg = append(out.Avg, jsonNumber(b.Avg))
	}
	if q.columns["min"] {
		out.Min = append(out.Min, jsonNumber(b.Min))
	}
	if q.columns["max"] {
		out.Max = append(out.Max, jsonNumber(b.Max))
	}
	if q.columns["first"] {
		out.First = append(out.First, jsonValue(b.First))
	}
	if q.columns["last"] {
		out.Last = append(out.Last, jsonValue(b.Last))
	}
	if q.columns["count"] {
		out.Count = append(out.Count, b.Count)
	}
}
