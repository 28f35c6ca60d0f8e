package view

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/msg"
)

var clients = []Client{
	{ID: "press-1", User: "Anna", Listener: "plant", Protocol: packet.V5, Connected: true, ConnectedAt: 3, Queued: 2, QueuedBytes: 9, MessagesIn: 1, Remote: netip.MustParseAddrPort("10.1.0.7:50001")},
	{ID: "press-2", User: "berta", Listener: "plant", Protocol: packet.V311, ConnectedAt: 1, Queued: 2, QueuedBytes: 90, Dropped: 4, Error: fault.SlowReader, ErrorAt: 5},
	{ID: "oven", Listener: "office", Protocol: packet.V5, Connected: true, ConnectedAt: 2, OutputBytes: 7, Inflight: 1, InRate: 2, OutRate: 1},
}

// refer is the rows, as they are collected in parts.
func refer[T any](rows []T) []*T {
	parts := make([]Rows[T], 2)
	for i, r := range rows {
		parts[i%2].Add(r)
	}
	return Together(parts)
}

// asked is who the query chooses, in its order, and how many there are beside its page.
func asked(q ClientQuery) (ids string, count int) {
	var rows []*Client
	for _, r := range refer(clients) {
		if q.Matches(r) {
			rows = append(rows, r)
		}
	}
	page, count := q.Page(rows)
	var names []string
	for _, r := range page {
		names = append(names, r.ID)
	}
	return strings.Join(names, " "), count
}

func TestClientsAreChosen(t *testing.T) {
	for _, c := range []struct {
		q    ClientQuery
		want string
	}{
		{ClientQuery{}, "oven press-1 press-2"},
		{ClientQuery{Prefix: "press"}, "press-1 press-2"},
		{ClientQuery{Search: "ANNA"}, "press-1"},
		{ClientQuery{Search: "10.1"}, "press-1"},
		{ClientQuery{Address: "10.1."}, "press-1"},
		{ClientQuery{Address: "0.1."}, ""},
		{ClientQuery{State: "connected"}, "oven press-1"},
		{ClientQuery{State: "disconnected"}, "press-2"},
		{ClientQuery{State: "all", Listener: "office"}, "oven"},
		{ClientQuery{Protocol: packet.V311.String()}, "press-2"},
		{ClientQuery{User: "berta"}, "press-2"},
		{ClientQuery{Reason: "any"}, "press-2"},
		{ClientQuery{Reason: fault.SlowReader.String()}, "press-2"},
		{ClientQuery{Reason: fault.TooMany.String()}, ""},
	} {
		if got, n := asked(c.q); got != c.want || n != len(strings.Fields(c.want)) {
			t.Errorf("%+v: %q, %d, want %q", c.q, got, n, c.want)
		}
	}
}

// Rows of equal rank stand by their identifiers, upwards or downwards like the others.
func TestClientsAreSorted(t *testing.T) {
	for sort, want := range map[string]string{
		"": "oven press-1 press-2", "id": "oven press-1 press-2", "user": "oven press-1 press-2", "connectedAt": "press-2 oven press-1",
		"queued": "oven press-1 press-2", "queuedBytes": "oven press-1 press-2", "outputBytes": "press-1 press-2 oven",
		"inflight": "press-1 press-2 oven", "dropped": "oven press-1 press-2", "lastError": "oven press-1 press-2",
		"inRate": "press-1 press-2 oven", "outRate": "press-1 press-2 oven", "address": "oven press-2 press-1",
	} {
		up, _ := asked(ClientQuery{Sort: sort})
		down, _ := asked(ClientQuery{Sort: sort, Desc: true})
		if back := strings.Fields(down); up != want || back[0]+back[1]+back[2] != strings.Fields(up)[2]+strings.Fields(up)[1]+strings.Fields(up)[0] {
			t.Errorf("%q: %s, downwards %s, want %s", sort, up, down, want)
		}
	}
}

func TestPagesAreCut(t *testing.T) {
	for _, c := range []struct {
		offset, limit int
		want          string
	}{{0, 2, "oven press-1"}, {2, 2, "press-2"}, {3, 2, ""}, {9, 1, ""}, {-1, 1, "oven"}, {1, 0, "press-1 press-2"}} {
		if got, n := asked(ClientQuery{Offset: c.offset, Limit: c.limit}); got != c.want || n != 3 {
			t.Errorf("%d, %d: %q of %d", c.offset, c.limit, got, n)
		}
	}
}

func TestSubscriptionsAreChosen(t *testing.T) {
	all := []Subscription{{Client: "a", Filter: "plant/+/t", QoS: 1}, {Client: "b", Filter: "$share/g/plant/#", Share: "g"}, {Client: "a", Filter: "oven"}}
	for _, c := range []struct {
		q    SubscriptionQuery
		want string
	}{
		{SubscriptionQuery{}, "$share/g/plant/# oven plant/+/t"},
		{SubscriptionQuery{Sort: "client"}, "oven plant/+/t $share/g/plant/#"},
		{SubscriptionQuery{Sort: "qos", Desc: true}, "plant/+/t oven $share/g/plant/#"},
		{SubscriptionQuery{Topic: "plant/1/t"}, "$share/g/plant/# plant/+/t"},
		{SubscriptionQuery{Shared: "only"}, "$share/g/plant/#"},
		{SubscriptionQuery{Shared: "none", Prefix: "p"}, "plant/+/t"},
		{SubscriptionQuery{Search: "OVE"}, "oven"},
	} {
		var rows []*Subscription
		for _, r := range refer(all) {
			if c.q.Matches(r) {
				rows = append(rows, r)
			}
		}
		var got []string
		page, _ := c.q.Page(rows)
		for _, r := range page {
			got = append(got, r.Filter)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v", c.q, got)
		}
	}
}

func TestGroupsAreSorted(t *testing.T) {
	all := []Group{{Share: "b", Filter: "x", Members: 1, Dropped: []Drop{{Count: 1}}}, {Share: "a", Filter: "y", Connected: 1, Waiting: backlog.Tally{Messages: 1}}}
	for sort, want := range map[string]string{"": "b", "filter": "b", "share": "a", "members": "a", "connected": "b", "waiting": "b", "lost": "a"} {
		q := GroupQuery{Sort: sort, Limit: 1}
		if page, n := q.Page(refer(all)); n != 2 || page[0].Share != want {
			t.Errorf("%q: %+v", sort, page)
		}
	}
	if q := (GroupQuery{Search: "Y"}); q.Matches(&all[0]) || !q.Matches(&all[1]) {
		t.Error("what is looked for is not found")
	}
}

func TestRetainedMessagesAreChosen(t *testing.T) {
	now := int64(time.Hour)
	all := []*msg.Message{
		{Topic: []byte("plant/1"), Payload: []byte("four"), Publisher: []byte("press-1"), Time: 2},
		{Topic: []byte("plant/2"), Payload: []byte("x"), Publisher: []byte("oven"), Time: 3},
		{Topic: []byte("office"), Publisher: []byte("press-2"), Time: 1},
	}
	each := func(f func(*msg.Message)) {
		for _, m := range all {
			f(m)
		}
	}
	for _, c := range []struct {
		q    RetainedQuery
		want string
	}{
		{RetainedQuery{}, "office plant/1 plant/2"},
		{RetainedQuery{Sort: "at"}, "office plant/1 plant/2"},
		{RetainedQuery{Sort: "size", Desc: true}, "plant/1 plant/2 office"},
		{RetainedQuery{Sort: "publisher"}, "plant/2 plant/1 office"},
		{RetainedQuery{Prefix: "plant/"}, "plant/1 plant/2"},
		{RetainedQuery{Search: "T/2"}, "plant/2"},
		{RetainedQuery{Filter: "+"}, "office"},
		{RetainedQuery{Publisher: "press"}, ""},
		{RetainedQuery{Publisher: "press-*"}, "office plant/1"},
		{RetainedQuery{Publisher: "*e*n"}, "plant/2"},
	} {
		page, n := c.q.Page(each, now)
		var got []string
		for _, m := range page {
			got = append(got, string(m.Topic))
		}
		if strings.Join(got, " ") != c.want || n != len(got) {
			t.Errorf("%+v: %v", c.q, got)
		}
	}
}

// A rate is since the last look that is not too old, else since the client came.
func TestRatesAreSinceTheLastLook(t *testing.T) {
	var r Rates
	row, at := Client{Connected: true, Conn: 1, MessagesIn: 30}, time.Unix(10, 0)
	for _, c := range []struct {
		after time.Duration
		more  uint64
		want  float64
	}{{0, 0, 3}, {2 * time.Second, 100, 50}, {time.Millisecond, 100, 50}, {2 * time.Minute, 0, 230 / 132.001}} {
		at = at.Add(c.after)
		row.MessagesIn += c.more
		r.Fill([]*Client{&row}, at)
		if row.InRate != c.want {
			t.Errorf("%v later: %v, want %v", c.after, row.InRate, c.want)
		}
	}
}
