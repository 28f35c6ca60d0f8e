package app

import (
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
