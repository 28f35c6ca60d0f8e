package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/refused"
	"github.com/millrace/millrace/internal/broker/why"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/say"
)

var _ api.Why = whyAPI{}

// whyAPI gathers what the rooms know of a message, and tells it.
type whyAPI struct{ app *App }

// orNone is the broker's option for a setting where 0 means none.
func orNone(setting int64) int64 {
	if setting == 0 {
		return -1
	}
	return setting
}

func (w whyAPI) Why(ctx context.Context, q api.WhyQuestion) (api.WhyAnswer, error) {
	a := w.app
	ask := why.Question{Client: q.Client, Topic: q.Topic, Since: q.Since.UnixNano(), Most: q.Limit}
	stream, stored, err := a.whyMessage(ctx, q.Message, &ask)
	if err != nil {
		return api.WhyAnswer{}, err
	}
	f, err := a.whyRecorded(ctx, ask)
	if err != nil {
		return api.WhyAnswer{}, err
	}
	if f.Topic == "" {
		return api.WhyAnswer{}, fault.New(fault.NotFound, "The message %s is not recorded: the flight recorder has forgotten it, or the node has started since.", q.Message)
	}
	f.Now = time.Now().UnixNano()
	if stored != nil {
		f.Store(stream, []msg.Placed{*stored})
	} else {
		a.whyStored(ctx, f)
	}
	a.whyValues(f)
	if err := a.whyNames(ctx, f); err != nil {
		return api.WhyAnswer{}, err
	}
	a.whyRefused(f)
	return a.whyAnswer(why.Tell(f)), nil
}

// whyMessage finds the message that is asked about, in the log where it is named by its
// place there.
func (a *App) whyMessage(ctx context.Context, name string, q *why.Question) (stream string, m *msg.Placed, err error) {
	if name == "" {
		return "", nil, nil
	}
	if id, ok := why.ParseID(name); ok {
		q.ID = id
		return "", nil, nil
	}
	stream, place, _ := strings.Cut(name, ":")
	at, ok := msg.ParsePosition(place)
	if !ok {
		return "", nil, fault.New(fault.Invalid, "%q is no message: write an id that millrace why has shown, or a stream and a position such as telemetry:17:3.", name)
	}
	p, err := a.streams.Page(ctx, stream, at.Before(), "", 1, 0)
	if err != nil {
		return "", nil, err
	}
	if len(p.Messages) == 0 || p.Messages[0].At != at {
		return "", nil, fault.New(fault.NotFound, "Stream %s has no message at %v any more, or not yet.", stream, at)
	}
	m = &p.Messages[0]
	q.Topic, q.Time = string(m.Topic), m.Time
	return stream, m, nil
}

// whyRecorded asks the broker.
func (a *App) whyRecorded(ctx context.Context, q why.Question) (*why.Facts, error) {
	standing, here, err := a.broker.Standing(ctx, q.Client)
	if err != nil {
		return nil, err
	}
	parts, err := a.broker.Recordings(ctx)
	if err != nil {
		return nil, err
	}
	loops := make([]why.Loop, len(parts))
	for i, p := range parts {
		loops[i] = why.Loop{Segments: p.Segments, From: p.From, Forgot: p.Forgot}
	}
	f := why.Gather(q, loops, a.broker.LoopOf(q.Client), standing.Conn, why.Names{Kept: a.streamNumbered, Logged: a.broker.StreamName})
	if here {
		f.Standing = whyStanding(standing)
		f.Standing.Gone = a.streamsGone(f.Standing)
	}
	return f, nil
}

// streamNumbered is the stream that the broker hands messages over to by that number.
func (a *App) streamNumbered(number uint8) string {
	for _, name := range a.streams.Names() {
		if i, ok := a.streams.Index(name); ok && i == int(number) {
			return name
		}
	}
	return ""
}

// streamsGone are streams that the client had to read and the node does not have.
func (a *App) streamsGone(s *why.Standing) (gone []string) {
	have := a.streams.Names()
	for name := range s.Streams {
		if !slices.Contains(have, name) {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	return gone
}

func whyStanding(s broker.Standing) *why.Standing {
	out := &why.Standing{Loop: s.Loop, Conn: s.Conn, Connected: s.Connected, Since: s.Since, Lasting: s.Lasting, Durable: s.Durable,
		Inflight: s.Inflight, Queued: s.Queued, Streams: map[string]why.Progress{}}
	out.Subscribed = convert(s.Subscribed, func(s broker.StandingSubscription) why.Subscription { return why.Subscription(s) })
	for name, p := range s.Streams {
		out.Streams[name] = why.Progress(p)
	}
	return out
}

// whyLook bounds how long the log is looked through.
const whyLook = 5 * time.Second

// whyStored adds what the log has: where the messages stand, and those that are not
// recorded. What cannot be read is left out; the story says then what is not known.
func (a *App) whyStored(ctx context.Context, f *why.Facts) {
	stream := a.streamOf(f.Topic)
	if stream == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, whyLook)
	defer cancel()
	after, err := a.streams.Find(ctx, stream, time.Unix(0, f.Oldest()))
	for more := true; err == nil && more; {
		var p api.StreamPage
		p, err = a.streams.Page(ctx, stream, after, f.Topic, 1000, 0)
		f.Store(stream, p.Messages)
		after, more = p.Next, p.More && ctx.Err() == nil
	}
}

// whyValues adds what the historian made of the messages.
func (a *App) whyValues(f *why.Facts) {
	for _, m := range f.Messages {
		if m.Stored != nil && m.Stream == a.cfg.Historian.Stream {
			j := a.historian.Judge(m.Stored.At, &m.Stored.Message)
			m.Values = &why.Values{Pending: j.Pending, Taken: j.Taken, Rejected: j.Rejected}
		}
	}
}

func (a *App) whyNames(ctx context.Context, f *why.Facts) error {
	names, err := a.broker.Named(ctx, f.Unnamed())
	if err == nil {
		f.Name(names)
	}
	return err
}

// whyRefused adds who was refused by the client's name, or without any.
func (a *App) whyRefused(f *why.Facts) {
	f.Refusals = a.whyRefusals(refused.Query{Client: f.Client, Since: time.Unix(0, f.Since)}, func(r refused.Refusal) bool { return r.Client == f.Client })
	if f.Standing == nil {
		f.Nameless = a.whyRefusals(refused.Query{Since: time.Unix(0, f.Since)}, func(r refused.Refusal) bool { return r.Client == "" })
	}
}

func (a *App) whyRefusals(q refused.Query, is func(refused.Refusal) bool) (list []why.Refusal) {
	const most = 100
	q.Limit, q.Sort, q.Desc = most, "lastAt", true
	all, _ := a.refused.List(q, time.Now())
	for i := len(all) - 1; i >= 0; i-- {
		if r := all[i]; is(r) {
			list = append(list, why.Refusal{At: r.LastAt.UnixNano(), Address: r.From(), Listener: r.Listener, Admitted: r.Admitted, Code: r.Code, Text: r.Text, Count: r.Count})
		}
	}
	return list
}

func (a *App) whyAnswer(in why.Answer) api.WhyAnswer {
	out := api.WhyAnswer{Client: in.Client, Topic: in.Topic, Outcome: string(in.Outcome), Reason: api.ReasonOf(in.Reason), Text: in.Text.String(), Said: api.SaidOf(in.Text), State: convert(in.State, whyState),
		Messages: convert(in.Stories, whyStory), More: in.More, Notes: convert(in.Notes, whyNote), Window: api.WhyWindow{From: a.started.UTC(), Forgotten: in.Forgot}}
	if in.From != 0 {
		out.Window.From = moment(in.From)
	}
	return out
}

func whyStory(s why.Story) api.WhyMessage {
	out := api.WhyMessage{Time: moment(s.Time), Publisher: s.By, QoS: int(s.QoS), Retain: s.Retain, Outcome: string(s.Outcome), Reason: api.ReasonOf(s.Reason), Text: s.Text.String(), Said: api.SaidOf(s.Text), Steps: convert(s.Steps, whyNote)}
	if s.ID != (why.ID{}) {
		out.ID = s.ID.String()
	}
	if s.Position.Seq > 0 {
		out.Position = s.Stream + ":" + s.Position.String()
	}
	return out
}

func whyNote(n why.Note) api.WhyNote {
	out := api.WhyNote{Reason: api.ReasonOf(n.Reason), Text: n.Text.String(), Said: api.SaidOf(n.Text)}
	if n.At != 0 {
		at := moment(n.At)
		out.At = &at
	}
	return out
}

func whyState(s say.Said) api.WhyNote { return whyNote(why.Note{Text: s}) }

// recorderWindow is how far back the flight recorder has everything, in seconds.
func (a *App) recorderWindow() float64 {
	from := a.snapshot().RecordedFrom
	if from == 0 {
		return 0
	}
	return time.Since(time.Unix(0, from)).Seconds()
}
