package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/observe"
	"github.com/millrace/millrace/internal/stream"
	"github.com/millrace/millrace/internal/stream/group"
)

// A consumer group that is too far behind has an alarm, until it is not or is deleted.
func TestAConsumerGroupThatIsBehindIsTold(t *testing.T) {
	l := lagAlarms{alarms: observe.NewAlarms(observe.AlarmOptions{}), most: time.Hour, raised: map[string]bool{}}
	groups := []group.Info{
		{Stream: "lab", Name: "slow", Floor: msg.Position{Seq: 3}, Done: time.Now().Add(-2 * time.Hour)},
		{Stream: "lab", Name: "quick", Floor: msg.Position{Seq: 3}, Done: time.Now().Add(-time.Minute)},
		{Stream: "lab", Name: "done", Floor: msg.Position{Seq: 9, Index: ^uint32(0)}, Done: time.Now().Add(-2 * time.Hour)},
	}
	look := func(want ...string) {
		t.Helper()
		l.look(groupLags([]stream.Stats{{Name: "lab", First: msg.Position{Seq: 1}, Last: msg.Position{Seq: 9}}}, func(string) []group.Info { return groups }))
		active := l.alarms.Active()
		if len(active) != len(want) || len(want) == 1 && active[0].ID != lagAlarm+want[0] {
			t.Errorf("want %v, got %v", want, active)
		}
	}
	look("lab/slow")
	groups[0].Done = time.Now()
	look()
	groups[1].Done = time.Now().Add(-2 * time.Hour)
	look("lab/quick")
	groups = groups[:1]
	look()
	l.most, groups[0].Done = 0, time.Now().Add(-2*time.Hour)
	look()
}

// A consumer group that holds its stream back and loses messages all the same has an
// alarm, until it has lost none for a while.
func TestAConsumerGroupThatLosesIsTold(t *testing.T) {
	h := holdAlarms{alarms: observe.NewAlarms(observe.AlarmOptions{}), quiet: map[string]int{}}
	groups := []group.Info{{Stream: "lab", Name: "tight", Settings: group.Settings{Hold: true}, Lost: 7}, {Stream: "lab", Name: "loose", Lost: 3}}
	look := func(want ...string) {
		t.Helper()
		h.look(groups)
		active := h.alarms.Active()
		if len(active) != len(want) || len(want) == 1 && active[0].ID != holdAlarm+want[0] {
			t.Errorf("want %v, got %v", want, active)
		}
	}
	look() // what was lost before the start is no news
	groups[1].Lost++
	look()
	groups[0].Unread++
	look("lab/tight")
	if d := h.alarms.Active()[0].Detail.String(); !strings.Contains(d, "group lab/tight ") || !strings.Contains(d, ": 7 of the messages") || !strings.Contains(d, "looked at: 1.") {
		t.Error(d)
	}
	for range holdQuiet - 1 {
		look("lab/tight")
	}
	look()
	groups[0].Lost++
	look("lab/tight")
	groups = groups[1:]
	look()
}

// However many groups there are, a metric has so many series: those with most.
func TestAMetricHasTheForemostGroups(t *testing.T) {
	lags := map[string]time.Duration{"s/a": 3, "s/b": 0, "s/c": 9, "s/d": 3}
	if got := foremost(lags, 3); !slices.Equal(got, []string{"s/c", "s/a", "s/d"}) {
		t.Error(got)
	}
	if got := foremost(lags, 9); len(got) != 4 {
		t.Error(got)
	}
}
