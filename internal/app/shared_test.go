package app

import (
	"context"
	"errors"
	"testing"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/msg"
)

// shelf is what streams hold: an entry of one message at each position.
type shelf map[string][]msg.Placed

func (s shelf) Replay(_ context.Context, stream string, after msg.Position, f func(msg.Position, []msg.Message) error) error {
	if s[stream] == nil {
		return errors.New("no such stream")
	}
	for _, p := range s[stream] {
		if p.At.Compare(after) > 0 {
			if err := f(p.At, []msg.Message{p.Message}); err != nil {
				return err
			}
		}
	}
	return nil
}

// The oldest of what waits for a shared subscription is the one in memory, else the first
// in the log from where the group goes on: of its filter, and of QoS 1 or 2.
func TestTheOldestThatWaitsForAGroup(t *testing.T) {
	at := func(seq uint64) msg.Position { return msg.Position{Seq: seq} }
	put := func(seq uint64, time int64, topic string, qos byte) msg.Placed {
		return msg.Placed{At: at(seq), Message: msg.Message{Topic: []byte(topic), QoS: qos, Time: time}}
	}
	log := shelf{
		"telemetry": {put(1, 10, "jobs/a", 1), put(2, 20, "other", 1), put(3, 30, "jobs/b", 0), put(4, 40, "jobs/c", 2)},
		"sessions":  {put(7, 35, "jobs/d", 1)},
	}
	waits := backlog.Tally{Messages: 2}
	for name, c := range map[string]struct {
		group view.Group
		want  int64
	}{
		"nothing waits":          {view.Group{Behind: map[string]msg.Position{"telemetry": at(1)}}, 0},
		"in memory":              {view.Group{Waiting: waits, Oldest: 5, Behind: map[string]msg.Position{"telemetry": at(1)}}, 5},
		"from there on":          {view.Group{Waiting: waits, Behind: map[string]msg.Position{"telemetry": at(1)}}, 10},
		"behind it":              {view.Group{Waiting: waits, Behind: map[string]msg.Position{"telemetry": at(2)}}, 40},
		"the first of streams":   {view.Group{Waiting: waits, Behind: map[string]msg.Position{"telemetry": at(2), "sessions": at(7)}}, 35},
		"a log that has nothing": {view.Group{Waiting: waits, Behind: map[string]msg.Position{"gone": at(1)}}, 0},
	} {
		c.group.Filter = "jobs/#"
		if got := oldestOf(t.Context(), log, c.group); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
