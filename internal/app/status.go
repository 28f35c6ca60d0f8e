package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/observe"
	"github.com/millrace/millrace/internal/say"
)

func (a *App) freeSpace() (int64, error) {
	free, _, err := observe.Disk(a.cfg.Data)
	return free, err
}

// warnOfForgottenLogs names what lies on disk and no stream of the configuration
// owns: it takes space, and nobody would look for it.
func (a *App) warnOfForgottenLogs(ctx context.Context) error {
	logs, err := a.bus.Logs(ctx)
	if err != nil {
		return err
	}
	for _, l := range logs {
		if !l.Open {
			a.log.Warn("a stream lies on disk that the configuration does not name: name it again, or stop the node and move its folder away",
				"stream", l.Name, "bytes", l.Bytes, "folder", l.Dir)
			a.alarms.Raise(forgottenAlarm+l.Name, 3, streamForgotten.With(), forgottenIs.With(l.Name, say.Size(l.Bytes)))
		}
	}
	return nil
}

const forgottenAlarm = "stream-forgotten-"

var (
	streamForgotten = say.New("alarm_stream_forgotten", "A stream is not in the configuration")
	forgottenIs     = say.New("alarm_stream_forgotten_is", "Stream {0} lies on disk with {1} and is not read: sessions get nothing of what it holds until it is configured again. Name it in the configuration, or stop the node and move its folder away.")
)

// knowStream hears of a stream that is open since now.
func (a *App) knowStream(ctx context.Context, name string) error {
	a.alarms.Clear(forgottenAlarm + name)
	return a.broker.AddStream(ctx, name)
}

// streamsReady is nil while every stream takes messages.
func (a *App) streamsReady(context.Context) error {
	for _, s := range a.streams.Stats() {
		if s.Refusing {
			return fault.New(fault.StorageFull, "Stream %s takes no messages: the disk is full.", s.Name)
		}
	}
	return nil
}

// historianReady is nil while the historian takes points in.
func (a *App) historianReady(context.Context) error {
	if a.historian.Stats().Paused {
		return fault.New(fault.StorageFull, "The historian takes no points in: the disk is full. The stream keeps the messages.")
	}
	return nil
}

func (a *App) ready(ctx context.Context) []api.Part {
	return convert(a.health.Check(ctx), func(p observe.Part) api.Part {
		part := api.Part{Name: p.Name, Ready: p.Err == nil}
		if p.Err != nil {
			part.Error = fault.UserMessage(p.Err)
		}
		return part
	})
}

func (a *App) streamOf(topic string) string {
	name, _ := a.streams.Taker([]byte(topic))
	return name
}

func (a *App) activeAlarms() []api.Alarm {
	return convert(a.alarms.Active(), func(al observe.Alarm) api.Alarm {
		return api.Alarm{
			ID: al.ID, Priority: al.Priority, Since: al.Since, Title: al.Title.String(), Detail: al.Detail.String(),
			TitleSaid: api.SaidOf(al.Title), DetailSaid: api.SaidOf(al.Detail),
		}
	})
}

func (a *App) history(window time.Duration, points int) api.History {
	times, rows := a.figures.Read(window, points)
	h := api.History{Step: a.figures.Step().Seconds(), Rows: rows, Times: make([]int64, len(times))}
	for i, t := range times {
		h.Times[i] = t.UnixMilli()
	}
	if len(times) > 1 {
		h.Step = times[len(times)-1].Sub(times[0]).Seconds() / float64(len(times)-1)
	}
	return h
}

func (a *App) status(ctx context.Context) (api.Status, error) {
	parts := a.ready(ctx)
	s := api.Status{
		Node: a.cfg.Node.Name, Version: a.version, Started: a.started, Now: time.Now(), Durability: a.cfg.Durability,
		Parts: parts, Ready: !slices.ContainsFunc(parts, func(p api.Part) bool { return !p.Ready }),
		Broker: a.brokerStatus(), Streams: a.streamStatus(), Historian: a.historianStatus(),
		Dropped: a.reasons(), Alarms: a.activeAlarms(),
	}
	s.Process = a.processStatus(s)
	return s, nil
}

func (a *App) brokerStatus() api.BrokerStatus {
	s := a.broker.Stats()
	return api.BrokerStatus{
		Transport: string(a.broker.Transport()), Connections: s.Connections, Subscriptions: s.Subscriptions,
		ReceivedTotal: sum(s.MessagesIn), SentTotal: sum(s.MessagesOut),
		ReceivedRate: a.figures.Rate("received"), SentRate: a.figures.Rate("sent"), DroppedRate: a.figures.Rate("dropped"),
		BytesInRate: a.figures.Rate("bytes_in"), BytesOutRate: a.figures.Rate("bytes_out"),
	}
}

func (a *App) historianStatus() api.HistorianStatus {
	s := a.historian.Stats()
	return api.HistorianStatus{
		Series: s.Series, PointsTotal: s.Points, PointsRate: a.figures.Rate("points"),
		Bytes: s.Bytes, Lag: s.Lag.Seconds(), Position: s.Committed.String(),
	}
}

func (a *App) processStatus(s api.Status) api.ProcessStatus {
	free, total, _ := observe.Disk(a.cfg.Data) // 0 of 0 says that it is not known
	p := api.ProcessStatus{
		CPU: a.figures.Rate("cpu"), Cores: observe.Cores(), Memory: observe.ResidentBytes(),
		DiskFree: free, DiskTotal: total, DataBytes: s.Historian.Bytes,
	}
	for _, st := range s.Streams {
		p.DataBytes += st.Bytes
	}
	return p
}

// reasons are what was dropped or refused, by reason, most first.
func (a *App) reasons() []api.Reason {
	var list []api.Reason
	b := a.broker.Stats()
	for _, code := range fault.Codes() {
		if total := a.lost(b, code); total > 0 {
			list = append(list, api.Reason{
				Reason: code.String(), Title: code.Title(), Code: code.Quote(),
				Total: total, Rate: a.figures.Rate(lossFigure(code)),
			})
		}
	}
	slices.SortFunc(list, func(x, y api.Reason) int {
		return cmp.Or(cmp.Compare(y.Total, x.Total), strings.Compare(x.Reason, y.Reason))
	})
	return list
}

// lost counts what some part of the node did not take for one reason. That nobody
// subscribes to a topic, that a payload has no value and that a point got the time
// of its arrival is no loss.
func (a *App) lost(b broker.Stats, code fault.Code) (lost uint64) {
	switch code {
	case fault.NoSubscriber, fault.NoValues, fault.TimeUnreadable:
		return 0
	}
	switch code {
	case fault.TakenOver, fault.KeepAlive, fault.ServerShutdown, fault.Kicked, fault.UseAnotherServer, fault.ServerMoved:
	default:
		lost += b.Closed[code]
	}
	return lost + b.Dropped[code] + b.Refused[code] + b.SubscriptionsRefused[code] + a.historian.Rejected(code)
}

func (a *App) lostInAll() uint64 {
	b, total := a.broker.Stats(), uint64(0)
	for _, code := range fault.Codes() {
		total += a.lost(b, code)
	}
	return total
}

func lossFigure(c fault.Code) string { return "dropped:" + c.String() }

func sum(byQoS [3]uint64) uint64 { return byQoS[0] + byQoS[1] + byQoS[2] }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
