package app

import (
	"context"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/api/topics"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/outbox"
	"github.com/millrace/millrace/internal/broker/watch"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/historian"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/people"
	"github.com/millrace/millrace/internal/stream"
)

// The rooms do not know each other; here each gets what it asks for in its own words.
var (
	_ outbox.Keeper    = (*stream.Streams)(nil)
	_ historian.Source = (*stream.Streams)(nil)
	_ api.Historian    = (*historian.Historian)(nil)
	_ api.People       = peopleAPI{}
	_ api.Settings     = settingsAPI{}
	_ topics.Live      = liveBroker{}
	_ topics.Source    = liveBroker{}
	_ api.Publisher    = (*broker.Broker)(nil)
	_ api.Topics       = (*topics.Registry)(nil)
	_ topics.Watch     = (*watch.Watch)(nil)
)

// liveBroker hands out the broker's watches.
type liveBroker struct{ *broker.Broker }

func (l liveBroker) Watch(filter string, buffer int) (topics.Watch, error) {
	w, err := l.Broker.Watch(filter, buffer)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Digest sums up messages for the registry of topics.
func (l liveBroker) Digest(limits msg.DigestLimits) (topics.Digests, error) {
	d, err := l.Broker.Digest(limits)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// peopleAPI answers in the API's types.
type peopleAPI struct{ *people.People }

func (p peopleAPI) SignIn(ctx context.Context, user, password, address string) (string, api.Session, error) {
	token, s, err := p.People.SignIn(ctx, user, password, address)
	return token, api.Session(s), err
}

func (p peopleAPI) Session(ctx context.Context, token string, touch bool) (api.Session, error) {
	s, err := p.People.Session(ctx, token, touch)
	return api.Session(s), err
}

func (p peopleAPI) APIKey(ctx context.Context, key, secret, address string) (api.Session, error) {
	s, err := p.People.APIKey(ctx, key, secret, address)
	return api.Session(s), err
}

func (p peopleAPI) Users(ctx context.Context) ([]api.User, error) {
	users, err := p.People.Users(ctx)
	return convert(users, func(u people.User) api.User { return api.User(u) }), err
}

func (p peopleAPI) CreateUser(ctx context.Context, name, role, password string) (api.User, error) {
	u, err := p.People.CreateUser(ctx, name, role, password)
	return api.User(u), err
}

func (p peopleAPI) APIKeys(ctx context.Context) ([]api.APIKey, error) {
	keys, err := p.People.APIKeys(ctx)
	return convert(keys, func(k people.Key) api.APIKey { return api.APIKey(k) }), err
}

func (p peopleAPI) CreateAPIKey(ctx context.Context, name, role string) (api.NewAPIKey, error) {
	k, secret, err := p.People.CreateAPIKey(ctx, name, role)
	return api.NewAPIKey{APIKey: api.APIKey(k), Secret: secret}, err
}

// settingsAPI shows the configuration with its origins.
type settingsAPI struct{ *config.Origins }

func (s settingsAPI) All() []api.Setting {
	return convert(s.Origins.All(), func(c config.Setting) api.Setting { return api.Setting(c) })
}

func (s settingsAPI) Explain(key string) (api.Setting, error) {
	c, err := s.Origins.Explain(key)
	return api.Setting(c), err
}

func convert[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i := range in {
		out[i] = f(in[i])
	}
	return out
}
