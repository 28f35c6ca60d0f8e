package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// tape is Streams with one stream, telemetry, of one message an entry.
type tape struct {
	ms    []msg.Message
	asked struct {
		after  msg.Position
		filter string
		limit  int
		wait   time.Duration
		from   time.Time
	}
}

func (p *tape) Describe() []StreamStatus {
	return []StreamStatus{{Name: "telemetry", Readers: []StreamReader{{Name: "historian", Behind: 3}}}, {Name: "sessions", BuiltIn: true}}
}

func (p *tape) Readable(_ context.Context, stream string, after msg.Position) error {
	switch {
	case stream != "telemetry":
		return fault.New(fault.NotFound, "no")
	case after.Seq > uint64(len(p.ms)):
		return fault.New(fault.Invalid, "not yet")
	}
	return nil
}

func (p *tape) Page(ctx context.Context, stream string, after msg.Position, filter string, limit int, wait time.Duration) (out StreamPage, err error) {
	p.asked.after, p.asked.filter, p.asked.limit, p.asked.wait = after, filter, limit, wait
	if wait > 10*time.Second {
		<-ctx.Done()
		return out, context.Cause(ctx)
	}
	out.Next = after
	for i := after.Seq; i < uint64(len(p.ms)) && len(out.Messages) < limit; i++ {
		out.Next = msg.Position{Seq: i + 1}
		out.Messages = append(out.Messages, msg.Placed{At: out.Next, Message: p.ms[i]})
	}
	out.More = out.Next.Seq < uint64(len(p.ms))
	return out, p.Readable(ctx, stream, after)
}

func (p *tape) Find(_ context.Context, _ string, t time.Time) (msg.Position, error) {
	p.asked.from = t
	return msg.Position{Seq: 1}, nil
}

func (p *tape) Read(ctx context.Context, _ string, after msg.Position, f func(msg.Position, []msg.Message) error) error {
	for i := after.Seq; i < uint64(len(p.ms)); i++ {
		if err := f(msg.Position{Seq: i + 1}, p.ms[i:i+1]); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func newTape() *tape {
	properties := []byte{0x01, 1, 0x03, 0, 1, 'j', 0x09, 0, 1, 0xff, 0x26, 0, 1, 'k', 0, 1, 'v', 0x26, 0, 1, 'k', 0, 1, 'w'}
	return &tape{ms: []msg.Message{
		{Topic: []byte("plant/a"), Payload: []byte("1"), Time: noon.UnixNano(), Publisher: []byte("press-7"), QoS: 1, Properties: properties},
		{Topic: []byte("plant/b"), Payload: []byte{0xff}, Time: noon.UnixNano(), Retain: true, Expiry: 7},
		{Topic: []byte("plant/a"), Payload: []byte("3"), Time: noon.UnixNano()},
	}}
}

func TestStreamsAreDescribed(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Streams = newTape() })
	if p := read[Page[StreamStatus]](t, d.get(root+"/streams"), 200); p.Meta.Count != 2 || !p.Items[1].BuiltIn || p.Items[1].Readers == nil {
		t.Errorf("%+v", p)
	}
	w := d.get(root + "/streams/telemetry")
	if s := read[StreamStatus](t, w, 200); s.Readers[0].Behind != 3 || strings.Contains(w.Body.String(), "null") {
		t.Error(w.Body)
	}
	problemIn(t, d.get(root+"/streams/moon"), 404, fault.NotFound)
	problemIn(t, newDesk(t).get(root+"/streams/telemetry/messages"), 503, fault.Unavailable)
}

func TestStreamsAreReadByPages(t *testing.T) {
	p := newTape()
	d := newDesk(t, func(o *Options) { o.Streams = p })
	page := read[StreamMessages](t, d.get(root+"/streams/telemetry/messages?limit=2&filter=plant/%23&wait=2"), 200)
	if p.asked.limit != 2 || p.asked.filter != "plant/#" || p.asked.wait != 2*time.Second || page.Next != "2:0" || !page.More || len(page.Messages) != 2 {
		t.Fatalf("%+v, asked %+v", page, p.asked)
	}
	a, b := page.Messages[0], page.Messages[1]
	if q := a.Properties; a.Position != "1:0" || a.Payload != "1" || a.Encoding != "text" || a.Publisher != "press-7" || !a.Time.Equal(noon) || a.Expiry != nil ||
		!q.UTF8 || q.ContentType != "j" || q.CorrelationData != "/w==" || len(q.User) != 2 || q.User[1] != (UserProperty{"k", "w"}) {
		t.Errorf("%+v %+v", a, q)
	}
	if b.Encoding != "base64" || b.Payload != "/w==" || !b.Retain || *b.Expiry != 7 || b.Properties != nil {
		t.Errorf("%+v", b)
	}
	page = read[StreamMessages](t, d.get(root+"/streams/telemetry/messages?after=2:0"), 200)
	if len(page.Messages) != 1 || page.More || p.asked.after != (msg.Position{Seq: 2}) {
		t.Errorf("%+v, asked %+v", page, p.asked)
	}
	page = read[StreamMessages](t, d.get(root+"/streams/telemetry/messages?from=-1h"), 200)
	if len(page.Messages) != 2 || !p.asked.from.Equal(noon.Add(-time.Hour)) {
		t.Errorf("%+v, asked %+v", page, p.asked)
	}
	for _, query := range []string{"after=2", "after=1:0&from=now", "from=noon", "filter=a/%23/b", "limit=1001", "wait=21", "after=9:0"} {
		if w := d.get(root + "/streams/telemetry/messages?" + query); w.Code != 422 && w.Code != 400 {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	problemIn(t, d.get(root+"/streams/moon/messages"), 404, fault.NotFound)
}

func TestWhoWaitsForMessagesGoesWithTheNode(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Streams = newTape() })
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	problemIn(t, d.get(root+"/streams/telemetry/messages?wait=20"), 503, fault.ServerShutdown)
}

func TestStreamEventsGoOnWhereTheyWereCutOff(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Streams = newTape() })
	d.serve(t)
	get := func(query, last string) []string {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, "GET", d.url+root+"/streams/telemetry/events?"+query, nil)
		if last != "" {
			r.Header.Set("Last-Event-ID", last)
		}
		resp, err := http.DefaultClient.Do(by(r, Viewer))
		if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%v %v", resp, err)
		}
		defer http.DefaultClient.CloseIdleConnections()
		defer resp.Body.Close()
		var got []string
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				got = append(got, id)
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var m StreamMessage
				if err := json.Unmarshal([]byte(data), &m); err != nil || m.Position != got[len(got)-1] {
					t.Errorf("%s after id %s: %v", data, got[len(got)-1], err)
				}
				if m.Position == "3:0" {
					break
				}
			}
		}
		return got
	}
	for _, c := range []struct{ query, last, want string }{
		{"after=0:0", "", "0:0 1:0 2:0 3:0"},
		{"after=0:0", "2:0", "2:0 3:0"},
		{"after=0:0&filter=plant/a", "", "0:0 1:0 3:0"},
		{"", "", "1:0 2:0 3:0"}, // from now on, which this tape takes for 1:0
	} {
		if got := strings.Join(get(c.query, c.last), " "); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	problemIn(t, d.get(root+"/streams/telemetry/events?after=9:0"), 422, fault.Invalid)
	problemIn(t, d.get(root+"/streams/moon/events"), 404, fault.NotFound)
}
