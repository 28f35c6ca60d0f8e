package broker

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// journal is a JSON log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// lines returns the lines with that message.
func (j *journal) lines(t *testing.T, message string) (found []map[string]any) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.text.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if fields["msg"] == message {
			found = append(found, fields)
		}
	}
	return found
}

// line waits for the only line with that message.
func (j *journal) line(t *testing.T, message string) map[string]any {
	t.Helper()
	eventually(t, message, func() bool { return len(j.lines(t, message)) > 0 })
	found := j.lines(t, message)
	if len(found) != 1 {
		t.Fatalf("%d lines %q", len(found), message)
	}
	return found[0]
}

func TestTheLinesOfAConnectionCanBeJoined(t *testing.T) {
	var log journal
	clock := newClock()
	b := start(t, Options{Log: log.logger(), Now: clock.now, Loops: 4})
	other := enter(t, b, packet.V5, "other")
	c := enter(t, b, packet.V311, "press-7")
	c.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("a#")}}})
	expect[*packet.Suback](c)
	clock.forward(1500 * time.Millisecond)
	c.send(&packet.Disconnect{})
	c.closed()
	var conn any
	for _, message := range []string{"subscription refused", "client disconnected"} {
		line := log.line(t, message)
		if line["client"] != "press-7" || line["remote"] != c.nc.LocalAddr().String() || line["conn"] == "" {
			t.Errorf("%v", line)
		}
		if conn != nil && line["conn"] != conn {
			t.Errorf("%q is of %v, the one before of %v", message, line["conn"], conn)
		}
		conn = line["conn"]
	}
	both := log.lines(t, "client connected")
	if len(both) != 2 || both[0]["conn"] == conn || both[1]["conn"] != conn || both[1]["version"] != "3.1.1" {
		t.Errorf("%v", both)
	}
	if got := log.line(t, "client disconnected")["lasted_ms"]; got != 1500. {
		t.Errorf("lasted %v", got)
	}
	if got := log.line(t, "subscription refused")["reason"]; got != fault.BadTopicFilter.String() {
		t.Errorf("reason %v", got)
	}
	other.write([]byte{0})
	expect[*packet.Disconnect](other)
	other.closed()
	if line := log.line(t, "connection closed for a fault"); line["conn"] != both[0]["conn"] || line["client"] != "other" || line["listener"] != "default" || line["reason"] != "malformed_packet" {
		t.Errorf("%v", line)
	}
}

func TestARefusalIsLoggedWithTheNameThatWasGiven(t *testing.T) {
	var log journal
	r := dial(t, start(t, Options{Log: log.logger(), Authenticator: nobodyButAnna{}}), packet.V5)
	r.write(connectBytes(packet.V5, "press-7", nil))
	expect[*packet.Connack](r)
	r.closed()
	full := start(t, Options{Log: log.logger(), Listeners: []Listener{{MaxConnections: 1}}})
	enter(t, full, packet.V5, "first")
	dial(t, full, packet.V5).closed()
	eventually(t, "two refusals", func() bool { return len(log.lines(t, "connection refused")) == 2 })
	for _, line := range log.lines(t, "connection refused") {
		remote, _ := line["remote"].(string)
		if _, _, err := net.SplitHostPort(remote); err != nil {
			t.Errorf("remote %v", line["remote"])
		}
		atTheDoor := line["client"] == nil
		if line["level"] != "INFO" || atTheDoor && line["reason"] != "connection_limit" || !atTheDoor && (line["client"] != "press-7" || line["listener"] != "default" || line["reason"] != "unauthenticated") {
			t.Errorf("%v", line)
		}
	}
}

func TestClientIdentifiersAreBoundedAndShownShort(t *testing.T) {
	var log journal
	b := start(t, Options{Log: log.logger()})
	long := strings.Repeat("ü", 128)
	for _, v := range versions {
		enter(t, b, v, long)
		r := dial(t, b, v)
		r.write(connectBytes(v, long+"x", nil))
		if a := expect[*packet.Connack](r); a.Reason != packet.ClientIDNotValid {
			t.Errorf("%v: %+v", v, a)
		}
		r.closed()
	}
	eventually(t, "three refusals", func() bool { return b.Stats().Refused[fault.BadClientID] == 3 })
	lines := append(log.lines(t, "client connected"), log.lines(t, "connection refused")...)
	if len(lines) != 6 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if name, _ := line["client"].(string); len(name) > mostShown || !strings.HasPrefix(name, "üü") || !utf8.ValidString(name) {
			t.Errorf("%q", name)
		}
	}
	short := start(t, Options{Zone: Zone{MaxClientID: 3}})
	enter(t, short, packet.V5, "abc")
	r := dial(t, short, packet.V5)
	r.write(connectBytes(packet.V5, "abcd", nil))
	if a := expect[*packet.Connack](r); a.Reason != packet.ClientIDNotValid {
		t.Errorf("%+v", a)
	}
}

func TestASessionThatIsNotKeptIsCounted(t *testing.T) {
	var log journal
	b := start(t, Options{Log: log.logger(), MaxSessions: -1})
	asks := []func(*packet.Connect){
		func(p *packet.Connect) { p.Version, p.CleanStart = packet.V31, false },
		func(p *packet.Connect) { p.Version, p.CleanStart = packet.V311, false },
		func(p *packet.Connect) { p.Version, p.SessionExpiry = packet.V5, 100 },
		func(p *packet.Connect) { p.Version, p.CleanStart = packet.V5, false }, // ends with the connection
		func(p *packet.Connect) { p.Version = packet.V311 },
	}
	for i, ask := range asks {
		for range 2 { // the second time a session that was kept would be present
			p := &packet.Connect{CleanStart: true, ClientID: []byte{'a' + byte(i)}}
			ask(p)
			r := dial(t, b, p.Version)
			r.write(p.Append(nil, p.Version))
			if a := expect[*packet.Connack](r); a.Reason != packet.Success || a.SessionPresent {
				t.Errorf("%v: %+v", p.Version, a)
			}
			if i < 2 {
				r.subscribe("a", 1)
			}
			r.send(&packet.Disconnect{})
			r.closed()
		}
	}
	eventually(t, "counted", func() bool { return b.Stats().SessionsNotKept == 6 })
	if n := len(log.lines(t, "the session is not kept: there are as many as there may be")); n != 6 {
		t.Errorf("%d lines", n)
	}
}

func TestRefusalsAreKeptApartFromOtherEnds(t *testing.T) {
	t.Parallel() // it waits, for a second at most
	b := start(t, Options{})
	c := enter(t, b, packet.V5, "c")
	c.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("a#")}, {Filter: []byte("$share/g+/a")}, {Filter: []byte("a")}}})
	expect[*packet.Suback](c)
	settle(b)
	s := b.Stats()
	if s.SubscriptionsRefused[fault.BadTopicFilter] != 2 || len(s.Refused)+len(s.Closed) != 0 {
		t.Errorf("%+v", s)
	}
	if err := stop(b); err != nil {
		t.Fatal(err)
	}
	if s := b.Stats(); s.Closed[fault.ServerShutdown] != 1 || len(s.Refused) != 0 {
		t.Errorf("%+v", s)
	}
}
