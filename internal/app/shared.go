package app

import (
	"context"
	"errors"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/mqtt/topic"
	"github.com/millrace/millrace/internal/msg"
)

// replayer reads what a stream has behind a position.
type replayer interface {
	Replay(ctx context.Context, stream string, after msg.Position, f func(at msg.Position, ms []msg.Message) error) error
}

// oldestLook bounds how long one list looks through the log for when messages came.
const oldestLook = 100 * time.Millisecond

func (c clientsAPI) SharedSubscriptions(ctx context.Context, q api.SharedQuery) ([]api.SharedSubscription, int, error) {
	list, count, err := c.Groups(ctx, view.GroupQuery{Search: q.Search, Sort: q.Sort, Desc: q.Order == "desc", Offset: offset(q.Paging), Limit: q.Limit})
	ctx, cancel := context.WithTimeout(ctx, oldestLook)
	defer cancel()
	return convert(list, func(i view.Group) api.SharedSubscription { return sharedRow(i, oldestOf(ctx, c.log, i)) }), count, err
}

func sharedRow(i view.Group, oldest int64) api.SharedSubscription {
	row := api.SharedSubscription{
		Share: i.Share, Filter: i.Filter, Strategy: string(i.Strategy), Members: i.Members, Connected: i.Connected, Lasting: i.Lasting,
		Waiting: i.Waiting.Messages, WaitingBytes: i.Waiting.Bytes, Unacknowledged: i.Unacknowledged, Lost: i.Lost, Dropped: i.Drops(), DroppedBy: convert(i.Dropped, dropRow),
	}
	if oldest != 0 {
		row.Oldest = moment(oldest)
	}
	return row
}

// oldestOf is when the first message of those came that wait for the group, 0 for what is
// not known. What is in memory is older than what the log has behind it.
func oldestOf(ctx context.Context, log replayer, i view.Group) int64 {
	if i.Oldest != 0 || i.Waiting.Messages == 0 {
		return i.Oldest
	}
	oldest := int64(0)
	for stream, from := range i.Behind {
		if at := firstOf(ctx, log, stream, from, i.Filter); at != 0 && (oldest == 0 || at < oldest) {
			oldest = at
		}
	}
	return oldest
}

var errFirst = errors.New("the first one")

// firstOf is when the first message of QoS 1 or 2 came that the filter matches and that
// stands at that place or behind it.
func firstOf(ctx context.Context, log replayer, stream string, from msg.Position, filter string) (time int64) {
	err := log.Replay(ctx, stream, from.Before(), func(_ msg.Position, ms []msg.Message) error {
		for i := range ms {
			if m := &ms[i]; m.QoS > 0 && topic.Match(filter, string(m.Topic)) {
				time = m.Time
				return errFirst
			}
		}
		return nil
	})
	if !errors.Is(err, errFirst) {
		return 0 // the log is slow, or has nothing: the rest of the row is true
	}
	return time
}
