package broker

import (
	"sync"
	"time"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/msg"
)

// surveyor finds out how much the log has for sessions of which that is not known: behind
// a start for all, later for those that were cut off while they caught up. It reads the
// log once for many.
type surveyor struct {
	feeds *feeds
	wake  chan struct{}
	mu    sync.Mutex // guards asked
	asked []*question
}

// question is how much there is for a client from one place to another, which is where
// its loop stood, and the sum of its filters was sums.
type question struct {
	backlog.Question
	worker *worker
	client *client    // or else
	group  *keptGroup // a shared subscription
	stream uint8
	round  uint32 // of the cursor
	sums   backlog.Tally
	first  bool // it goes to where the tail reader began
}

// surveyed are answers for one loop. older is what was counted before its tail began, for
// all sessions; nil when only some were looked at.
type surveyed struct {
	stream uint8
	older  *backlog.Ledger
	done   []*question
}

func (v *surveyor) ask(qs ...*question) {
	v.mu.Lock()
	v.asked = append(v.asked, qs...)
	v.mu.Unlock()
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// run answers until the feeds stop.
func (v *surveyor) run() {
	for {
		select {
		case <-v.wake:
		case <-v.feeds.ctx.Done():
			return
		}
		for qs := v.next(); len(qs) > 0; qs = v.next() {
			v.answer(qs)
		}
	}
}

// next takes the questions about one stream.
func (v *surveyor) next() (qs []*question) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var rest []*question
	for _, q := range v.asked {
		if len(qs) == 0 || q.stream == qs[0].stream {
			qs = append(qs, q)
		} else {
			rest = append(rest, q)
		}
	}
	v.asked = rest
	return qs
}

func (v *surveyor) answer(qs []*question) {
	stream, first := qs[0].stream, false
	p := v.read(qs)
	for p == nil {
		if v.feeds.pause(time.Second); v.feeds.ctx.Err() != nil {
			return
		}
		p = v.read(qs)
	}
	for _, q := range qs {
		first = first || q.first
	}
	for _, w := range v.feeds.workers {
		a := &surveyed{stream: stream}
		if first {
			a.older = &p.Ledger
		}
		for _, q := range qs {
			if q.worker == w {
				a.done = append(a.done, q)
			}
		}
		w.loop.Post(a)
	}
}

// read makes one pass; nil says that the log could not be read.
func (v *surveyor) read(qs []*question) *backlog.Survey {
	stream := qs[0].stream
	asked := make([]*backlog.Question, len(qs))
	for i, q := range qs {
		asked[i] = &q.Question
	}
	p := backlog.NewSurvey(stream, asked, v.feeds.spacer())
	if p.From.Compare(p.To) < 0 {
		err := numbered{v.feeds}.Replay(v.feeds.ctx, stream, p.From.Before(), func(at msg.Position, ms []msg.Message) error {
			if at.Compare(p.To) >= 0 {
				return errFed
			}
			p.Entry(at, ms)
			return nil
		})
		if err != nil && err != errFed {
			return nil
		}
	}
	p.End()
	return p
}

func (f *feeds) spacer() backlog.Spacer {
	b := &f.workers[0].options.Backlog
	return backlog.Space(*b.bounds(), b.BytesAll)
}

// begin is the first place of the stream that its tail reader takes.
func (f *feeds) begin(stream uint8) msg.Position {
	return msg.Position{Seq: f.began[stream-1].Seq + 1}
}

// surveyAll asks for all recovered sessions, up to where the tail readers begin. Loops do
// not run yet.
func (b *Broker) surveyAll() {
	for _, w := range b.workers {
		for _, c := range w.patrol.sessions {
			for i := range b.feeds.list() {
				k := c.enduring.cursor(uint8(i + 1))
				if to := b.feeds.begin(uint8(i + 1)); k.Next().Compare(to) < 0 {
					q := w.surveyFor(c, uint8(i+1), to)
					q.first = true
					b.feeds.survey.ask(q)
				} else {
					k.Follow()
				}
			}
		}
		for _, g := range w.groups.kept {
			for i := range b.feeds.list() {
				w.surveyGroup(g, uint8(i+1), b.feeds.begin(uint8(i+1)), true)
			}
		}
	}
}

// surveyFor is the question how much there is for a client before that place of the
// stream, where the loop stands; it is not before the client's own place, since a client
// for whom nothing is found follows the tail from there.
func (w *worker) surveyFor(c *client, stream uint8, to msg.Position) *question {
	k := c.enduring.cursor(stream)
	return &question{
		Question: backlog.Question{From: k.Next(), To: to, Names: c.loggedFilters()},
		worker:   w, client: c, stream: stream, round: k.Survey(), sums: w.totalOf(c, stream),
	}
}

// takeSurvey notes what was found for the clients that stand where they did. For whom
// there is nothing follows the tail.
func (w *worker) takeSurvey(a *surveyed) {
	if a.older != nil {
		w.ledger.Precede(a.stream, a.older)
	}
	for _, q := range a.done {
		if q.group != nil {
			w.takeGroupSurvey(q)
			continue
		}
		if w.clients[q.client.id] != q.client || q.client.enduring == nil {
			continue
		}
		k := q.client.enduring.cursor(q.stream)
		if !k.Surveyed(q.round, q.sums.Minus(q.Found)) {
			continue
		}
		if q.client.session.Away() && k.Waiting(w.totalOf(q.client, q.stream)) == (backlog.Tally{}) {
			k.Follow()
			w.wakes++
		}
	}
}
