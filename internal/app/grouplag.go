package app

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/observe"
	"github.com/millrace/millrace/internal/say"
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

var (
	groupBehind   = say.New("alarm_group_behind", "A consumer group is behind")
	behindBy      = say.New("alarm_group_behind_by", "Consumer group {0} is {1} behind, and consumers.lag_alarm is {2}. What retention removes is lost to it. See that its consumers run and acknowledge, or delete it.")
	groupLoses    = say.New("alarm_group_loses", "A consumer group loses messages")
	oldestRemoved = say.New("alarm_group_oldest_removed", "Consumer group {0} holds its stream back, and was too far behind for consumers.hold_age or consumers.hold_bytes: the oldest were removed. See that its consumers run and acknowledge, or raise the bounds.")
)

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
			l.alarms.Raise(lagAlarm+name, 3, groupBehind.With(), behindBy.With(name, say.Span(lag), say.Span(l.most)))
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

// holdAlarms raise an alarm for each group that holds its stream back and has lost messages
// all the same, until it has lost none for a while.
type holdAlarms struct {
	alarms *observe.Alarms
	known  map[string]uint64 // how many each had lost
	quiet  map[string]int    // looks since an alarm's last loss
}

const (
	holdAlarm = "consumer-loses-"
	// holdQuiet is how many looks without a loss end an alarm: ten minutes.
	holdQuiet = 60
)

func (h *holdAlarms) look(groups []group.Info) {
	known := map[string]uint64{}
	for _, i := range groups {
		name, lost := i.Stream+"/"+i.Name, i.Lost+i.Unread
		if !i.Hold {
			continue
		}
		known[name] = lost
		if was, seen := h.known[name]; seen && lost > was {
			h.quiet[name] = 0
			h.alarms.Raise(holdAlarm+name, 2, groupLoses.With(), oldestRemoved.With(name))
		}
	}
	h.known = known
	for name := range h.quiet {
		if h.quiet[name]++; h.quiet[name] > holdQuiet || !has(known, name) {
			delete(h.quiet, name)
			h.alarms.Clear(holdAlarm + name)
		}
	}
}

func has(known map[string]uint64, name string) bool { _, ok := known[name]; return ok }

// allGroups are the consumer groups of all streams.
func (a *App) allGroups() (all []group.Info) {
	for _, s := range a.streams.Stats() {
		all = append(all, a.groups.List(s.Name)...)
	}
	return all
}

// watchLags looks until ctx ends.
func (a *App) watchLags(ctx context.Context) {
	l := lagAlarms{alarms: a.alarms, most: a.cfg.Consumers.LagAlarm, raised: map[string]bool{}}
	h := holdAlarms{alarms: a.alarms, quiet: map[string]int{}}
	clock := time.NewTicker(lagEvery)
	defer clock.Stop()
	for {
		select {
		case <-clock.C:
			l.look(groupLags(a.streams.Stats(), a.groups.List))
			h.look(a.allGroups())
		case <-ctx.Done():
			return
		}
	}
}

func (a *App) groupMetrics() {
	a.metrics.Gauges("millrace_consumer_group_lag_seconds", "How far back the newest message lies that a consumer group is done with; 0 for one that has all. The 100 groups that are furthest behind.", "group", func(yield func(string, float64)) {
		lags := groupLags(a.streams.Stats(), a.groups.List)
		for _, name := range furthest(lags, lagSeries) {
			yield(name, lags[name].Seconds())
		}
	})
}

// lagSeries is how many series the metric has at most, however many groups there are.
const lagSeries = 100

// furthest are the groups that are furthest behind, at most n.
func furthest(lags map[string]time.Duration, n int) []string {
	names := slices.SortedFunc(maps.Keys(lags), func(a, b string) int {
		return cmp.Or(cmp.Compare(lags[b], lags[a]), cmp.Compare(a, b))
	})
	return names[:min(n, len(names))]
}
