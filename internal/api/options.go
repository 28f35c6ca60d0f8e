package api

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/millrace/millrace/internal/api/topics"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/point"
)

// Historian is the store of points.
type Historian interface {
	// Series lists series sorted by name, and how many match in all.
	Series(context.Context, point.Page) ([]point.Series, int, error)
	// Latest lists the same with the newest value of each.
	Latest(context.Context, point.Page) ([]point.Series, int, error)
	// Range reads one series; fault.NotFound when it does not exist.
	Range(context.Context, point.Range) (point.Result, error)
}

// Publisher takes a message into the node, as if a client had published it.
type Publisher interface {
	// Publish reports whether a stream keeps the message.
	Publish(ctx context.Context, m *msg.Message) (kept bool, err error)
}

// Live hands out subscribers inside the process.
type Live = topics.Live

// Topics is the registry of topics and their last messages.
type Topics interface {
	// Children lists the levels directly below parent ("" is the root).
	Children(parent string, offset, limit int) ([]topics.Node, int)
	// Search lists the topics with messages of their own, at or below parent,
	// whose name contains text, letter case ignored.
	Search(parent, text string, offset, limit int) ([]topics.Node, int)
	// Last is a topic's last message.
	Last(topic string) (topics.Message, bool)
}

// People are those who may come in. A token is what the session cookie holds.
type People interface {
	// SignIn checks a password; address is where the request comes from.
	SignIn(ctx context.Context, user, password, address string) (token string, s Session, err error)
	// Session is whom the token belongs to; touch counts as activity.
	Session(ctx context.Context, token string, touch bool) (Session, error)
	// SignOut ends the session.
	SignOut(ctx context.Context, token string) error
	// APIKey checks a key and its secret.
	//
	// In both, address is "" for the node's own socket.
	APIKey(ctx context.Context, key, secret, address string) (Session, error)

	// Ended is a channel that is closed when the next session or key ends. Take it,
	// ask whether yours still lives, and again once it is closed.
	Ended() <-chan struct{}

	Users(ctx context.Context) ([]User, error)
	CreateUser(ctx context.Context, name, role, password string) (User, error)
	DeleteUser(ctx context.Context, name string) error
	// SetPassword sets somebody's password and ends their sessions.
	SetPassword(ctx context.Context, name, password string) error
	// ChangePassword sets the password of the session's owner, who shows the
	// current one; that session goes on, the owner's others end.
	ChangePassword(ctx context.Context, token, current, password string) error

	APIKeys(ctx context.Context) ([]APIKey, error)
	CreateAPIKey(ctx context.Context, name, role string) (NewAPIKey, error)
	DeleteAPIKey(ctx context.Context, key string) error
}

// Settings are the configuration's values, secrets already hidden.
type Settings interface {
	All() []Setting
	// Explain is one value; fault.NotFound when the key does not exist.
	Explain(key string) (Setting, error)
}

// Options of an API. Nil parts answer 503; the rest has useful defaults.
type Options struct {
	Historian Historian
	Publisher Publisher
	Live      Live
	Topics    Topics
	People    People
	Settings  Settings
	Streams   Streams
	Groups    ConsumerGroups
	// Replays publish stored messages once more.
	Replays Replays
	// StreamChanges are of streams that users make.
	StreamChanges StreamChanges
	// Clients, Retained, Delayed, Listeners, Slow, TopicMetrics and Traces are of the broker.
	Clients      Clients
	Retained     RetainedMessages
	Delayed      DelayedMessages
	Listeners    Listeners
	Slow         SlowSubscribers
	TopicMetrics TopicMetrics
	Traces       Traces
	// Bans are those who are kept out.
	Bans Bans
	// Backups are of everything that the node keeps.
	Backups Backups
	// Redirects send clients to another server.
	Redirects Redirects
	// Refused lists those that match and came at or after since, sorted, and how
	// many match in all.
	Refused func(q RefusedQuery, since time.Time) ([]Refusal, int)

	// Status is the node at this moment.
	Status func(context.Context) (Status, error)
	// History is the node's own figures: window until now, at most points values.
	History func(window time.Duration, points int) History
	// Alarms are the active ones, most urgent first.
	Alarms func() []Alarm
	// Ready checks every part of the node for /readyz.
	Ready func(context.Context) []Part
	// StreamOf names the stream that keeps a topic, "" for none.
	StreamOf func(topic string) string
	// LogLevel is the level of the node's log.
	LogLevel *slog.LevelVar
	// Metrics answers /metrics.
	Metrics http.Handler
	// Console holds the web app's files; nil when it was not built.
	Console fs.FS

	// Access is of the MQTT clients: who comes in and what they may do.
	Access ClientAccess
	// Why tells what became of messages.
	Why Why

	// Version is the node's, for the OpenAPI document.
	Version string
	// MaxPayload is the largest payload of POST /publish in bytes (default 1 MiB).
	MaxPayload int
	// MaxLive is how many readers GET /live and the streams have at once (default 200).
	MaxLive int
	// LiveBuffer is how many messages wait for a reader of GET /live before it
	// loses some (default 4,096).
	LiveBuffer int
	// LiveBytes bounds the same messages by their size (default 8 MiB).
	LiveBytes int
	// Heartbeat is how often GET /live shows that it lives and asks whether its
	// session still does (default 15 s).
	Heartbeat time.Duration
	// RequestTimeout bounds everything but GET /live (default 30 s).
	RequestTimeout time.Duration

	// Log takes what fails inside; nil is slog.Default.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (o *Options) defaults() {
	setDefault(&o.MaxPayload, 1<<20)
	setDefault(&o.MaxLive, 200)
	setDefault(&o.LiveBuffer, 4096)
	setDefault(&o.LiveBytes, 8<<20)
	setDefault(&o.Heartbeat, 15*time.Second)
	setDefault(&o.RequestTimeout, 30*time.Second)
	setDefault(&o.Version, "dev")
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
