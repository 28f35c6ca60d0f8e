package app

import (
	"context"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/ban"
	"github.com/millrace/millrace/internal/bus"
	"github.com/millrace/millrace/internal/config"
)

var (
	_ api.Bans  = bansAPI{}
	_ ban.Store = (*bus.KV)(nil)
)

// bans are the broker's options of bans; they are kept in a bucket of their own.
func (a *App) bans(ctx context.Context) (ban.Options, error) {
	kv, err := a.bucket(ctx, "bans")
	c := a.cfg.MQTT.Bans
	return ban.Options{Store: kv, Flapping: strikes(c.Flapping), Logins: strikes(config.Strikes(c.Logins))}, err
}

func strikes(c config.Strikes) ban.Rule {
	return ban.Rule{Most: c.Most, Window: c.Window, For: c.Ban}
}

// bansAPI answers in the API's types.
type bansAPI struct{ *broker.Broker }

func (b bansAPI) Bans() []api.Ban { return convert(b.Broker.Bans(), banRow) }

func (b bansAPI) Ban(ctx context.Context, n api.NewBan, by string) (api.Ban, error) {
	whom := ban.Ban{Kind: ban.Kind(n.Kind), Value: n.Value, Reason: n.Reason, All: n.All, By: by}
	if !n.Until.IsZero() {
		whom.Until = n.Until.UnixNano()
	}
	entered, err := b.Broker.Ban(ctx, whom)
	return banRow(entered), err
}

func (b bansAPI) Unban(ctx context.Context, kind, value string) error {
	return b.Broker.Unban(ctx, ban.Kind(kind), value)
}

func banRow(b ban.Ban) api.Ban {
	return api.Ban{
		NewBan: api.NewBan{Kind: string(b.Kind), Value: b.Value, Reason: b.Reason, All: b.All, Until: moment(b.Until)},
		By:     b.By, Since: moment(b.Since),
	}
}
