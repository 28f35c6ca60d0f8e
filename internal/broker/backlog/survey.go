package backlog

import (
	"slices"

	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// Question is how much of a stream matches some filters from one place to another.
type Question struct {
	From, To msg.Position
	Names    []string // of the filters
	Found    Tally    // the answer

	filters []*Filter // the survey's
	before  Tally
}

// Survey answers questions about one stream in one reading of it, from the lowest place of
// all to the highest.
type Survey struct {
	// Ledger has what the survey has counted.
	Ledger   Ledger
	From, To msg.Position

	stream       uint8
	spacer       Spacer
	filters      topic.Tree[*Filter]
	topics       map[string][]*Filter
	begins, ends []*Question // that are ahead, by place
}

// NewSurvey begins with questions of which there is at least one; the spacer says where the
// ledger takes marks.
func NewSurvey(stream uint8, qs []*Question, s Spacer) *Survey {
	p := &Survey{stream: stream, spacer: s, topics: map[string][]*Filter{}}
	p.begins, p.ends = slices.Clone(qs), slices.Clone(qs)
	slices.SortFunc(p.begins, func(a, b *Question) int { return a.From.Compare(b.From) })
	slices.SortFunc(p.ends, func(a, b *Question) int { return a.To.Compare(b.To) })
	p.From, p.To = p.begins[0].From, p.ends[len(qs)-1].To
	for _, q := range qs {
		q.filters = q.filters[:0]
		for _, name := range q.Names {
			f := p.Ledger.Use(name, false)
			p.filters.Add(name, f)
			q.filters = append(q.filters, f)
		}
	}
	return p
}

// Entry counts the messages of an entry of the log, which come in its order.
func (p *Survey) Entry(at msg.Position, ms []msg.Message) {
	if last, due := p.spacer.Next(at, ms[0].Time); due {
		p.Ledger.Mark(p.stream, at, last)
	}
	bytes, last := 0, int64(0)
	for i := range ms {
		m, here := &ms[i], msg.Position{Seq: at.Seq, Index: at.Index + uint32(i)}
		p.pass(here)
		bytes += m.Bytes()
		last = max(last, m.Time)
		if m.QoS == 0 {
			continue
		}
		for _, f := range p.matching(m.Topic) {
			p.Ledger.Count(f, p.stream, m.Bytes())
		}
	}
	p.spacer.Add(len(ms), bytes, last)
}

// pass notes the sums of those who begin or end before the message.
func (p *Survey) pass(here msg.Position) {
	for ; len(p.begins) > 0 && p.begins[0].From.Compare(here) <= 0; p.begins = p.begins[1:] {
		q := p.begins[0]
		q.before = Total(q.filters, p.stream)
	}
	for ; len(p.ends) > 0 && p.ends[0].To.Compare(here) <= 0; p.ends = p.ends[1:] {
		q := p.ends[0]
		q.Found = Total(q.filters, p.stream).Minus(q.before)
	}
}

// End says that nothing more comes.
func (p *Survey) End() { p.pass(msg.Position{Seq: 1<<64 - 1}) }

// surveyTopics is of how many topics a survey remembers whose they are.
const surveyTopics = 1 << 16

func (p *Survey) matching(name []byte) (all []*Filter) {
	all, known := p.topics[string(name)]
	if known {
		return all
	}
	p.filters.Match(name, func(f *Filter) { all = append(all, f) })
	if len(p.topics) >= surveyTopics {
		clear(p.topics)
	}
	p.topics[string(name)] = all
	return all
}
