package backlog

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/msg"
)

// Log is the streams by their numbers.
type Log interface {
	// Replay reads the stream behind that position to its end, or until f returns an error,
	// which it returns. A stream that is not there is empty.
	Replay(ctx context.Context, stream uint8, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error
}

// Inquiry is a question about a stream, with who asks it. To is where its loop stood, and
// Sums what the reader's filters had come to there.
type Inquiry struct {
	Question
	Stream uint8
	Loop   int // that asks, for
	For    any // its reader
	Round  uint32
	Sums   Tally
	First  bool // To is where the tail's reader began
}

// Report is answers for one loop. Older is what was counted before its tail began, for
// all readers; nil when only some were looked at.
type Report struct {
	Stream uint8
	Older  *Ledger
	Done   []*Inquiry
}

// Surveyor finds out how much the log has for readers of which that is not known: behind
// a start for all, later for those that were cut off while they caught up. It reads the
// log once for many. Any goroutine may ask.
type Surveyor struct {
	ctx    context.Context
	log    Log
	spacer func() Spacer
	report []func(*Report) // by loop

	wake  chan struct{}
	mu    sync.Mutex // guards asked
	asked []*Inquiry
}

// NewSurveyor returns one that works until ctx ends, for loops that are told what was found
// by report, which must not block.
func NewSurveyor(ctx context.Context, log Log, spacer func() Spacer, report []func(*Report)) *Surveyor {
	return &Surveyor{ctx: ctx, log: log, spacer: spacer, report: report, wake: make(chan struct{}, 1)}
}

// Ask has the questions answered. It never waits.
func (v *Surveyor) Ask(qs ...*Inquiry) {
	v.mu.Lock()
	v.asked = append(v.asked, qs...)
	v.mu.Unlock()
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// Serve answers until the surveyor's context ends.
func (v *Surveyor) Serve() {
	for {
		select {
		case <-v.wake:
		case <-v.ctx.Done():
			return
		}
		for qs := v.next(); len(qs) > 0; qs = v.next() {
			v.answer(qs)
		}
	}
}

// next takes the questions about one stream.
func (v *Surveyor) next() (qs []*Inquiry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var rest []*Inquiry
	for _, q := range v.asked {
		if len(qs) == 0 || q.Stream == qs[0].Stream {
			qs = append(qs, q)
		} else {
			rest = append(rest, q)
		}
	}
	v.asked = rest
	return qs
}

func (v *Surveyor) answer(qs []*Inquiry) {
	p := v.read(qs)
	for ; p == nil; p = v.read(qs) {
		if v.pause(time.Second); v.ctx.Err() != nil {
			return
		}
	}
	first := false
	done := make([][]*Inquiry, len(v.report))
	for _, q := range qs {
		first = first || q.First
		done[q.Loop] = append(done[q.Loop], q)
	}
	for loop, tell := range v.report {
		r := &Report{Stream: qs[0].Stream, Done: done[loop]}
		if first {
			r.Older = &p.Ledger
		}
		tell(r)
	}
}

var errEnough = errors.New("backlog: enough for one survey")

// read makes one pass; nil says that the log could not be read.
func (v *Surveyor) read(qs []*Inquiry) *Survey {
	stream := qs[0].Stream
	asked := make([]*Question, len(qs))
	for i, q := range qs {
		asked[i] = &q.Question
	}
	p := NewSurvey(stream, asked, v.spacer())
	if p.From.Compare(p.To) < 0 {
		err := v.log.Replay(v.ctx, stream, p.From.Before(), func(at msg.Position, ms []msg.Message) error {
			if at.Compare(p.To) >= 0 {
				return errEnough
			}
			p.Entry(at, ms)
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return nil
		}
	}
	p.End()
	return p
}

// pause waits, or until the surveyor's context ends.
func (v *Surveyor) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-v.ctx.Done():
	case <-t.C:
	}
}
