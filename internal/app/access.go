package app

import (
	"cmp"
	"context"
	"path/filepath"
	"time"

	"github.com/millrace/millrace/internal/access"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/config"
)

var (
	_ broker.Authenticator = accessBroker{}
	_ broker.Authorizer    = accessBroker{}
)

// accessFiles are the files of users and rules. A file that the configuration names
// has to be there.
func accessFiles(cfg *config.Config) access.Options {
	c := &cfg.MQTT.Access
	return access.Options{
		Users: cmp.Or(c.Users, filepath.Join(cfg.Data, "users")), UsersRequired: c.Users != "",
		Rules: cmp.Or(c.Rules, filepath.Join(cfg.Data, "access.yaml")), RulesRequired: c.Rules != "",
	}
}

func (a *App) startAccess(ctx context.Context) (stop, error) {
	c := a.cfg.MQTT.Access
	o := accessFiles(a.cfg)
	o.Hashers, o.Waiting, o.Remember = c.LoginThreads, c.LoginQueue, remembered(c.RememberLogin)
	o.Changed, o.Alarms, o.Log = a.reauthorize, a.alarms, a.log
	a.access = access.New(o)
	if err := a.access.Start(ctx); err != nil {
		return nil, err
	}
	return simple(func() error { a.access.Close(); return nil }), nil
}

// remembered is the room's option for a setting where 0 means never.
func remembered(setting time.Duration) time.Duration {
	if setting == 0 {
		return -1
	}
	return setting
}

// reauthorize lets a change of users and rules count for those who are connected.
// The files are read before there is a broker.
func (a *App) reauthorize() {
	if b := a.live.Load(); b != nil {
		b.Reauthorize()
	}
}

// guarded lets the broker ask who clients are.
func (a *App) guarded(o broker.Options) broker.Options {
	c := &a.cfg.MQTT.Access
	for i := range o.Listeners {
		l := &o.Listeners[i]
		l.AnonymousLocal = c.AnonymousLocal(l.Address, l.Unix, l.ProxyProtocol || len(l.Proxies) > 0)
	}
	o.Authorizer = accessBroker{a.access}
	o.Authenticator, o.CloseDenied = accessBroker{a.access}, c.DeniedPublish == "disconnect"
	return o
}

// accessBroker answers the broker in its own types.
type accessBroker struct{ *access.Access }

func (a accessBroker) Authenticate(l *broker.Login, later func(broker.Verdict)) (broker.Verdict, bool) {
	v, now := a.Access.Authenticate((*access.Login)(l), func(v access.Verdict) { later(verdictOf(v)) })
	return verdictOf(v), now
}

func verdictOf(v access.Verdict) broker.Verdict {
	return broker.Verdict{Identity: (*broker.Identity)(v.Identity), Err: v.Err}
}

// Rights are nil where everything is allowed.
func (a accessBroker) Rights(id *broker.Identity, l *broker.Login) broker.Rights {
	if r := a.Access.Rights((*access.Identity)(id), (*access.Login)(l)); r != nil {
		return r
	}
	return nil
}

func (a accessBroker) Recheck(id *broker.Identity) (*broker.Identity, error) {
	fresh, err := a.Access.Recheck((*access.Identity)(id))
	return (*broker.Identity)(fresh), err
}

func (a accessBroker) Exchange(method string, l *broker.Login) (broker.Exchange, error) {
	x, err := a.Access.Exchange(method, (*access.Login)(l))
	if err != nil {
		return nil, err
	}
	return exchange{x}, nil
}

// exchange is one run of an authentication method.
type exchange struct{ *access.Exchange }

func (x exchange) Step(data []byte) ([]byte, *broker.Identity, error) {
	answer, id, err := x.Exchange.Step(data)
	return answer, (*broker.Identity)(id), err
}

func certificateUser(setting string) broker.CertificateName {
	if setting == "none" {
		return broker.NoName
	}
	return broker.CertificateName(setting)
}
