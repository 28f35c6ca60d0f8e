package api

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// floor is everything of a broker that the API asks for, with one client on it.
type floor struct {
	clients       ClientQuery
	subscriptions SubscriptionQuery
	shared        SharedQuery
	retained      RetainedQuery
	refused       RefusedQuery
	since         time.Time
	calls         []string
}

func (f *floor) call(parts ...string) { f.calls = append(f.calls, strings.Join(parts, " ")) }

func (f *floor) Clients(_ context.Context, q ClientQuery) ([]Client, int, error) {
	f.clients = q
	return []Client{{ID: "press-7", Connected: true}}, 12, nil
}
func (f *floor) Client(_ context.Context, id string) (ClientDetail, error) {
	if id != "line 1/press-7" {
		return ClientDetail{}, fault.New(fault.NotFound, "There is no client %q.", id)
	}
	return ClientDetail{Client: Client{ID: id}}, nil
}
func (f *floor) Kick(_ context.Context, id string, session bool) error {
	if id == "gone" {
		return fault.New(fault.NotFound, "There is no client %q.", id)
	}
	if session {
		id += " for good"
	}
	f.call("kick", id)
	return nil
}
func (f *floor) SharedSubscriptions(_ context.Context, q SharedQuery) ([]SharedSubscription, int, error) {
	f.shared = q
	return []SharedSubscription{{Share: "g", Filter: "jobs/#", Waiting: 3}}, 5, nil
}
func (f *floor) Subscriptions(_ context.Context, q SubscriptionQuery) ([]ClientSubscription, int, error) {
	f.subscriptions = q
	return nil, 0, nil
}
func (f *floor) Retained(_ context.Context, q RetainedQuery) ([]Retained, int, error) {
	f.retained = q
	return []Retained{{Topic: "a"}}, 1, nil
}
func (f *floor) RetainedMessage(topic string) (*msg.Message, bool) {
	m := &msg.Message{Topic: []byte(topic), Payload: []byte(strings.Repeat("ab", mostRetained)), QoS: 1, Expiry: 60, Time: noon.UnixNano(), Publisher: []byte("press-7")}
	return m, topic == "plant/a"
}
func (f *floor) DeleteRetained(_ context.Context, q RetainedChoice, dry bool) (int, error) {
	if !dry {
		f.call("delete", q.Filter+q.Publisher)
	}
	return len(q.Filter+q.Publisher) - 1, nil
}
func (f *floor) Listeners() []Listener                    { return []Listener{{Name: "default", Kind: "tcp"}} }
func (f *floor) Reload(context.Context) ([]string, error) { return nil, nil }
func (f *floor) Slow() []SlowSubscriber                   { return []SlowSubscriber{{Client: "press-7", Latency: 1500}} }
func (f *floor) Clear()                                   { f.call("clear") }
func (f *floor) TopicMetrics() []TopicMetric              { return []TopicMetric{{Filter: "plant/#"}} }
func (f *floor) AddTopicMetric(filter string) (TopicMetric, error) {
	return TopicMetric{Filter: filter, Since: noon}, nil
}
func (f *floor) DeleteTopicMetric(filter string) error {
	f.call("forget", filter)
	return nil
}
func (f *floor) Traces() []Trace { return []Trace{{Name: "t", File: "t.log", State: "running"}} }
func (f *floor) StartTrace(n NewTrace) (Trace, error) {
	return Trace{Name: n.Name, Kind: n.Kind, Value: n.Value, Format: n.Format, State: "running"}, nil
}
func (f *floor) StopTrace(name string) (Trace, error) {
	return Trace{Name: name, State: "stopped"}, nil
}
func (f *floor) DeleteTrace(name string) error {
	f.call("delete", name)
	return nil
}
func (f *floor) TraceFile(name string) (io.ReadCloser, int64, error) {
	if name != "t" {
		return nil, 0, fault.New(fault.NotFound, "There is no trace %q.", name)
	}
	return io.NopCloser(strings.NewReader("0123456789 and what is written meanwhile")), 10, nil
}

func newFloor(t *testing.T) (*desk, *floor) {
	f := &floor{}
	return newDesk(t, func(o *Options) {
		o.Clients, o.Retained, o.Listeners, o.Slow, o.TopicMetrics, o.Traces = f, f, f, f, f, f
		o.Refused = func(q RefusedQuery, since time.Time) ([]Refusal, int) {
			f.refused, f.since = q, since
			return []Refusal{{Client: "press-7", Kind: "password"}}, 3
		}
	}), f
}

func TestClientsAreAskedFor(t *testing.T) {
	d, f := newFloor(t)
	p := read[Page[Client]](t, d.get(root+"/clients?prefix=pr&search=7&state=connected&sort=queued&order=desc&page=2&limit=5&reason=any"), 200)
	if p.Meta != (Meta{Page: 2, Limit: 5, Count: 12}) || p.Items[0].ID != "press-7" {
		t.Errorf("%+v", p)
	}
	want := ClientQuery{Paging: Paging{2, 5}, Prefix: "pr", Search: "7", State: "connected", Sort: "queued", Order: "desc", Reason: "any"}
	if f.clients != want {
		t.Errorf("asked %+v", f.clients)
	}
	problemIn(t, d.get(root+"/clients?sort=colour"), 422, fault.Invalid)
	w := d.get(root + "/clients/line%201%2Fpress-7")
	if got := read[ClientDetail](t, w, 200); got.ID != "line 1/press-7" || !strings.Contains(w.Body.String(), `"queue":[]`) {
		t.Error(w.Body)
	}
	problemIn(t, d.get(root+"/clients/other"), 404, fault.NotFound)
}

func TestClientsAreKicked(t *testing.T) {
	d, f := newFloor(t)
	read[struct{}](t, d.send("DELETE", root+"/clients/press-7", ""), 204)
	read[struct{}](t, d.send("DELETE", root+"/clients/press-8?session=true", ""), 204)
	problemIn(t, d.send("DELETE", root+"/clients/gone", ""), 404, fault.NotFound)
	k := read[Kicked](t, d.send("POST", root+"/clients/kick", `{"ids":["a","gone","b"],"session":true}`), 200)
	if k.Kicked != 2 || !reflect.DeepEqual(k.Missing, []string{"gone"}) {
		t.Errorf("%+v", k)
	}
	want := []string{"kick press-7", "kick press-8 for good", "kick a for good", "kick b for good"}
	if !reflect.DeepEqual(f.calls, want) {
		t.Error(f.calls)
	}
}

func TestSubscriptionsAreAskedFor(t *testing.T) {
	d, f := newFloor(t)
	if w := d.get(root + "/subscriptions?topic=plant/a&shared=none&client=press-7"); !strings.Contains(w.Body.String(), `"items":[]`) {
		t.Error(w.Body)
	}
	if q := f.subscriptions; q.Topic != "plant/a" || q.Shared != "none" || q.Client != "press-7" || q.Sort != "filter" {
		t.Errorf("%+v", q)
	}
	problemIn(t, d.get(root+"/subscriptions?topic=plant/%23"), 422, fault.BadTopicName)
	if w := d.get(root + "/subscriptions/shared?search=jobs&sort=waiting&order=desc&page=2&limit=1"); !strings.Contains(w.Body.String(), `"waiting":3`) || !strings.Contains(w.Body.String(), `"count":5`) {
		t.Error(w.Body)
	}
	if q := f.shared; q.Search != "jobs" || q.Sort != "waiting" || q.Order != "desc" || q.Page != 2 {
		t.Errorf("%+v", q)
	}
}

func TestRetainedMessagesAreShownAndRemoved(t *testing.T) {
	d, f := newFloor(t)
	read[Page[Retained]](t, d.get(root+"/retained?filter=plant/%23&sort=size&order=desc"), 200)
	if f.retained.Filter != "plant/#" || f.retained.Sort != "size" {
		t.Errorf("%+v", f.retained)
	}
	problemIn(t, d.get(root+"/retained?filter=plant/%23/a"), 422, fault.BadTopicFilter)
	m := read[RetainedMessage](t, d.get(root+"/retained/message?topic=plant/a"), 200)
	if !m.Truncated || m.Size != 2*mostRetained || len(m.Payload) != mostRetained || m.Encoding != "text" || !m.ExpiresAt.Equal(noon.Add(time.Minute)) {
		t.Errorf("%v %d %d", m.Truncated, m.Size, len(m.Payload))
	}
	problemIn(t, d.get(root+"/retained/message?topic=plant/b"), 404, fault.NotFound)
	if got := read[Deleted](t, d.send("DELETE", root+"/retained?filter=plant/%23&dryRun=true", ""), 200); got != (Deleted{6, true}) {
		t.Error(got)
	}
	if got := read[Deleted](t, d.send("DELETE", root+"/retained?topic=plant/a", ""), 200); got != (Deleted{6, false}) {
		t.Error(got)
	}
	if got := read[Deleted](t, d.send("DELETE", root+"/retained?publisher=press-*&filter=a/%23&dryRun=true", ""), 200); got != (Deleted{9, true}) {
		t.Errorf("%+v", got)
	}
	problemIn(t, d.send("DELETE", root+"/retained?publisher=a&topic=a", ""), 422, fault.Invalid)
	problemIn(t, d.send("DELETE", root+"/retained?topic=a", ""), 404, fault.NotFound) // this floor has none
	problemIn(t, d.send("DELETE", root+"/retained?topic=a/%23", ""), 422, fault.BadTopicName)
	problemIn(t, d.send("DELETE", root+"/retained?topic=a&filter=b", ""), 422, fault.Invalid)
	problemIn(t, d.send("DELETE", root+"/retained", ""), 422, fault.Invalid)
	if want := []string{"delete plant/a", "delete a"}; !reflect.DeepEqual(f.calls, want) {
		t.Error(f.calls)
	}
}

func TestListenersRefusalsAndSlowOnesAreListed(t *testing.T) {
	d, f := newFloor(t)
	if w := d.get(root + "/listeners"); !strings.Contains(w.Body.String(), `"refused":{}`) {
		t.Error(w.Body)
	}
	if w := d.send("POST", root+"/listeners/reload", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"listeners":[]`) {
		t.Error(w.Body)
	}
	p := read[Page[Refusal]](t, d.get(root+"/refused?kind=password&since=-1h&address=10.&admitted=false"), 200)
	if p.Meta.Count != 3 || f.refused.Address != "10." || f.refused.Admitted() == nil || *f.refused.Admitted() || new(RefusedQuery).Admitted() != nil || !f.since.Equal(noon.Add(-time.Hour)) {
		t.Errorf("%+v %v", f.refused, f.since)
	}
	problemIn(t, d.get(root+"/refused?since=never"), 422, fault.Invalid)
	if s := read[Page[SlowSubscriber]](t, d.get(root+"/slow-subscribers"), 200); s.Items[0].Latency != 1500 {
		t.Error(s)
	}
	read[struct{}](t, d.send("DELETE", root+"/slow-subscribers", ""), 204)
	if !reflect.DeepEqual(f.calls, []string{"clear"}) {
		t.Error(f.calls)
	}
}

func TestTopicsAreCounted(t *testing.T) {
	d, f := newFloor(t)
	if m := read[TopicMetric](t, d.send("POST", root+"/topic-metrics", `{"filter":"plant/#"}`), 201); m.Filter != "plant/#" {
		t.Error(m)
	}
	if p := read[Page[TopicMetric]](t, d.get(root+"/topic-metrics"), 200); p.Meta.Count != 1 {
		t.Error(p)
	}
	read[struct{}](t, d.send("DELETE", root+"/topic-metrics?filter=plant/%23", ""), 204)
	if !reflect.DeepEqual(f.calls, []string{"forget plant/#"}) {
		t.Error(f.calls)
	}
}

func TestTracesAreStartedStoppedAndRead(t *testing.T) {
	d, f := newFloor(t)
	tr := read[Trace](t, d.send("POST", root+"/traces", `{"name":"press","kind":"client","value":"press-7"}`), 201)
	if tr.Format != "text" || tr.State != "running" {
		t.Errorf("%+v", tr)
	}
	for _, name := range []string{"../etc", ".hidden", "a/b", ""} {
		problemIn(t, d.send("POST", root+"/traces", `{"name":"`+name+`","kind":"client","value":"x"}`), 422, fault.Invalid)
	}
	if tr := read[Trace](t, d.send("POST", root+"/traces/t/stop", ""), 200); tr.State != "stopped" {
		t.Errorf("%+v", tr)
	}
	w := d.get(root + "/traces/t/file")
	if w.Code != http.StatusOK || w.Body.String() != "0123456789" || w.Header().Get("Content-Disposition") != `attachment; filename="t.log"` {
		t.Error(w.Code, w.Body, w.Header())
	}
	problemIn(t, d.get(root+"/traces/u/file"), 404, fault.NotFound)
	read[struct{}](t, d.send("DELETE", root+"/traces/t", ""), 204)
	if !reflect.DeepEqual(f.calls, []string{"delete t"}) {
		t.Error(f.calls)
	}
}
