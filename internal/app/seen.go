package app

import (
	"context"
	"io"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/refused"
	"github.com/millrace/millrace/internal/broker/slow"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/observe/trace"
)

var (
	_ api.Listeners = listenersAPI{}
	_ api.Traces    = tracesAPI{}

	_ api.SlowSubscribers = slowAPI{}
	_ api.TopicMetrics    = metersAPI{}
)

// rank makes the ranking of slow subscribers and returns what fills it; nil for none.
func (a *App) rank() func(client, topic string, took time.Duration, at time.Time) {
	c := a.cfg.Observe
	if c.SlowThreshold == 0 {
		return nil
	}
	a.slow = slow.New(c.SlowTop, c.SlowFor)
	return a.slow.Add
}

// late is what notes in the ranking who is slow at the moment; nil for none.
func (a *App) late() func(client, topic string, took time.Duration, at time.Time, missed uint64) {
	if a.slow == nil {
		return nil
	}
	return a.slow.Note
}

// slowAPI shows the ranking; without one it is empty.
type slowAPI struct{ *slow.Ranking }

func (s slowAPI) Slow() []api.SlowSubscriber {
	if s.Ranking == nil {
		return nil
	}
	return convert(s.List(time.Now()), func(s slow.Subscriber) api.SlowSubscriber {
		return api.SlowSubscriber{Client: s.Client, Topic: s.Topic, Latency: milliseconds(s.Took), Count: s.Count, At: s.At.UTC()}
	})
}

func (s slowAPI) Clear() {
	if s.Ranking != nil {
		s.Ranking.Clear()
	}
}

// metersAPI counts topics on demand.
type metersAPI struct{ *broker.Broker }

func (m metersAPI) TopicMetrics() []api.TopicMetric { return convert(m.TopicCounts(), topicMetricRow) }

func (m metersAPI) AddTopicMetric(filter string) (api.TopicMetric, error) {
	c, err := m.CountTopic(filter)
	return topicMetricRow(c), err
}

func (m metersAPI) DeleteTopicMetric(filter string) error { return m.UncountTopic(filter) }

func topicMetricRow(c broker.TopicCount) api.TopicMetric {
	return api.TopicMetric{
		Filter: c.Filter, Since: c.Since.UTC(), Dropped: c.Dropped, BytesIn: c.BytesIn, BytesOut: c.BytesOut, InRate: c.InRate, OutRate: c.OutRate,
		In: api.QoSCounts{QoS0: c.In[0], QoS1: c.In[1], QoS2: c.In[2]}, Out: api.QoSCounts{QoS0: c.Out[0], QoS1: c.Out[1], QoS2: c.Out[2]},
	}
}

func (a *App) refusedClients(q api.RefusedQuery, since time.Time) ([]api.Refusal, int) {
	list, count := a.refused.List(refused.Query{Admitted: q.Admitted(),
		Since: since, Kind: refused.Kind(q.Kind), Reason: q.Reason, Client: q.Client, Address: q.Address, User: q.User, Search: q.Search,
		Sort: q.Sort, Desc: q.Order == "desc", Offset: offset(q.Paging), Limit: q.Limit,
	}, time.Now())
	return convert(list, refusalRow), count
}

func refusalRow(r refused.Refusal) api.Refusal {
	return api.Refusal{
		At: r.At.UTC(), LastAt: r.LastAt.UTC(), Count: r.Count, Client: r.Client, User: r.User, Address: r.From(), Listener: r.Listener, Admitted: r.Admitted,
		Kind: string(refused.KindOf(r.Code)), Reason: r.Code.String(), Code: r.Code.Quote(), Text: r.Text,
	}
}

// listenersAPI shows the broker's listeners.
type listenersAPI struct{ *broker.Broker }

func (l listenersAPI) Listeners() []api.Listener { return convert(l.Broker.Listeners(), listenerRow) }

func (l listenersAPI) Reload(context.Context) ([]string, error) { return l.Broker.ReloadCertificates() }

func listenerRow(s broker.ListenerState) api.Listener {
	row := api.Listener{Name: s.Name, Kind: s.Kind, Address: s.Address, Zone: s.Zone, Listening: s.Listening, Anonymous: s.Anonymous, AnonymousLocal: s.AnonymousLocal,
		Open: int64(s.Open), Accepted: s.Accepted, Refused: map[string]uint64{}}
	for code, n := range s.Refused {
		row.Refused[code.String()] = n
	}
	if c := s.Certificates; c != nil {
		row.Certificate = &api.Certificate{Subject: c.Subject, NotAfter: c.Expires, Names: append([]string{}, c.Names...), Read: c.Read}
		if c.Failed != nil {
			row.Certificate.Failed = fault.UserMessage(c.Failed)
		}
	}
	return row
}

func (a *App) openTraces(context.Context) (_ stop, err error) {
	follow := func(kind, value string, sink func(trace.Packet)) (func(), error) {
		return a.broker.Trace(kind, value, func(p broker.TracedPacket) { sink(trace.Packet(p)) })
	}
	c := a.cfg.Observe
	a.traces, err = trace.Open(trace.Options{Dir: a.path("traces"), Follow: follow, Traces: c.Traces, Total: c.TraceBytes.Int64(), Log: a.log})
	if err != nil {
		return nil, err
	}
	return simple(a.traces.Close), nil
}

// tracesAPI shows the traces.
type tracesAPI struct{ *trace.Book }

func (t tracesAPI) Traces() []api.Trace { return convert(t.List(), traceRow) }

func (t tracesAPI) StartTrace(n api.NewTrace) (api.Trace, error) {
	i, err := t.Start(trace.Wanted{Name: n.Name, Kind: n.Kind, Value: n.Value, Format: n.Format, Payload: n.Payload, MaxBytes: n.MaxBytes, Until: n.Until})
	return traceRow(i), err
}

func (t tracesAPI) StopTrace(name string) (api.Trace, error) {
	i, err := t.Stop(name)
	return traceRow(i), err
}

func (t tracesAPI) DeleteTrace(name string) error { return t.Delete(name) }

func (t tracesAPI) TraceFile(name string) (io.ReadCloser, int64, error) { return t.Content(name) }

func traceRow(i trace.Info) api.Trace {
	row := api.Trace{Name: i.Name, Kind: i.Kind, Value: i.Value, Format: i.Format, Payload: i.Payload || i.Format == trace.Pcapng,
		MaxBytes: i.MaxBytes, Until: i.Until, Started: i.Started, Stopped: i.Stopped, Ended: i.Ended,
		Packets: i.Packets, Missed: i.Missed, Bytes: i.Bytes, File: i.File(), State: "running"}
	if !i.Stopped.IsZero() {
		row.State = "stopped"
	}
	return row
}
