// Package point holds what the historian stores and answers with: points, series,
// samples, buckets and the questions asked of them.
//
// It is a leaf: it imports nothing of Millrace.
package point

import (
	"math"
	"strconv"
)

// Kind is the type of a value. A series keeps the kind of each of its points, so
// a metric that changes its type loses nothing.
type Kind uint8

// The kinds.
const (
	Float Kind = iota
	Bool
	Text
)

// String names the kind in the API: "number", "boolean", "text".
func (k Kind) String() string {
	return [...]string{"number", "boolean", "text"}[k]
}

// Value is a number, a boolean or a text.
type Value struct {
	// Kind says which of the fields holds the value.
	Kind Kind
	// Num is the number; for a boolean 1 is true.
	Num float64
	// Str is the text.
	Str string
}

// Number, Truth and String return a Value of their kind.
func Number(v float64) Value { return Value{Kind: Float, Num: v} }

// Truth returns a boolean Value.
func Truth(v bool) Value {
	if v {
		return Value{Kind: Bool, Num: 1}
	}
	return Value{Kind: Bool}
}

// String returns a text Value.
func String(v string) Value { return Value{Kind: Text, Str: v} }

// Any returns the value as float64, bool or string, as JSON wants it.
func (v Value) Any() any {
	switch v.Kind {
	case Bool:
		return v.Num != 0
	case Text:
		return v.Str
	}
	return v.Num
}

// Equal compares two values bit by bit: two NaN are equal, 0 and -0 are not.
func (v Value) Equal(o Value) bool {
	return v.Kind == o.Kind && v.Str == o.Str && math.Float64bits(v.Num) == math.Float64bits(o.Num)
}

// GoString helps test failures.
func (v Value) GoString() string {
	if v.Kind == Text {
		return strconv.Quote(v.Str)
	}
	return strconv.FormatFloat(v.Num, 'g', -1, 64)
}

// Quality of a point, after OPC UA's three severities.
type Quality uint8

// The qualities.
const (
	Good Quality = iota
	Uncertain
	Bad
)

// Point is one value of one metric at one time.
type Point struct {
	// Topic is the MQTT topic it came in on.
	Topic string
	// Metric is the path inside the payload, parts joined by a dot: "motor.temp".
	// A payload that is one plain value has the metric "value".
	Metric string
	// Time is when the value held, nanoseconds since 1970 UTC.
	Time int64
	// Value is what was measured.
	Value Value
	// Quality says how far to trust it.
	Quality Quality
}

// SeriesName is the name of the series that (topic, metric) belongs to: the topic,
// a slash, the metric path.
func SeriesName(topic, metric string) string { return topic + "/" + metric }

// Series describes one series.
type Series struct {
	// Name is topic, slash, metric.
	Name string
	// Topic and Metric are its two parts.
	Topic, Metric string
	// Kind is that of the newest point.
	Kind Kind
	// Last is the newest point's time, nanoseconds since 1970 UTC.
	Last int64
	// Value is the newest point's value.
	Value Value
}

// Page selects part of a sorted list.
type Page struct {
	// Prefix is what names begin with.
	Prefix string
	// Search is what names contain, letter case ignored.
	Search string
	// Offset is how many matching names the page begins behind.
	Offset int
	// Limit is how many at most.
	Limit int
}

// Sample is one stored value.
type Sample struct {
	// Time is nanoseconds since 1970 UTC.
	Time    int64
	Value   Value
	Quality Quality
}

// Range asks for the samples of one series with From <= time < To.
type Range struct {
	// Series is the series' name. Two series can share one: "a/b" is metric b of
	// topic a, and a metric "b/c" of topic a reads like metric c of topic a/b.
	Series string
	// Topic and Metric, when set, select the series exactly; Series is then ignored.
	Topic, Metric string
	// From and To are nanoseconds since 1970 UTC.
	From, To int64
	// Bucket is the width of the buckets in nanoseconds; 0 asks for raw samples.
	// Buckets begin at multiples of their width since 1970 UTC.
	Bucket int64
	// Limit is how many samples or buckets at most; 0 is the store's own limit.
	Limit int
}

// Bucket sums up the samples of one span of time. Avg, Min and Max are of the
// numbers and booleans among them and are NaN when there was none; First, Last and
// Count are of all samples.
type Bucket struct {
	// Start is nanoseconds since 1970 UTC; the bucket ends Range.Bucket later.
	Start         int64
	Count         int64
	Avg, Min, Max float64
	First, Last   Value
}

// Result answers a Range.
type Result struct {
	// Samples is filled when Range.Bucket is 0, else Buckets is. Both are sorted
	// by time; a bucket without a sample is absent.
	Samples []Sample
	Buckets []Bucket
	// Truncated says that Limit cut the answer; NextFrom is then the From to go on
	// with, nanoseconds since 1970 UTC.
	Truncated bool
	NextFrom  int64
}
