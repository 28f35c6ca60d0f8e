package observe

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is the node's registry of Prometheus metrics. It holds the Go runtime's
// and the process's own from the start.
type Metrics struct {
	registry *prometheus.Registry
	mu       sync.Mutex // one reading at a time
	before   []func()
}

// Before has f called before each reading of the metrics, so that figures that belong
// together can be taken at once. It is for the wiring, before the first reading.
func (m *Metrics) Before(f func()) { m.before = append(m.before, f) }

// oneAtATime calls f after everything that is to come before, for one caller at a time.
func oneAtATime[T any](m *Metrics, f func() (T, error)) func() (T, error) {
	return func() (T, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, before := range m.before {
			before()
		}
		return f()
	}
}

// NewMetrics returns a registry.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Counter registers a counter that read answers for. labels are key, value, key,
// value …; metrics of one name have the same keys and help, and differ in values.
// Like Gauge it is for the wiring: a name registered twice, or one that Prometheus
// would refuse, panics at the start of every run.
func (m *Metrics) Counter(name, help string, read func() float64, labels ...string) {
	m.registry.MustRegister(prometheus.NewCounterFunc(
		prometheus.CounterOpts{Name: name, Help: help, ConstLabels: pairs(name, labels)}, read))
}

// Gauge registers a gauge that read answers for; labels as for Counter.
func (m *Metrics) Gauge(name, help string, read func() float64, labels ...string) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: pairs(name, labels)}, read))
}

// Counters registers counters whose label values are known only while running:
// read calls yield once for each value of the label.
func (m *Metrics) Counters(name, help, label string, read func(yield func(value string, v float64))) {
	m.registry.MustRegister(family{prometheus.NewDesc(name, help, []string{label}, nil), prometheus.CounterValue, read})
}

// Gauges is Counters for gauges.
func (m *Metrics) Gauges(name, help, label string, read func(yield func(value string, v float64))) {
	m.registry.MustRegister(family{prometheus.NewDesc(name, help, []string{label}, nil), prometheus.GaugeValue, read})
}

// Handler serves the metrics in the formats Prometheus reads. A metric that fails
// is left out, the others are served.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(prometheus.GathererFunc(oneAtATime(m, m.registry.Gather)), promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}

func pairs(name string, labels []string) prometheus.Labels {
	if len(labels)%2 != 0 {
		panic(fmt.Sprintf("observe: metric %s has a label without a value: %q", name, labels))
	}
	l := prometheus.Labels{}
	for i := 0; i < len(labels); i += 2 {
		l[labels[i]] = labels[i+1]
	}
	return l
}

// family is a metric of one label that is read all at once.
type family struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(yield func(value string, v float64))
}

func (f family) Describe(ch chan<- *prometheus.Desc) { ch <- f.desc }

func (f family) Collect(ch chan<- prometheus.Metric) {
	f.read(func(value string, v float64) {
		m, err := prometheus.NewConstMetric(f.desc, f.kind, v, value)
		if err != nil {
			m = prometheus.NewInvalidMetric(f.desc, err)
		}
		ch <- m
	})
}
