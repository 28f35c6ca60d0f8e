package topics

import (
	"math"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/millrace/millrace/internal/msg"
)

const (
	// overlap is how much older a message may be than the last and yet have come
	// later, by another loop. What is older still says that the clock stepped back.
	overlap = time.Second
	// previewRunes is how much of a text payload a list shows.
	previewRunes = 96
)

// last is a topic's last message and how its number moved.
type last struct {
	node         *node
	older, newer *last // by arrival
	time         int64 // ns since 1970
	publisher    string
	payload      []byte // its beginning, when size is larger
	size         int
	qos          byte
	retain       bool
	slot         int64 // of the newest look at the payload's number
	spark        *spark
}

// set makes the line's newest message the last one.
func (l *last) set(line *msg.Line) {
	m := &line.Newest
	l.time, l.size, l.qos, l.retain = m.Time, line.Size, m.QoS, m.Retain
	if n := len(m.Payload); n > cap(l.payload) || cap(l.payload) > 2*n+64 {
		l.payload = make([]byte, 0, n)
	}
	l.payload = append(l.payload[:0], m.Payload...)
	if string(m.Publisher) != l.publisher {
		l.publisher = string(m.Publisher)
	}
	l.sample()
}

// supersededBy says whether a message of that time comes after the last one.
func (l *last) supersededBy(time int64) bool {
	return time >= l.time || time < l.time-int64(overlap)
}

// sample looks at the number once a slot, not once a message.
func (l *last) sample() {
	slot := max(l.time, 0) / int64(step)
	if slot <= l.slot {
		return
	}
	l.slot = slot
	v, ok := l.number()
	if !ok {
		return
	}
	if l.spark == nil {
		l.spark = new(spark)
	}
	l.spark.add(slot, float32(v))
}

// number is the payload's, when the whole of it is here.
func (l *last) number() (float64, bool) {
	if len(l.payload) < l.size {
		return 0, false
	}
	return number(l.payload)
}

func (l *last) message(topic string) Message {
	return Message{Topic: topic, Time: time.Unix(0, l.time).UTC(), Publisher: l.publisher, QoS: l.qos, Retain: l.retain,
		Size: l.size, Payload: slices.Clone(l.payload)}
}

// describe is the node as others see it, at now (ns since 1970).
func (n *node) describe(now int64) Node {
	out := Node{Name: n.name, Topic: n.topic, Children: len(n.children), Topics: n.below,
		Rate: n.rate.at(now), Publishers: n.publishers.count()}
	l := n.last
	if l == nil {
		return out
	}
	out.HasMessage, out.Time, out.Publisher = true, time.Unix(0, l.time).UTC(), l.publisher
	out.Preview = preview(l.payload)
	if v, ok := l.number(); ok {
		out.Value = &v
	}
	if l.spark != nil {
		out.Spark = l.spark.values(max(now, 0) / int64(step))
	}
	return out
}

// preview is the beginning of a text payload on one line; "" for other payloads.
func preview(payload []byte) string {
	out := make([]rune, 0, previewRunes)
	for len(payload) > 0 && len(out) < previewRunes {
		r, size := utf8.DecodeRune(payload)
		if r == utf8.RuneError && size <= 1 {
			return ""
		}
		if unicode.IsSpace(r) {
			r = ' '
		} else if !unicode.IsPrint(r) {
			return ""
		}
		out = append(out, r)
		payload = payload[size:]
	}
	return string(out)
}

// short writes a float32 back as the decimal that people sent.
func short(v float32) float64 {
	f, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	if err != nil || math.IsInf(f, 0) {
		return 0
	}
	return f
}
