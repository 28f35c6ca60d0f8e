package broker

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/view"
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

func ids(rows []view.Client) (all []string) {
	for _, r := range rows {
		all = append(all, r.ID)
	}
	return all
}

func TestClientsAreListed(t *testing.T) {
	b := start(t, Options{})
	ctx := t.Context()
	for i := range 20 {
		c := enter(t, b, packet.V5, fmt.Sprintf("press-%02d", i))
		c.subscribe("plant/#", 1)
		for range i {
			c.send(publish("other/a", "x", 0, 0))
		}
		c.send(packet.Pingreq{})
		expect[packet.Pingresp](c)
	}
	old := enter(t, b, packet.V311, "old")
	old.send(packet.Pingreq{})
	expect[packet.Pingresp](old)

	page, n, err := b.Clients(ctx, view.ClientQuery{Prefix: "press-", Offset: 5, Limit: 2})
	if err != nil || n != 20 || fmt.Sprint(ids(page)) != "[press-05 press-06]" {
		t.Fatal(ids(page), n, err)
	}
	r := page[0]
	if r.MessagesIn != 5 || !r.Connected || r.Subscriptions != 1 || r.Listener != "default" || r.Protocol != packet.V5 ||
		r.BytesIn == 0 || r.BytesOut == 0 || r.Address() == "" || r.ConnectedAt == 0 {
		t.Errorf("%+v", r)
	}
	for _, c := range []struct {
		q    view.ClientQuery
		want string
	}{
		{view.ClientQuery{Search: "OLD"}, "[old]"},
		{view.ClientQuery{Protocol: "3.1.1"}, "[old]"},
		{view.ClientQuery{State: "disconnected"}, "[]"},
		{view.ClientQuery{Listener: "other"}, "[]"},
		{view.ClientQuery{User: "vera"}, "[]"},
		{view.ClientQuery{Address: "10."}, "[]"},
		{view.ClientQuery{Reason: "any"}, "[]"},
		{view.ClientQuery{Address: "127.", Limit: 1}, "[old]"},
		{view.ClientQuery{Prefix: "press-0", State: "connected", Desc: true, Limit: 2}, "[press-09 press-08]"},
		{view.ClientQuery{Offset: 100}, "[]"},
	} {
		page, _, err := b.Clients(ctx, c.q)
		if got := fmt.Sprint(ids(page)); got != c.want || err != nil {
			t.Errorf("%+v: %s %v, want %s", c.q, got, err, c.want)
		}
	}
	for _, sort := range []string{"id", "user", "address", "connectedAt", "queued", "queuedBytes", "outputBytes", "inflight", "dropped", "lastError", "inRate", "outRate"} {
		up, n, err := b.Clients(ctx, view.ClientQuery{Sort: sort})
		down, _, _ := b.Clients(ctx, view.ClientQuery{Sort: sort, Desc: true})
		if err != nil || n != 21 || len(up) != 21 || len(down) != 21 {
			t.Errorf("%s: %d %d %d %v", sort, n, len(up), len(down), err)
		}
	}
}

func TestOneClientIsShownAndKicked(t *testing.T) {
	b := start(t, Options{})
	c := enter(t, b, packet.V5, "press")
	c.subscribeWith(7, packet.Subscription{Filter: []byte("b/+"), QoS: 1, NoLocal: true, RetainAsPublished: true, RetainHandling: 2})
	c.subscribe("$share/g/a/#", 2)
	d, err := b.Client(t.Context(), "press")
	if err != nil || d.ID != "press" || !d.CleanStart || len(d.Subscribed) != 2 {
		t.Fatalf("%+v %v", d, err)
	}
	if s := d.Subscribed[0]; s.Share != "g" || s.Filter != "$share/g/a/#" || s.QoS != 2 {
		t.Errorf("%+v", s)
	}
	if s := d.Subscribed[1]; s.ID != 7 || !s.NoLocal || !s.RetainAsPublished || s.RetainHandling != 2 || s.Share != "" || !s.Connected {
		t.Errorf("%+v", s)
	}
	if err := b.Kick(t.Context(), "press", false); err != nil {
		t.Fatal(err)
	}
	if p := expect[*packet.Disconnect](c); p.Reason != packet.AdministrativeAction {
		t.Errorf("%+v", p)
	}
	c.closed()
	eventually(t, "it is counted", func() bool { return b.Stats().Closed[fault.Kicked] == 1 })
	for _, err := range []error{b.Kick(t.Context(), "press", false), second(b.Client(t.Context(), "press"))} {
		if fault.CodeOf(err) != fault.NotFound {
			t.Error(err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestSubscriptionsAreListed(t *testing.T) {
	b := start(t, Options{})
	for i := range 8 {
		c := enter(t, b, packet.V5, fmt.Sprint("c", i))
		c.subscribe(fmt.Sprintf("plant/%d/#", i), 1)
		c.subscribe("$share/g/plant/+/state", 0)
	}
	for _, c := range []struct {
		q    view.SubscriptionQuery
		want int
	}{
		{view.SubscriptionQuery{}, 16},
		{view.SubscriptionQuery{Client: "c3"}, 2},
		{view.SubscriptionQuery{Client: "nobody"}, 0},
		{view.SubscriptionQuery{Topic: "plant/3/state"}, 9},
		{view.SubscriptionQuery{Topic: "plant/3/state", Shared: "none"}, 1},
		{view.SubscriptionQuery{Shared: "only"}, 8},
		{view.SubscriptionQuery{Prefix: "plant/3"}, 1},
		{view.SubscriptionQuery{Search: "C7"}, 2},
	} {
		for _, sort := range []string{"", "client", "qos"} {
			c.q.Sort = sort
			page, n, err := b.Subscriptions(t.Context(), c.q)
			if err != nil || n != c.want || len(page) != n {
				t.Errorf("%+v: %d %v, want %d", c.q, n, err, c.want)
			}
		}
	}
}

func TestLastErrorsAndRefusalsAreTold(t *testing.T) {
	told := make(chan Refusal, 10)
	b := start(t, Options{Refused: func(r Refusal) { told <- r }, Zone: Zone{Subscriptions: 1}})
	c := enter(t, b, packet.V5, "press")
	c.subscribe("a", 0)
	c.send(&packet.Subscribe{ID: 9, Filters: []packet.Subscription{{Filter: []byte("b")}}})
	expect[*packet.Suback](c)
	r := <-told
	if r.Client != "press" || r.Listener != "default" || !r.Address.IsLoopback() || r.Text == "" || r.At.IsZero() {
		t.Errorf("%+v", r)
	}
	rows, n, err := b.Clients(t.Context(), view.ClientQuery{Reason: r.Code.String()})
	if err != nil || n != 1 || rows[0].Error != r.Code || rows[0].ErrorAt == 0 {
		t.Errorf("%+v %v", rows, err)
	}
	long := dial(t, b, packet.V5)
	long.send(&packet.Connect{Version: packet.V5, CleanStart: true, ClientID: bytes.Repeat([]byte("x"), 300), Username: []byte("eve")})
	if r := <-told; r.User != "eve" {
		t.Errorf("%+v", r)
	}
	bad := dial(t, b, packet.V5)
	bad.write([]byte{0x30, 0})
	bad.closed()
	if r := <-told; r.Client != "" || r.Code != fault.Protocol {
		t.Errorf("%+v", r)
	}
}

func TestRetainedMessagesAreListedAndRemoved(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	pub := enter(t, b, packet.V5, "pub")
	for i := range 5 {
		p := publish(fmt.Sprintf("plant/%d/a", i), string(make([]byte, i+1)), 1, uint16(i+1))
		p.Retain = true
		if i == 4 {
			p.HasExpiry, p.Expiry = true, 60
		}
		pub.send(p)
		expect[*packet.Ack](pub)
	}
	ctx := t.Context()
	page, n, err := b.Retained(ctx, view.RetainedQuery{Filter: "plant/+/a", Sort: "size", Desc: true, Limit: 2})
	if err != nil || n != 5 || len(page) != 2 || len(page[0].Payload) != 5 {
		t.Fatal(page, n, err)
	}
	if m, ok := b.RetainedMessage("plant/4/a"); !ok || string(m.Publisher) != "pub" {
		t.Error(m)
	}
	clock.forward(time.Minute)
	if _, ok := b.RetainedMessage("plant/4/a"); ok {
		t.Error("it has expired")
	}
	for _, sort := range []string{"topic", "at", "expiresAt", "publisher"} {
		if _, n, err := b.Retained(ctx, view.RetainedQuery{Sort: sort, Prefix: "plant/", Search: "/A"}); n != 4 || err != nil {
			t.Error(sort, n, err)
		}
	}
	if n, err := b.DeleteRetained(ctx, view.RetainedQuery{Filter: "plant/#"}, true); n != 4 || err != nil {
		t.Error(n, err)
	}
	if n, err := b.DeleteRetained(ctx, view.RetainedQuery{Filter: "plant/1/a"}, false); n != 1 || err != nil {
		t.Error(n, err)
	}
	for publisher, want := range map[string]int{"pub": 3, "p*": 3, "*u*": 3, "*": 3, "pu": 0, "*p": 0, "pub*b": 0} {
		if n, err := b.DeleteRetained(ctx, view.RetainedQuery{Publisher: publisher}, true); n != want || err != nil {
			t.Error(publisher, n, err)
		}
	}
	if n, err := b.DeleteRetained(ctx, view.RetainedQuery{Filter: "plant/2/+", Publisher: "pub"}, false); n != 1 || err != nil {
		t.Error(n, err)
	}
	if n, err := b.DeleteRetained(ctx, view.RetainedQuery{Filter: "#"}, false); n != 2 || err != nil {
		t.Error(n, err)
	}
}

func TestNobodyIsAskedOnceTheBrokerHasStopped(t *testing.T) {
	b := start(t, Options{})
	if err := stop(b); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Clients(context.Background(), view.ClientQuery{}); fault.CodeOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

func TestDeliveriesAndConnectsAreTimed(t *testing.T) {
	clock := newClock()
	b := start(t, Options{Now: clock.now})
	sub := enter(t, b, packet.V5, "sub")
	sub.subscribe("a", 1)
	pub := enter(t, b, packet.V5, "pub")
	for range 10 {
		pub.send(publish("a", "x", 0, 0))
		expect[*packet.Publish](sub)
	}
	s := b.Stats()
	if s.DeliverTime.Count() != 10 || s.ConnectTime.Count() != 2 {
		t.Error(s.DeliverTime.Count(), s.ConnectTime.Count())
	}
}

// BenchmarkClients lists the first page of 5,000 clients, sorted by their queues.
func BenchmarkClients(b *testing.B) {
	br := start(b, Options{})
	const clients = 5000
	for i := range clients {
		enter(b, br, packet.V5, fmt.Sprint("client-", i))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, n, err := br.Clients(b.Context(), view.ClientQuery{Sort: "queued", Desc: true, Limit: 100}); n != clients || err != nil {
			b.Fatal(n, err)
		}
	}
}

// A client is shown as it came last: with clean start, or for its earlier session.
func TestCleanStartIsShown(t *testing.T) {
	b := start(t, Options{})
	for _, clean := range []bool{true, false} {
		c := dial(t, b, packet.V5)
		c.write(connectBytes(packet.V5, "c", func(p *packet.Connect) { p.CleanStart, p.SessionExpiry = clean, 100 }))
		expect[*packet.Connack](c)
		all, _, err := b.Clients(t.Context(), view.ClientQuery{Limit: 10})
		if err != nil || len(all) != 1 || all[0].CleanStart != clean {
			t.Errorf("clean start %v: %+v, %v", clean, all, err)
		}
	}
}
