package observe

import "github.com/prometheus/client_golang/prometheus"

// Counted is a histogram as it stands: how many values, their sum, and how many lie
// below each upper bound.
type Counted struct {
	Count uint64
	Sum   float64
	Below map[float64]uint64
}

// Histogram registers a histogram that read answers for.
func (m *Metrics) Histogram(name, help string, read func() Counted) {
	m.registry.MustRegister(histogram{prometheus.NewDesc(name, help, nil, nil), read})
}

type histogram struct {
	desc *prometheus.Desc
	read func() Counted
}

func (h histogram) Describe(ch chan<- *prometheus.Desc) { ch <- h.desc }

func (h histogram) Collect(ch chan<- prometheus.Metric) {
	c := h.read()
	m, err := prometheus.NewConstHistogram(h.desc, c.Count, c.Sum, c.Below)
	if err != nil {
		m = prometheus.NewInvalidMetric(h.desc, err)
	}
	ch <- m
}
