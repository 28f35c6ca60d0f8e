package app

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/millrace/millrace/console"
	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/api/topics"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/historian"
	"github.com/millrace/millrace/internal/observe"
	"github.com/millrace/millrace/internal/payload"
	"github.com/millrace/millrace/internal/people"
	"github.com/millrace/millrace/internal/stream"
	"github.com/millrace/millrace/internal/stream/group"
)

// largestEntry is the largest packet that any listener may take, with room for the entry's
// own header, the topic and the publisher.
const largestEntry = 7<<20 + 256<<10

func (a *App) startBus(ctx context.Context) (stop, error) {
	durability, err := bus.ParseDurability(a.cfg.Durability)
	if err != nil {
		return nil, err
	}
	a.losses = &losses{raise: a.alarms.Raise}
	a.bus, err = bus.New(bus.Options{
		Lost: a.losses.add,
		Dir:  a.path("bus"), Node: strings.ToLower(strings.ReplaceAll(a.cfg.Node.Name, ".", "-")), Durability: durability,
		MaxStore: a.cfg.Storage.MaxBytes.Int64(), MaxEntry: largestEntry, Log: a.log,
	})
	if err != nil {
		return nil, err
	}
	if err := a.bus.Start(ctx); err != nil {
		return nil, err
	}
	a.health.Add("bus", a.bus.Check)
	return quick(a.bus.Close), nil
}

func (a *App) startPeople(ctx context.Context) (stop, error) {
	kv, err := a.bus.KV(ctx, "people")
	if err != nil {
		return nil, err
	}
	a.people, err = people.New(people.Options{KV: kv, SessionLifetime: a.cfg.HTTP.SessionLifetime, SessionIdle: a.cfg.HTTP.SessionIdle, Log: a.log})
	return nil, err
}

func (a *App) ensureAdministrator(ctx context.Context) (_ stop, err error) {
	a.welcome.Administrator, a.welcome.Password, err = a.people.EnsureAdministrator(ctx, a.cfg.AdminPassword.Reveal())
	return nil, err
}

func (a *App) startStreams(ctx context.Context) (stop, error) {
	err := a.openCatalog(ctx)
	if err != nil {
		return nil, err
	}
	a.streams, err = stream.New(stream.Options{
		Streams: a.catalog.Configs(),
		Open: func(ctx context.Context, c stream.LogConfig) (stream.Log, error) {
			l, err := a.bus.Log(ctx, c)
			if err != nil {
				return nil, err
			}
			return l, nil
		},
		FreeSpace: a.freeSpace, Reserve: a.cfg.Storage.Reserve.Int64(), Alarms: a.alarms, Log: a.log,
		Readers: []string{broker.SessionsReader, group.Reader},
	})
	if err != nil {
		return nil, err
	}
	if err := a.streams.Start(ctx); err != nil {
		return nil, err
	}
	if err := a.warnOfForgottenLogs(ctx); err != nil {
		a.log.Error("stored streams cannot be listed", "error", err)
	}
	a.health.Add("streams", a.streamsReady)
	return func(ctx context.Context) error { a.streams.Close(ctx); return nil }, nil
}

// The streams that no setting makes: of messages that only the broker has to find again,
// and of what is not messages.
const (
	spareStream   = "sessions"
	journalStream = "journal"
)

func builtInStreams() []stream.Config {
	return []stream.Config{{Name: spareStream, BuiltIn: true}, {Name: journalStream, BuiltIn: true, State: true}}
}

// durable is what the broker's state survives by.
func (a *App) durable() (broker.Durable, error) {
	j, err := a.streams.Journal(journalStream)
	if err != nil {
		return broker.Durable{}, err
	}
	spare, _ := a.streams.Index(spareStream)
	return broker.Durable{
		Journal: j, Log: a.streams, Spare: spare, SpareName: spareStream,
		Damaged: a.losses.of(journalStream), Lost: a.losses.sessions,
	}, nil
}

func streamConfigs(in []config.Stream) []stream.Config {
	out := make([]stream.Config, len(in))
	for i, s := range in {
		out[i] = stream.Config{Name: s.Name, Filters: s.Filters, MaxAge: s.MaxAge, MaxBytes: s.MaxBytes.Int64()}
	}
	return out
}

func (a *App) startHistorian(ctx context.Context) (stop, error) {
	c := a.cfg.Historian // without a stream it answers from what it has
	each, all := float64(c.NewSeriesPerPublisher), float64(c.NewSeriesPerSecond)
	h, err := historian.New(historian.Options{
		Dir: a.path("warm"), Source: a.streams, Stream: c.Stream,
		Payload:     payload.Options{TimeFields: c.TimeFields, MaxPast: c.PastLimit, MaxFuture: c.FutureLimit, MaxDepth: c.MaxDepth, MaxMetrics: c.MaxMetrics, MaxText: int(c.MaxText)},
		CommitEvery: c.CommitInterval, MaxAge: c.Retention, MaxSeries: c.MaxSeries,
		NewSeries: historian.Rate{PerSecond: all, Burst: 10 * all}, NewSeriesEach: historian.Rate{PerSecond: each, Burst: 10 * each},
		// Half of what the streams leave, so that the historian can still take in
		// what they hold when they refuse more.
		Reserve: a.cfg.Storage.Reserve.Int64() / 2, FreeSpace: a.freeSpace, Alarms: a.alarms, Log: a.log,
	})
	if err != nil {
		return nil, err
	}
	if err := h.Start(ctx); err != nil {
		return nil, err
	}
	a.historian = h
	a.health.Add("historian", a.historianReady)
	return h.Close, nil
}

func (a *App) startBroker(ctx context.Context) (stop, error) {
	c := a.cfg.MQTT
	o, err := special(lasting(limited(broker.Options{
		Listeners: a.listeners(),
		Zone:      zone(&c),
		System:    a.system(),
		Refused:   a.rememberRefusal,
		Slow:      a.rank(), Late: a.late(), SlowAfter: a.cfg.Observe.SlowThreshold, TopicMeters: a.cfg.Observe.TopicMetrics,
		Keeper: a.streams, Streams: a.streams, Log: a.log, Loops: cmp.Or(c.Loops, observe.Cores()), Transport: transport(c.Transport),
		Shared:           broker.Strategy(c.SharedStrategy),
		RetainedMessages: c.RetainedMessages, RetainedBytes: int(c.RetainedBytes), RetainedAhead: c.RetainedAhead,
		StreamReaders: c.StreamReaders.All, StreamReadersEach: c.StreamReaders.PerClient,
		StrangerBytes: int(c.ConnectBytesAll), InputBytes: c.InputBytesAll.Int64(), RecorderBytes: orNone(a.cfg.Observe.RecorderBytes.Int64()),
	}, c.Limits), c.Session), c.Topics)
	if err != nil {
		return nil, err
	}
	if o.Bans, err = a.bans(ctx); err != nil {
		return nil, err
	}
	o.Memory, o.Backlog.Losing = a.memory(), a.losing
	if o.Durable, err = a.durable(); err != nil {
		return nil, err
	}
	b, err := broker.New(a.guarded(o))
	if err != nil {
		return nil, err
	}
	a.redirect(b)
	if err := b.Start(ctx); err != nil {
		return nil, a.needsSpace(err)
	}
	a.broker, a.welcome.MQTT = b, b.Addr().String()
	a.catalog.Serve(a.streams, a.knowStream)
	a.live.Store(b)
	a.health.Add("broker", func(context.Context) error { return nil })
	return b.Close, nil
}

// transport is the broker's name for what the configuration asks for.
func transport(name string) broker.Transport {
	if name == "auto" {
		return ""
	}
	return broker.Transport(name)
}

// zone is what the configuration says of every client.
func zone(c *config.MQTT) broker.Zone {
	return limitedZone(lastingZone(broker.Zone{
		Topics:         topicLimits(&c.Topics),
		ConnectTimeout: c.ConnectTimeout, MaxPacketSize: int(c.MaxPacketSize), MaxConnectSize: int(c.MaxConnectSize), ReceiveMaximum: uint16(c.ReceiveMaximum),
		Inflight: c.InflightWindow, Queue: c.QueueMessages, QueueBytes: int(c.QueueBytes), OutputBuffer: int(c.QueueBytes),
		KeepAlive: uint16(c.KeepAliveMax.Seconds()), MaxClientID: c.MaxClientID, Subscriptions: c.Subscriptions, Filters: c.MaxFilters,
		TopicAliases: aliases(c.TopicAliases), NoReasons: !c.Access.ReasonStrings,
	}, c.Session), &c.Limits)
}

// aliases is the broker's option for a setting where 0 means none.
func aliases(setting int) int {
	if setting == 0 {
		return -1
	}
	return setting
}

func (a *App) startTopics(ctx context.Context) (stop, error) {
	r, err := topics.New(topics.Options{Source: liveBroker{a.broker}, Log: a.log})
	if err != nil {
		return nil, err
	}
	if err := r.Start(ctx); err != nil {
		return nil, err
	}
	a.topics = r
	return simple(r.Close), nil
}

func (a *App) startFigures(ctx context.Context) (stop, error) {
	a.registerMetrics()
	a.trackFigures()
	if err := a.figures.Start(ctx); err != nil {
		return nil, err
	}
	return simple(a.figures.Close), nil
}

func (a *App) buildAPI(context.Context) (_ stop, err error) {
	if a.api, err = api.New(a.apiOptions()); err != nil {
		return nil, err
	}
	return simple(a.api.Close), nil
}

// startAnswers begins to answer at both doors. Live answers are ended first, since
// a shutdown would wait for them.
func (a *App) startAnswers(context.Context) (stop, error) {
	socket := quick(func() {}) // where there are no Unix sockets
	if a.socket != nil {
		socket = serveHTTP(api.NewServer(a.api.Handler(true), a.log), a.socket, a.log)
	}
	public := serveHTTP(api.NewServer(a.api.Handler(false), a.log), a.httpDoor, a.log)
	return func(ctx context.Context) error {
		return errors.Join(a.api.Close(), public(ctx), socket(ctx))
	}, nil
}

func (a *App) apiOptions() api.Options {
	return api.Options{
		Historian: a.historian, Publisher: a.broker, Live: liveBroker{a.broker}, Topics: a.topics,
		Streams: streamsAPI{a.streams, a}, Groups: groupsAPI{a}, Replays: replaysAPI{a.replays}, StreamChanges: streamChangesAPI{a}, People: peopleAPI{a.people}, Settings: settingsAPI{a.origins},
		Clients: clientsAPI{a.broker, a.streams}, Retained: clientsAPI{Broker: a.broker}, Listeners: listenersAPI{a.broker},
		Refused: a.refusedClients, Traces: tracesAPI{a.traces}, Slow: slowAPI{a.slow}, TopicMetrics: metersAPI{a.broker},
		Status: a.status, History: a.history, Alarms: a.activeAlarms, Ready: a.ready, StreamOf: a.streamOf,
		Backups: backupAPI{a.backups}, Bans: bansAPI{a.broker}, Delayed: delayedAPI{a.broker},
		Redirects: redirectAPI{a.broker, a.cfg.MQTT.Redirect.Reference},
		Access:    accessAPI{a.access}, Why: whyAPI{a},
		LogLevel: a.level, Metrics: a.metrics.Handler(), Console: console.FS(),
		Version: a.version, MaxPayload: int(a.cfg.MQTT.MaxPacketSize), Log: a.log,
	}
}
