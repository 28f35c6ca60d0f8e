package why

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/internal/broker/recorder"
	"github.com/millrace/millrace/internal/say"
)

// state says how the client stands.
func (f *Facts) state() (lines []say.Said) {
	s := f.Standing
	if s == nil {
		return nil
	}
	kind := sessionPasses
	if s.Durable {
		kind = sessionSurvives
	} else if s.Lasting {
		kind = sessionLasts
	}
	word := beenConnected
	if !s.Connected {
		word = beenAway
	}
	lines = append(lines, word.With(quoted(f.Client), length(f.Now-s.Since), kind.With()))
	if s.Inflight+s.Queued > 0 {
		lines = append(lines, underWay.With(s.Inflight, s.Queued))
	}
	for _, name := range s.Gone {
		lines = append(lines, streamGone.With(quoted(name), s.Streams[name].Next.Before().String()))
	}
	if f.Topic == "" {
		return lines
	}
	now := matching(s.Subscribed, f.Topic)
	if len(now) == 0 {
		return append(lines, noneMatches.With(subscriptions.With(len(s.Subscribed)), quoted(f.Topic)))
	}
	lines = append(lines, subscribedTo.With(some(now)))
	for _, s := range now[:min(len(now), mostNotes)] {
		if at, ok := f.renewed(s.Filter); ok {
			lines = append(lines, renewed.With(s.Filter, f.began(s), length(f.Now-at)))
		}
	}
	return lines
}

// renewed is when the client last repeated a SUBSCRIBE for the filter.
func (f *Facts) renewed(filter string) (at int64, ok bool) {
	for _, e := range slices.Backward(f.Events) {
		if e.Text == filter && (e.What == recorder.Renewed || e.What == recorder.Subscribed) {
			return e.At, e.What == recorder.Renewed
		}
	}
	return 0, false
}

// began says when a subscription did.
func (f *Facts) began(s Subscription) say.Said {
	for _, e := range slices.Backward(f.Events) {
		if e.Text == s.Filter && e.What == recorder.Subscribed {
			return ago.With(length(f.Now - e.At))
		}
	}
	if s.Since == 0 {
		return beforeRecorded.With()
	}
	return ago.With(length(f.Now - s.Since))
}

// mostNotes are shown of a kind.
const mostNotes = 5

// notes are what else may help.
func (f *Facts) notes() (list []Note) {
	for _, l := range last(f.Losses) {
		var what say.Said
		if l.Topic != "" {
			what = ofForgotten.With(quoted(l.Topic))
		}
		list = append(list, Note{l.At, because(l.Code), droppedNote.With(messages.With(l.Count), what, l.Code)})
	}
	for _, e := range last(f.Events) {
		switch {
		case e.What == recorder.Refused:
			list = append(list, Note{e.At, because(e.Code), refusedNote.With(e.Text, e.Code)})
		case e.What == recorder.Left && e.Code != 0:
			list = append(list, Note{e.At, because(e.Code), closedNote.With(e.Code)})
		}
	}
	for _, r := range last(f.Refusals) {
		list = append(list, refusal(r))
	}
	if f.Standing == nil {
		for _, r := range last(f.Nameless) {
			n := refusal(r)
			n.Text = nameless.With(n.Text)
			list = append(list, n)
		}
	}
	if len(f.Similar) > 0 {
		list = append(list, Note{Text: similar.With(strings.Join(f.Similar, ", "))})
	}
	return list
}

func refusal(r Refusal) Note {
	what := doorRefused
	if r.Admitted {
		what = insideRefused
	}
	var from, more say.Said
	if r.Address != "" {
		from = fromAddress.With(r.Address)
	}
	if r.Text != "" {
		more = inDetail.With(r.Text)
	}
	return Note{r.At, because(r.Code), what.With(from, r.Listener, r.Code, more)}
}

func last[T any](all []T) []T { return all[max(len(all)-mostNotes, 0):] }
