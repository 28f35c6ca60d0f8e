package people

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// KV is the bucket that users, sessions and keys lie in. A missing key is
// fault.NotFound, a revision that has passed or a key that exists fault.Conflict.
type KV interface {
	Get(ctx context.Context, key string) (value []byte, rev uint64, err error)
	Create(ctx context.Context, key string, value []byte) (rev uint64, err error)
	Update(ctx context.Context, key string, value []byte, rev uint64) (uint64, error)
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Options of People.
type Options struct {
	// KV is the bucket; it is required.
	KV KV
	// SessionLifetime ends a session however busy it is (default 12 h).
	SessionLifetime time.Duration
	// SessionIdle ends a session without requests (default 1 h). It is measured to
	// the minute.
	SessionIdle time.Duration
	// SessionsPerUser is how many a user has at once; one more ends the oldest
	// (default 20).
	SessionsPerUser int
	// Cost is what a password costs to check (default 19 MiB, 2 passes).
	Cost Cost
	// Throttle slows failed sign-ins.
	Throttle Throttle
	// Log takes who came and who was refused; nil is slog.Default.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// People are the users, their sessions and the API keys.
type People struct {
	o        Options
	kv       KV
	log      *slog.Logger
	throttle *throttle
	// hashing bounds how many passwords are checked at once: each takes megabytes.
	hashing chan struct{}

	// ended is told when a session or key has ended.
	ended signal

	// changing is held while users come, go or change their role, so that an
	// administrator is always left.
	changing sync.Mutex
	// sweeping is held while old sessions are removed, so that two sign-ins do not
	// both make room.
	sweeping sync.Mutex
}

// New returns People over the bucket.
func New(o Options) (*People, error) {
	if o.KV == nil {
		return nil, fault.New(fault.Invalid, "People need a bucket to lie in.")
	}
	setDefault(&o.SessionLifetime, 12*time.Hour)
	setDefault(&o.SessionIdle, time.Hour)
	setDefault(&o.SessionsPerUser, 20)
	o.Cost.defaults()
	o.Throttle.defaults()
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &People{o: o, kv: o.KV, log: o.Log, throttle: newThrottle(o.Throttle), hashing: make(chan struct{}, 2)}, nil
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
