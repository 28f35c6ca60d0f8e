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

// lagEvery is how often it is seen how far consumer groups are behind, and what they lost.
const lagEvery = 2 * time.Second

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
	oldestRemoved = say.New("alarm_group_oldest_removed", "Consumer group {0} holds its stream back, and was too far behind for consumers.hold_age or consumers.hold_bytes: the oldest were removed. Lost since it was made: {1} of the messages that had been handed out; entries of the log that nobody had looked at: {2}. See that its consumers run and acknowledge, or raise the bounds.")
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
	holdQuiet = 300
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
			h.alarms.Raise(holdAlarm+name, 2, groupLoses.With(), oldestRemoved.With(name, int(i.Lost), int(i.Unread)))
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
	h.look(a.allGroups()) // what was lost before the start is no news
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
		for _, name := range foremost(lags, groupSeries) {
			yield(name, lags[name].Seconds())
		}
	})
	a.metrics.Counters("millrace_consumer_group_lost_total", "Messages that were handed out to a consumer group and removed from the stream before it had acknowledged them. The 100 groups that have lost most.", "group",
		a.groupLosses(func(i group.Info) uint64 { return i.Lost }))
	a.metrics.Counters("millrace_consumer_group_lost_entries_total", "Entries of the log that were removed before a consumer group had looked at them. The 100 groups that have lost most.", "group",
		a.groupLosses(func(i group.Info) uint64 { return i.Unread }))
}

// groupLosses yields one kind of loss of the groups that have lost most.
func (a *App) groupLosses(of func(group.Info) uint64) func(yield func(string, float64)) {
	return func(yield func(string, float64)) {
		all, lost := map[string]group.Info{}, map[string]uint64{}
		for _, i := range a.allGroups() {
			name := i.Stream + "/" + i.Name
			all[name], lost[name] = i, i.Lost+i.Unread
		}
		for _, name := range foremost(lost, groupSeries) {
			yield(name, float64(of(all[name])))
		}
	}
}

// groupSeries is how many series a metric of groups has at most, however many there are.
const groupSeries = 100

// foremost are the groups of which there is most, at most n.
func foremost[T cmp.Ordered](of map[string]T, n int) []string {
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b))
	})
	return names[:min(n, len(names))]
}
