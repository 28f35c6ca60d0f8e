package sim

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Options of a run. The zero value of each is a useful default.
type Options struct {
	// Plant is the model. A zero Start is the moment publishing begins, which
	// stamps real time.
	Plant PlantOptions
	// Addr is the broker's "host:port"; empty is 127.0.0.1:1883.
	Addr string
	// Dial opens connections in place of TCP to Addr.
	Dial func(ctx context.Context) (net.Conn, error)
	// Version of the protocol; MQTT 5 when 0.
	Version packet.Version
	// Username and Password of every device; empty are not sent.
	Username, Password string
	// ClientPrefix begins every client identifier; empty is "sim-".
	ClientPrefix string
	// QoS is 0 or 1.
	QoS byte
	// Duration is how long to publish; 0 is until ctx ends. With a duration the
	// number of messages is exactly Rate times Duration.
	Duration time.Duration
	// ConnectionsPerSecond bounds how fast devices connect; 0 is 500.
	ConnectionsPerSecond float64
	// ConnectTimeout is how long to try until the first device is connected; 0 is
	// 30 s. Publishing begins when all are, or then.
	ConnectTimeout time.Duration
	// DrainTimeout is how long to wait for acknowledgements at the end; 0 is 30 s.
	DrainTimeout time.Duration
	// Window is how many messages a device has unacknowledged; 0 is 64.
	Window int
	// Backlog is how many messages all devices together hold back while they
	// cannot send; 0 is 200,000. What comes on top is dropped and counted.
	Backlog int
	// Progress, if set, is called every ProgressEvery, 5 s when 0.
	Progress      func(Progress)
	ProgressEvery time.Duration
	// Log gets connection trouble at debug level; nil is silent.
	Log *slog.Logger
}

func (o *Options) defaults() error {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:1883"
	}
	if o.ClientPrefix == "" {
		o.ClientPrefix = "sim-"
	}
	if o.ConnectionsPerSecond == 0 {
		o.ConnectionsPerSecond = 500
	}
	orElse(&o.ConnectTimeout, 30*time.Second)
	orElse(&o.DrainTimeout, 30*time.Second)
	orElse(&o.ProgressEvery, 5*time.Second)
	orElse(&o.Window, 64)
	orElse(&o.Backlog, 200_000)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case o.QoS > 1:
		return fmt.Errorf("sim: QoS %d: must be 0 or 1", o.QoS)
	case o.Duration < 0:
		return fmt.Errorf("sim: duration %v: must not be negative", o.Duration)
	case !(o.ConnectionsPerSecond > 0):
		return fmt.Errorf("sim: %g connections per second: must be above 0", o.ConnectionsPerSecond)
	}
	return o.Plant.defaults()
}

func orElse[T int | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// messages is how many are published in all.
func (o *Options) messages() int64 {
	if o.Duration == 0 {
		return math.MaxInt64
	}
	return int64(math.Round(o.Plant.Rate * o.Duration.Seconds()))
}

// Check returns what is wrong with the options, nil when nothing is.
func (o Options) Check() error { return o.defaults() }
