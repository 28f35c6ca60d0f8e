package app

import (
	"time"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/broker/rewrite"
	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/observe"
)

// system is what the broker tells below $SYS.
func (a *App) system() broker.System {
	t := a.cfg.MQTT.Topics
	interval := t.SysInterval
	if interval == 0 {
		interval = -time.Second
	}
	return broker.System{Node: a.cfg.Node.Name, Version: a.version, Interval: interval, NoMosquitto: !t.SysMosquitto, NoEMQX: !t.SysEMQX}
}

// special are the options that mqtt.topics sets.
func special(o broker.Options, t config.Topics) (_ broker.Options, err error) {
	o.DelayedMessages, o.DelayedBytes = t.DelayedMessages, int(t.DelayedBytes)
	o.RetainedSize, o.RetainedExpiry = int(t.RetainedSize), uint32(t.RetainedExpiry.Seconds())
	o.AutoSubscriptions = autoSubscriptions(t.AutoSubscribe)
	o.Rewrite, err = rewriteRules(t.Rewrite)
	return o, err
}

func rewriteRules(in []config.RewriteRule) (*rewrite.Rules, error) {
	if len(in) == 0 {
		return nil, nil
	}
	return rewrite.Compile(convert(in, func(r config.RewriteRule) rewrite.Rule {
		return rewrite.Rule{Action: rewrite.Action(r.Action), Source: r.Source, Regex: r.Regex, Destination: r.Destination}
	}))
}

func autoSubscriptions(in []config.AutoSubscribe) []broker.AutoSubscription {
	return convert(in, func(a config.AutoSubscribe) broker.AutoSubscription {
		return broker.AutoSubscription{
			Filter: a.Filter, QoS: byte(a.QoS), NoLocal: a.NoLocal,
			RetainAsPublished: a.RetainAsPublished, RetainHandling: byte(a.RetainHandling),
		}
	})
}

func topicLimits(t *config.Topics) topic.Limits {
	return topic.Limits{Levels: t.MaxLevels, Length: t.MaxLength, Wildcards: t.MaxWildcards}
}

// tellAlarm tells of an alarm below $SYS, once the broker serves.
func (a *App) tellAlarm(al observe.Alarm, active bool) {
	if b := a.live.Load(); b != nil {
		b.TellAlarm(al.ID, al.Title.String(), al.Detail.String(), active)
	}
}
