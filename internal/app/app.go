package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/internal/access"
	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/api/topics"
	"github.com/millrace/millrace/internal/backup"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/refused"
	"github.com/millrace/millrace/internal/broker/slow"
	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/historian"
	"github.com/millrace/millrace/internal/observe"
	"github.com/millrace/millrace/internal/observe/trace"
	"github.com/millrace/millrace/internal/people"
	"github.com/millrace/millrace/internal/stream"
	"github.com/millrace/millrace/internal/stream/group"
	"github.com/millrace/millrace/internal/stream/replay"
)

// Options of a node. Config and Origins come from config.Load.
type Options struct {
	Config  *config.Config
	Origins *config.Origins
	// ConfigFile is the file that Config was read from, if any.
	ConfigFile string
	// Version is the program's.
	Version string
	// Log takes the node's lines, Level is its level, changeable while running.
	Log   *slog.Logger
	Level *slog.LevelVar
	// LogLost counts lines that nobody took in time; nil is none.
	LogLost func() uint64
}

// App is one node.
type App struct {
	cfg     *config.Config
	origins *config.Origins
	file    string
	version string
	log     *slog.Logger
	level   *slog.LevelVar
	logLost func() uint64
	started time.Time
	parts   sequence
	welcome Welcome

	// The rooms, in the order in which they start.
	metrics *observe.Metrics
	alarms  *observe.Alarms
	health  observe.Health
	figures *observe.History
	// figuresNow are the broker's for the answer to whoever reads metrics now.
	figuresNow atomic.Pointer[broker.Stats]
	losses     *losses
	bus        *bus.Bus
	people     *people.People
	streams    *stream.Streams
	catalog    *stream.Catalog
	groups     *group.Groups
	replays    *replay.Replays
	historian  *historian.Historian
	access     *access.Access
	broker     *broker.Broker
	live       atomic.Pointer[broker.Broker] // broker, once it serves
	refused    *refused.Store
	traces     *trace.Book
	slow       *slow.Ranking
	topics     *topics.Registry
	httpDoor   net.Listener
	socket     net.Listener
	backups    *backup.Service
	api        *api.API
}

// Welcome is what somebody who has just started the node wants to know.
type Welcome struct {
	// Console and MQTT are the addresses that are served, host:port.
	Console, MQTT string
	// Administrator and Password are set on the very first start alone; Password is
	// empty when the configuration gave one.
	Administrator, Password string
	// Took is how long the start took.
	Took time.Duration
}

// New returns a node that is not started.
func New(o Options) *App {
	a := &App{cfg: o.Config, origins: o.Origins, file: o.ConfigFile, version: o.Version, log: o.Log, level: o.Level, logLost: o.LogLost}
	if a.logLost == nil {
		a.logLost = func() uint64 { return 0 }
	}
	a.parts.log = o.Log
	a.metrics = observe.NewMetrics()
	a.alarms = observe.NewAlarms(observe.AlarmOptions{Log: o.Log, Changed: a.tellAlarm})
	a.figures = observe.NewHistory(observe.HistoryOptions{})
	return a
}

// Start starts every part. When one fails, nothing is left running and the error
// names it.
func (a *App) Start(ctx context.Context) (Welcome, error) {
	a.started = time.Now()
	if err := a.parts.start(ctx, a.steps()); err != nil {
		return Welcome{}, err
	}
	a.welcome.Took = time.Since(a.started)
	return a.welcome, nil
}

// Close stops every part in reverse; ctx is the deadline.
func (a *App) Close(ctx context.Context) error { return a.parts.stop(ctx) }

// steps are the parts in the order in which they start: what may be refused first
// (files, folder, addresses), then what keeps data, then who brings data, then who asks for
// it. The first administrator is made when nothing can fail any more, for the
// password is shown once.
func (a *App) steps() []step {
	return []step{
		{"files", a.checkFiles},
		{"data folder", a.startFolder},
		{"console address", a.openHTTPDoor},
		{"ctl socket", a.openSocket},
		{"bus", a.startBus},
		{"people", a.startPeople},
		{"streams", a.startStreams},
		{"consumer groups", a.startGroups},
		{"historian", a.startHistorian},
		{"access", a.startAccess},
		{"refused clients", a.startRefused},
		{"broker", a.startBroker},
		{"replays", a.startReplays},
		{"certificates", a.startCertificates},
		{"traces", a.openTraces},
		{"topics", a.startTopics},
		{"back-ups", a.startBackups},
		{"figures", a.startFigures},
		{"api", a.buildAPI},
		{"first administrator", a.ensureAdministrator},
		{"answers", a.startAnswers},
		{"tidying", a.startTidying},
		{"sparing", a.startSparing},
	}
}

func (a *App) startFolder(context.Context) (stop, error) {
	if err := backup.CheckNotBackup(a.cfg.Data); err != nil {
		return nil, err
	}
	lock, err := lockFolder(a.cfg.Data)
	if err != nil {
		return nil, err
	}
	if err := backup.CheckWhole(a.cfg.Data); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return simple(lock.Close), nil
}

// openHTTPDoor takes the address early, so that one in use is found before anything
// is opened, and answers on it late.
func (a *App) openHTTPDoor(ctx context.Context) (stop, error) {
	l, err := listenTCP(ctx, a.cfg.HTTP.Listen, "http.listen", "--http")
	if err != nil {
		return nil, err
	}
	a.httpDoor, a.welcome.Console = l, l.Addr().String()
	return closeDoor(l), nil
}

func (a *App) openSocket(ctx context.Context) (stop, error) {
	l, err := listenSocket(ctx, a.cfg.Data)
	if fault.NoSuchSockets(err) {
		a.log.Warn("this system has no Unix sockets, so millrace ctl reaches the node by --url and an API key alone")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a.socket = l
	return closeDoor(l), nil
}

// closeDoor closes a listener that its server closes as well, when there is one.
func closeDoor(l net.Listener) stop {
	return func(context.Context) error { _ = l.Close(); return nil }
}

func (a *App) path(name string) string { return filepath.Join(a.cfg.Data, name) }
