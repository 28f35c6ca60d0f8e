package broker

import (
	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/msg"
)

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
				w.surveyFirst(c, uint8(i+1))
			}
		}
		for _, g := range w.groups.kept {
			for i := range b.feeds.list() {
				w.surveyGroup(g, uint8(i+1), b.feeds.begin(uint8(i+1)), true)
			}
		}
	}
}

// surveyFirst asks for a recovered session, which follows the tail if it stands there.
func (w *worker) surveyFirst(c *client, stream uint8) {
	f, k := w.broker.feeds, c.enduring.cursor(stream)
	to := f.begin(stream)
	if k.Next().Compare(to) >= 0 {
		k.Follow()
		return
	}
	q := w.surveyFor(c, stream, to)
	q.First = true
	f.survey.Ask(q)
}

// surveyFor is the question how much there is for a client before that place of the
// stream, where the loop stands; it is not before the client's own place, since a client
// for whom nothing is found follows the tail from there.
func (w *worker) surveyFor(c *client, stream uint8, to msg.Position) *backlog.Inquiry {
	k := c.enduring.cursor(stream)
	return &backlog.Inquiry{
		Question: backlog.Question{From: k.Next(), To: to, Names: c.loggedFilters()},
		Stream:   stream, Loop: w.home, For: c, Round: k.Survey(), Sums: w.totalOf(c, stream),
	}
}

// takeSurvey notes what was found for the readers that stand where they did.
func (w *worker) takeSurvey(r *backlog.Report) {
	if r.Older != nil {
		w.ledger.Precede(r.Stream, r.Older)
	}
	for _, q := range r.Done {
		switch who := q.For.(type) {
		case *client:
			w.takeClientSurvey(who, q)
		case *keptGroup:
			who.takeSurvey(q)
		}
	}
}

// takeClientSurvey: a client for whom there is nothing follows the tail.
func (w *worker) takeClientSurvey(c *client, q *backlog.Inquiry) {
	if w.clients[c.id] != c || c.enduring == nil {
		return
	}
	k := c.enduring.cursor(q.Stream)
	if !k.Surveyed(q.Round, q.Sums.Minus(q.Found)) {
		return
	}
	if c.session.Away() && k.Waiting(w.totalOf(c, q.Stream)) == (backlog.Tally{}) {
		k.Follow()
		w.wakes++
	}
}
