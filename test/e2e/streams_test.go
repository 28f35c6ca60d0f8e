//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// A reader outside goes on with its cursor after the node was killed and has come back,
// by pages and by events, and misses nothing that was acknowledged.
func TestStreamsAreReadOverARestart(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, nil)
	c := newCaller(t, n, "operator")
	publishNumbers(c, 0, 30)
	var page api.StreamMessages
	c.get("/api/v1/streams/telemetry/messages", url.Values{"filter": {"plant/+"}, "limit": {"10"}}, &page)
	checkNumbers(t, page, 0, 10)
	cursor := page.Next

	n.kill(t)
	n = startNode(t, dir, nil)
	c.url = n.url
	c.get("/api/v1/streams/telemetry/messages", url.Values{"after": {cursor}}, &page)
	checkNumbers(t, page, 10, 30)
	if page.More || page.Removed {
		t.Errorf("%+v", page)
	}

	answer := openEvents(t, c, cursor)
	defer answer.Body.Close()
	publishNumbers(c, 30, 35)
	events := bufio.NewScanner(answer.Body)
	for i := 10; i < 35; {
		if !events.Scan() {
			t.Fatalf("the events ended before %d: %v", i, events.Err())
		}
		data, ok := strings.CutPrefix(events.Text(), "data: ")
		var m api.StreamMessage
		if !ok {
			continue
		}
		if unmarshal(t, []byte(data), &m); m.Topic == "" {
			continue
		}
		if m.Payload != fmt.Sprint(i) {
			t.Fatalf("%+v, want %d", m, i)
		}
		i++
	}

	var s api.StreamStatus
	c.get("/api/v1/streams/telemetry", nil, &s)
	if s.Readers == nil || s.Readers[0].Name != "historian" || s.Last == "" {
		t.Errorf("%+v", s)
	}
	if out := n.ctl(t, "streams", "show", "sessions"); !strings.Contains(out, "built in") {
		t.Error(out)
	}
	if status, body := c.do(http.MethodGet, "/api/v1/streams/sessions/messages", ""); status != http.StatusForbidden {
		t.Errorf("%d %s", status, body)
	}
	if status, body := c.do(http.MethodGet, "/api/v1/streams/journal", ""); status != http.StatusNotFound {
		t.Errorf("%d %s", status, body)
	}
	n.stop(t)
}

func publishNumbers(c *caller, from, to int) {
	c.t.Helper()
	for i := from; i < to; i++ {
		if status, body := c.do(http.MethodPost, "/api/v1/publish", fmt.Sprintf(`{"topic":"plant/%d","payload":"%d","qos":1}`, i%3, i)); status != http.StatusOK {
			c.t.Fatalf("%d %s", status, body)
		}
	}
}

func checkNumbers(t *testing.T, p api.StreamMessages, from, to int) {
	t.Helper()
	if len(p.Messages) != to-from {
		t.Fatalf("%d messages, want %d", len(p.Messages), to-from)
	}
	for i, m := range p.Messages {
		if m.Payload != fmt.Sprint(from+i) {
			t.Fatalf("%+v, want %d", m, from+i)
		}
	}
}

func openEvents(t *testing.T, c *caller, last string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url+"/api/v1/streams/telemetry/events?filter=plant/%2B", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(c.key, c.secret)
	r.Header.Set("Last-Event-ID", last)
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", answer, err)
	}
	return answer
}

// takes are the next n messages of QoS 1, and what else has come when the node has heard of
// their acknowledgements.
func (w *wire) takes(t *testing.T, n int) (payloads []string) {
	t.Helper()
	for asked := false; ; {
		if len(payloads) >= n && !asked {
			w.send(packet.Pingreq{})
			asked = true
		}
		b, err := w.next()
		if err != nil {
			t.Fatalf("after %q: %v", payloads, err)
		}
		var p packet.Publish
		switch kind := packet.TypeOf(b[0]); {
		case kind == packet.TypePingresp:
			return payloads
		case kind != packet.TypePublish:
		case p.Decode(b, packet.V311) != nil:
			t.Fatalf("%q", b)
		default:
			payloads = append(payloads, string(p.Payload))
			w.ack(packet.TypePuback, p.ID)
		}
	}
}

// Streams come and go while a session's client is away, and the node is killed: the session
// gets every message once, in whichever stream it was kept.
func TestStreamsComeAndGoUnderASession(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, nil)
	away := durably(t, n, "away")
	away.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("lab/#"), QoS: 1}}})
	if _, err := away.next(); err != nil {
		t.Fatal(err)
	}
	_ = away.conn.Close()
	say := func(text string) { n.ctl(t, "publish", "lab/a", "-m", text, "-q", "1") }
	say("1")
	n.ctl(t, "streams", "create", "lab", "--filter", "lab/#", "--max-age", "7d")
	say("2")
	if out := n.ctl(t, "streams", "read", "lab"); !strings.Contains(out, "2") {
		t.Error(out)
	}
	eventually(t, "the session to hold the stream", func() bool {
		return strings.Contains(n.ctl(t, "streams", "purge", "lab", "--all", "--dry-run"), "0 of 1 entries would")
	})
	c := newCaller(t, n, "administrator")
	if status, body := c.do(http.MethodDelete, "/api/v1/streams/lab", ""); status != http.StatusConflict {
		t.Errorf("%d %s", status, body)
	}
	if status, body := c.do(http.MethodPatch, "/api/v1/streams/telemetry", `{"maxAge":60}`); status != http.StatusForbidden || !strings.Contains(string(body), "configuration file") {
		t.Errorf("%d %s", status, body)
	}
	n.ctl(t, "streams", "create", "hall", "--filter", "hall/#")
	n.ctl(t, "publish", "hall/a", "-m", "nobody's", "-q", "1")
	n.ctl(t, "streams", "delete", "hall") // at once, and nobody needs it
	n.kill(t)
	n = startNode(t, dir, nil)
	say("3")
	n.ctl(t, "streams", "create", "front", "--filter", "lab/a", "--before", "lab")
	say("4")
	back := func(want ...string) {
		t.Helper()
		w := durably(t, n, "away")
		if got := w.takes(t, len(want)); !w.came || !sameSet(got, want...) {
			told, _ := n.Command("why", "away", "lab/a").CombinedOutput()
			t.Errorf("session present %v, got %q, want %q\n%s", w.came, got, want, told)
		}
		_ = w.conn.Close()
	}
	back("1", "2", "3", "4")
	n.ctl(t, "streams", "delete", "front", "--force")
	say("5")
	back("5")
	if out := n.ctl(t, "streams", "purge", "lab", "--all", "--force"); !strings.Contains(out, "were removed") {
		t.Error(out)
	}
	n.stop(t)
}

func sameSet(got []string, want ...string) bool {
	got = slices.Sorted(slices.Values(got))
	return slices.Equal(got, want)
}

// A replay brings stored messages once more, marked, to those who are there and to sessions
// that are not, and no stream takes them again.
func TestAReplayIsNotCaptured(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	c := newCaller(t, n, "operator")
	publishNumbers(c, 0, 6)
	away := []string{"-V", "5", "-i", "away", "-c", "-x", "3600", "-q", "1", "-t", "again/plant/+"}
	mosquittoSub(t, n, append(away, "-E")...)
	if out := n.ctl(t, "streams", "replay", "telemetry", "--prefix", "again/", "--dry-run"); !strings.Contains(out, "6 messages") {
		t.Error(out)
	}
	if out := n.ctl(t, "streams", "replay", "telemetry", "--prefix", "again/", "--rate", "50"); !strings.Contains(out, "done  100 %  6 messages") {
		t.Error(out)
	}
	got := mosquittoSub(t, n, append(away, "-C", "6", "-F", "%t=%p=%P")...)
	if len(got) != 12 || !strings.HasPrefix(got[10], "again/plant/2=5=millrace-replay:telemetry/") || !strings.HasPrefix(got[11], "millrace-time:20") {
		t.Errorf("%q", got)
	}
	var page api.StreamMessages
	c.get("/api/v1/streams/telemetry/messages", nil, &page)
	checkNumbers(t, page, 0, 6)
	if out := n.ctl(t, "streams", "replays"); !strings.Contains(out, "done") {
		t.Error(out)
	}
	n.stop(t)
}

// A replay that is killed with its node is in the list after the start, with how far it
// was, and goes on from there.
func TestAReplayOutlivesTheNode(t *testing.T) {
	const all = 20
	dir := t.TempDir()
	n := startNode(t, dir, nil)
	c := newCaller(t, n, "operator")
	publishNumbers(c, 0, all)
	var a api.ReplayAnswer
	if !c.ask(http.MethodPost, "/api/v1/streams/telemetry/replay", `{"rate":10,"prefix":"again/"}`, &a) {
		t.Fatal("no replay has begun")
	}
	one := "/api/v1/replays/" + a.Replay.ID
	var r api.Replay
	eventually(t, "more than a second's messages have gone out", func() bool { c.get(one, nil, &r); return r.Published > 10 })
	n.kill(t)
	n = startNode(t, dir, nil)
	c.url = n.url
	before := r.Published
	if c.get(one, nil, &r); r.State != "interrupted" || r.Published == 0 || r.Published > before+10 {
		t.Errorf("%d had gone out: %+v", before, r)
	}
	if out := n.ctl(t, "streams", "replays"); !strings.Contains(out, "interrupted") {
		t.Error(out)
	}
	n.ctl(t, "streams", "replays", "resume", a.Replay.ID)
	eventually(t, "the rest has gone out", func() bool { c.get(one, nil, &r); return r.State == "done" })
	if r.Published != all {
		t.Errorf("%+v", r)
	}
	n.stop(t)
}

func TestMosquittoReadsAStream(t *testing.T) {
	n := startNode(t, t.TempDir(), nil)
	c := newCaller(t, n, "operator")
	publishNumbers(c, 0, 6)
	for _, v := range mosquittoVersions[1:] {
		for from, want := range map[string]string{"all": "0 1 2 3 4 5", "2:0": "2 3 4 5", "1h": "0 1 2 3 4 5", "last": "5"} {
			got := mosquittoSub(t, n, "-V", v, "-q", "1", "-t", "$stream/telemetry/"+from+"/plant/+", "-C", fmt.Sprint(len(strings.Fields(want))))
			if strings.Join(got, " ") != want {
				t.Errorf("%s from %s: %q", v, from, got)
			}
		}
	}
	n.stop(t)
}
