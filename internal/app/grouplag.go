package app

import (
	"context"
	"fmt"
	"time"

	"github.com/millrace/millrace/internal/observe"
	"github.com/millrace/millrace/internal/stream"
	"github.com/millrace/millrace/internal/stream/group"
)

// lagEvery is how often it is seen how far consumer groups are behind.
const lagEvery = 10 * time.Second

// groupLags are the seconds by which each consumer group is behind, by STREAM/GROUP.
func groupLags(streams []stream.Stats, groups func(stream string) []group.Info) map[string]time.Duration {
	lags := map[string]time.Duration{}
	for _, s := range streams {
		for _, i := range groups(s.Name) {
			lags[i.Stream+"/"+i.Name] = groupLag(s, i)
		}
	}
	return lags
}

// lagAlarms raise an alarm for each group that is behind by most or more, and clear it.
type lagAlarms struct {
	alarms *observe.Alarms
	most   time.Duration // 0 is no bound
	raised map[string]bool
}

func (l *lagAlarms) look(lags map[string]time.Duration) {
	for name, lag := range lags {
		if l.most > 0 && lag >= l.most {
			l.raised[name] = true
			l.alarms.Raise(lagAlarm+name, 3, "A consumer group is behind", fmt.Sprintf("Consumer group %s is %s behind, and consumers.lag_alarm is %s. It does not hold the stream back: what retention removes is lost to it. "+
				"See that its consumers run and acknowledge, or delete it.", name, lag.Round(time.Second), l.most))
		}
	}
	for name := range l.raised {
		if lag, there := lags[name]; !there || lag < l.most {
			delete(l.raised, name)
			l.alarms.Clear(lagAlarm + name)
		}
	}
}

const lagAlarm = "consumer-lag-"

// watchLags looks until ctx ends.
func (a *App) watchLags(ctx context.Context) {
	l := lagAlarms{alarms: a.alarms, most: a.cfg.Consumers.LagAlarm, raised: map[string]bool{}}
	clock := time.NewTicker(lagEvery)
	defer clock.Stop()
	for {
		select {
		case <-clock.C:
			l.look(groupLags(a.streams.Stats(), a.groups.List))
		case <-ctx.Done():
			return
		}
	}
}

func (a *App) groupMetrics() {
	a.metrics.Gauges("millrace_consumer_group_lag_seconds", "How far back the newest message lies that a consumer group is done with; 0 for one that has all.", "group", func(yield func(string, float64)) {
		for name, lag := range groupLags(a.streams.Stats(), a.groups.List) {
			yield(name, lag.Seconds())
		}
	})
}
