package payload

import (
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/point"
)

// Options bound what one message may hold. Zero values mean the defaults.
type Options struct {
	// TimeFields are the top-level fields that may hold a record's time, the
	// preferred one first. Default: ts, timestamp.
	TimeFields []string
	// MaxDepth is how deep objects and arrays may nest. Default 32.
	MaxDepth int
	// MaxMetrics is how many metrics one record may hold. Default 1,000.
	MaxMetrics int
	// MaxPath is the longest metric path in bytes. Default 512.
	MaxPath int
	// MaxText is the longest string value in bytes. Default 4,096.
	MaxText int
	// MaxPast is how far a record's own time may lie before the arrival. Default
	// ten years.
	MaxPast time.Duration
	// MaxFuture is how far it may lie after the arrival. Default one day.
	MaxFuture time.Duration
}

func (o Options) withDefaults() Options {
	if len(o.TimeFields) == 0 {
		o.TimeFields = []string{"ts", "timestamp"}
	}
	o.MaxDepth = orDefault(o.MaxDepth, 32)
	o.MaxMetrics = orDefault(o.MaxMetrics, 1000)
	o.MaxPath = orDefault(o.MaxPath, 512)
	o.MaxText = orDefault(o.MaxText, 4096)
	o.MaxPast = orDefault(o.MaxPast, 3653*24*time.Hour)
	o.MaxFuture = orDefault(o.MaxFuture, 24*time.Hour)
	return o
}

func orDefault[T int | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// Metric is one value found in a message. Path and Value.Str are borrowed: they
// are valid until the function that got the Metric returns.
type Metric struct {
	// Path names the metric inside the payload.
	Path []byte
	// Time is nanoseconds since 1970 UTC.
	Time int64
	// Own says that the record brought its Time; else it is the arrival.
	Own bool
	// Record counts the records of the message from 0. Of two Metrics of one record
	// with the same Path the later replaces the earlier.
	Record int
	// Value is what was measured.
	Value point.Value
}

// Rejected counts what was left out of a message that was decoded otherwise, and
// what else its publisher should know.
type Rejected struct {
	// Undecodable counts metrics: numbers no float64 holds, paths too long.
	Undecodable uint32
	// TooLarge counts metrics whose text is too long.
	TooLarge uint32
	// TooMany counts metrics beyond the limit of their record.
	TooMany uint32
	// TimeOutOfRange counts metrics of records whose time cannot be.
	TimeOutOfRange uint32
	// TimeUnreadable counts records with a time field that holds no time: the next
	// field or the arrival gave it, and no metric is lost.
	TimeUnreadable uint32
	// NoValues is 1 when the message names no value at all.
	NoValues uint32
}

// Decoder decodes messages one after another, with memory it uses again. It
// belongs to one goroutine.
type Decoder struct {
	opts Options
	scanner
	records []record
	arrival int64
	lent    Metric
}

// record is one set of metrics that share a time.
type record struct {
	from, to int // in found
	time     int64
	own      bool
	rejected bool
}

// New returns a Decoder.
func New(opts Options) *Decoder {
	return &Decoder{opts: opts.withDefaults()}
}

var errUndecodable = fault.New(fault.Undecodable, "The payload is neither JSON, a number nor text.")

// Decode hands every point of m to f, in the payload's order, and returns what it
// rejected. When the error is not nil, either f returned it, or it is of
// fault.Undecodable and f was not called.
func (d *Decoder) Decode(m *msg.Message, f func(*Metric) error) (Rejected, error) {
	d.arrival = m.Time
	d.records = d.records[:0]
	d.scanner.reset(m.Payload, &d.opts)
	if !utf8.Valid(m.Payload) || !d.document() {
		return Rejected{}, errUndecodable
	}
	if len(d.found) == 0 && d.rejected.values() == 0 {
		d.rejected.NoValues = 1
	}
	err := d.deliver(f)
	return d.rejected, err
}

// values counts the values that were named and left out.
func (r *Rejected) values() uint32 { return r.Undecodable + r.TooLarge + r.TooMany }

func (d *Decoder) deliver(f func(*Metric) error) error {
	m := &d.lent
	for i := range d.records {
		r := &d.records[i]
		if r.rejected {
			d.rejected.TimeOutOfRange += uint32(r.to - r.from)
			continue
		}
		m.Time, m.Own, m.Record = r.time, r.own, i
		for j := r.from; j < r.to; j++ {
			d.found[j].fill(m, d.text)
			if err := f(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill lends a found value's bytes to m.
func (v *found) fill(m *Metric, text []byte) {
	m.Path = text[v.path:v.pathEnd]
	m.Value = point.Value{Kind: v.kind, Num: v.num}
	if v.kind == point.Text && v.textEnd > v.text {
		m.Value.Str = unsafe.String(&text[v.text], v.textEnd-v.text)
	}
}

// byteOrderMark is what some programs write before UTF-8.
const byteOrderMark = "\ufeff"

// skipMark goes behind a byte order mark.
func (d *Decoder) skipMark() {
	if len(d.in) >= len(byteOrderMark) && string(d.in[:len(byteOrderMark)]) == byteOrderMark {
		d.at = len(byteOrderMark)
	}
}

// document reads the whole payload; false is undecodable.
func (d *Decoder) document() bool {
	d.skipMark()
	d.space()
	if d.at == len(d.in) {
		return true
	}
	switch d.in[d.at] {
	case '{':
		return d.object() && d.end()
	case '[':
		return d.array() && d.end()
	case '"':
		d.begin()
		if !d.stringValue() {
			return false
		}
		d.finish()
		return d.end()
	}
	return d.plain()
}

func (d *Decoder) object() bool {
	d.begin()
	if !d.value(true) {
		return false
	}
	d.finish()
	return true
}

// array reads a top-level array: objects are records of their own, the metrics of
// everything else share one record's limit.
func (d *Decoder) array() bool {
	d.at++
	if d.space(); d.peek() == ']' {
		d.at++
		return true
	}
	for i := 0; ; i++ {
		if d.space(); !d.element(i) {
			return false
		}
		d.space()
		switch d.next() {
		case ',':
		case ']':
			return true
		default:
			return false
		}
	}
}

func (d *Decoder) element(i int) bool {
	d.outer = 1
	if d.peek() == '{' {
		return d.object()
	}
	d.begin()
	d.metrics = d.loose
	d.pathIndex(i)
	if !d.value(false) {
		return false
	}
	d.loose = d.metrics
	d.finish()
	return true
}

// begin opens a record.
func (d *Decoder) begin() {
	d.records = append(d.records, record{from: len(d.found), to: len(d.found), time: d.arrival})
	d.beginRecord()
}

// finish closes the record and settles its time.
func (d *Decoder) finish() {
	r := &d.records[len(d.records)-1]
	r.to = len(d.found)
	if s := &d.stamp; s.rank != noRank {
		r.time, r.own = s.time, true
		r.rejected = s.beyond || s.time < d.arrival-int64(d.opts.MaxPast) || s.time > d.arrival+int64(d.opts.MaxFuture)
	}
	if d.stamp.passed < d.stamp.rank {
		d.rejected.TimeUnreadable++
	}
}

// plain reads a payload that is no JSON container or string: a literal, a number
// or text.
func (d *Decoder) plain() bool {
	word := trimSpace(d.in[d.at:])
	d.begin()
	defer d.finish()
	switch string(word) {
	case "true", "false":
		d.add(found{kind: point.Bool, num: truth(word[0] == 't')})
		return true
	case "null":
		return true
	}
	if v, kind := plainNumber(word); kind == numberFinite {
		d.add(found{kind: point.Float, num: v})
		return true
	} else if kind == numberNot {
		d.rejected.Undecodable++
		return true
	}
	return d.plainText()
}

func (d *Decoder) plainText() bool {
	for _, c := range d.in {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7F {
			return false
		}
	}
	if len(d.in) > d.opts.MaxText {
		d.rejected.TooLarge++
		return true
	}
	start := len(d.text)
	d.text = append(d.text, d.in...)
	d.add(found{kind: point.Text, text: start, textEnd: len(d.text)})
	return true
}

func truth(v bool) float64 {
	if v {
		return 1
	}
	return 0
}
