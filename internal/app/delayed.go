package app

import (
	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/broker"
)

var _ api.DelayedMessages = delayedAPI{}

// delayedAPI answers in the API's types.
type delayedAPI struct{ *broker.Broker }

func (d delayedAPI) Delayed() []api.Delayed {
	return convert(d.Broker.Delayed(), func(m broker.Delayed) api.Delayed {
		return api.Delayed{
			ID: m.ID, Topic: m.Topic, Publisher: m.Publisher, QoS: int(m.QoS), Retain: m.Retain,
			Size: m.Bytes, At: m.Arrived, DueAt: m.Due,
		}
	})
}

// delayedMetrics shows what waits for its time.
func (a *App) delayedMetrics() {
	m, stats := a.metrics, a.snapshot
	m.Gauge("millrace_delayed", "Messages that wait for their time.", func() float64 { return float64(stats().Delayed) })
	m.Gauge("millrace_delayed_bytes", "Bytes of the messages that wait for their time.", func() float64 { return float64(stats().DelayedBytes) })
	m.Counter("millrace_delayed_total", "Messages that clients published for a later time.", func() float64 { return float64(stats().DelayedTotal) })
}
