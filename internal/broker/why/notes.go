package why

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/internal/broker/recorder"
)

// state says how the client stands.
func (f *Facts) state() (lines []string) {
	s := f.Standing
	if s == nil {
		return nil
	}
	kind := "its session ends with its connection"
	if s.Durable {
		kind = "its session survives the node"
	} else if s.Lasting {
		kind = "its session outlives its connection"
	}
	word := "connected"
	if !s.Connected {
		word = "away"
	}
	lines = append(lines, fmt.Sprintf("Client %s has been %s for %s; %s.", quoted(f.Client), word, length(f.Now-s.Since), kind))
	if s.Inflight+s.Queued > 0 {
		lines = append(lines, fmt.Sprintf("%d sent to it and not acknowledged, %d in its queue.", s.Inflight, s.Queued))
	}
	if f.Topic == "" {
		return lines
	}
	if now := matching(s.Subscribed, f.Topic); len(now) > 0 {
		lines = append(lines, fmt.Sprintf("It is subscribed to %s.", some(now)))
		for _, s := range now[:min(len(now), mostNotes)] {
			if at, ok := f.renewed(s.Filter); ok {
				lines = append(lines, fmt.Sprintf("The subscription to %s began %s, and was made anew %s ago.", s.Filter, f.began(s), length(f.Now-at)))
			}
		}
	} else {
		lines = append(lines, fmt.Sprintf("It has %s, none of which matches %s.", count(len(s.Subscribed), "subscription"), quoted(f.Topic)))
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
func (f *Facts) began(s Subscription) string {
	for _, e := range slices.Backward(f.Events) {
		if e.Text == s.Filter && e.What == recorder.Subscribed {
			return length(f.Now-e.At) + " ago"
		}
	}
	if s.Since == 0 {
		return "before what is recorded"
	}
	return length(f.Now-s.Since) + " ago"
}

// mostNotes are shown of a kind.
const mostNotes = 5

// notes are what else may help.
func (f *Facts) notes() (list []Note) {
	for _, l := range last(f.Losses) {
		what := ""
		if l.Topic != "" {
			what = " of " + quoted(l.Topic) + " whose beginning is forgotten"
		}
		list = append(list, Note{l.At, because(l.Code), fmt.Sprintf("%s%s dropped for the client: %s.", count(l.Count, "message"), what, reason(l.Code))})
	}
	for _, e := range last(f.Events) {
		switch {
		case e.What == recorder.Refused:
			list = append(list, Note{e.At, because(e.Code), fmt.Sprintf("Its subscription to %s was refused: %s.", e.Text, reason(e.Code))})
		case e.What == recorder.Left && e.Code != 0:
			list = append(list, Note{e.At, because(e.Code), fmt.Sprintf("The node closed its connection: %s.", reason(e.Code))})
		}
	}
	for _, r := range last(f.Refusals) {
		list = append(list, refusal(r))
	}
	if f.Standing == nil {
		for _, r := range last(f.Nameless) {
			n := refusal(r)
			n.Text = "Before it said who it is: " + n.Text
			list = append(list, n)
		}
	}
	if len(f.Similar) > 0 {
		list = append(list, Note{Text: "Published were also, nearly the same: " + strings.Join(f.Similar, ", ") + "."})
	}
	return list
}

func refusal(r Refusal) Note {
	what := "A connection was refused"
	if r.Admitted {
		what = "Refused or closed"
	}
	from := ""
	if r.Address != "" {
		from = " from " + r.Address
	}
	text := fmt.Sprintf("%s%s at listener %s: %s.", what, from, r.Listener, reason(r.Code))
	if r.Text != "" {
		text += " " + r.Text
	}
	return Note{r.At, because(r.Code), text}
}

func last[T any](all []T) []T { return all[max(len(all)-mostNotes, 0):] }
