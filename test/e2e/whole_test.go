//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Everything that a node keeps is the same in the node that is made of its back-up, looked
// at through every way in: each session with its subscriptions, will, messages under way
// and those that wait, each retained and delayed message, each entry of a stream and its
// groups, each point, ban, user, key and refused client.
func TestARestoredNodeIsTheSame(t *testing.T) {
	env := []string{`MILLRACE_STREAMS=[{"name": "telemetry", "filters": ["kept/#"]}]`, "MILLRACE_NODE__NAME=plant-1"}
	n := startNode(t, t.TempDir(), env)
	sessions := populate(t, n)
	folder, data := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "data")
	n.ctl(t, "backup", folder)
	n.kill(t)
	if out, err := run(n, "restore", folder, "--data", data); err != nil {
		t.Fatal(out)
	}
	n = startNode(t, n.Data, env) // so that both have just started
	was := everything(t, n, sessions)
	n.stop(t)
	restored := everything(t, startNode(t, data, env), sessions)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if !reflect.DeepEqual(was[name], restored[name]) {
			t.Errorf("%s:\n was %s\n is  %s", name, asText(was[name]), asText(restored[name]))
		}
	}
	if len(was) != len(restored) {
		t.Errorf("%d things were there, %d are", len(was), len(restored))
	}
	messages := 0
	for _, id := range sessions {
		messages += len(was["messages for "+id].([]string))
	}
	if messages < 100 {
		t.Errorf("%d messages waited for sessions", messages)
	}
}

func asText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// populate gives the node something of everything; it returns the sessions that last.
func populate(t *testing.T, n *node) (sessions []string) {
	t.Helper()
	c := newCaller(t, n, "administrator")
	for i := range 12 {
		w := &wire{id: fmt.Sprint("session-", i)}
		sessions = append(sessions, w.id)
		w.connect(t, n)
		for k, filter := range []string{fmt.Sprint("kept/", i%4, "/#"), "other/+", fmt.Sprint("$share/group/shared/", i%2)} {
			w.send(&packet.Subscribe{ID: uint16(k + 1), Filters: []packet.Subscription{{Filter: []byte(filter), QoS: byte(i % 3)}}})
			if _, err := w.next(); err != nil {
				t.Fatal(err)
			}
		}
		if i%3 == 0 { // it is sent something, and does not say that it has it
			mosquittoPub(t, n, "-q", "2", "-t", fmt.Sprint("kept/", i%4, "/early"), "-m", fmt.Sprint("early ", i))
			mosquittoPub(t, n, "-q", "1", "-t", "other/early", "-m", fmt.Sprint("early ", i))
		}
		_ = w.conn.Close()
	}
	writer := connect(t, n, "writer", nil)
	for i := range 120 {
		topic := []string{fmt.Sprint("kept/", i%4, "/a"), fmt.Sprint("kept/", i%4, "/b"), "other/a"}[i%3]
		if err := publish(t.Context(), writer, topic, fmt.Sprint(i), i%7 == 0); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		if err := publish(t.Context(), writer, fmt.Sprintf("$delayed/%d/kept/late", 100_000+i), "1", false); err != nil {
			t.Fatal(err)
		}
	}
	n.ctl(t, "bans", "add", "client_id", "outcast")
	n.ctl(t, "bans", "add", "address", "192.0.2.7")
	if status, body := c.do("POST", "/api/v1/users", `{"name": "anna", "role": "viewer", "password": "a long enough password"}`); status >= 300 {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := c.do("POST", "/api/v1/streams/telemetry/groups", `{"name": "readers", "from": "-1h"}`); status >= 300 {
		t.Fatalf("%d %s", status, body)
	}
	out := &wire{id: "outcast"}
	_ = out.dial(t.Context(), newAddress(n)) // is refused
	eventually(t, "the points are stored", func() bool { return len(c.latest("kept/")) >= 8 })
	eventually(t, "the refused client is listed", func() bool {
		_, body := c.do("GET", "/api/v1/refused", "")
		return strings.Contains(string(body), "outcast")
	})
	return sessions
}

// everything is what the node shows, by name, the sessions' messages at last.
func everything(t *testing.T, n *node, sessions []string) map[string]any {
	t.Helper()
	c := newCaller(t, n, "administrator")
	all := map[string]any{}
	get := func(path string) any {
		status, body := c.do("GET", path, "")
		if status != 200 {
			t.Fatalf("GET %s: %d %s", path, status, body)
		}
		var v any
		unmarshal(t, body, &v)
		return strip(v)
	}
	all["users"], all["groups"] = get("/api/v1/users"), get("/api/v1/streams/telemetry/groups")
	for _, path := range []string{"bans", "delayed", "refused", "retained", "series", "series/latest", "subscriptions"} {
		all[path] = get("/api/v1/" + path + "?limit=1000")
	}
	all["stream"] = get("/api/v1/streams/telemetry/messages?limit=1000")
	for _, item := range items(all["retained"]) {
		topic := item["topic"].(string)
		all["retained "+topic] = get("/api/v1/retained/message?topic=" + url.QueryEscape(topic))
	}
	for _, item := range items(all["series"]) {
		name := item["series"].(string)
		r := c.raw(name)
		all["points of "+name] = fmt.Sprint(r.Times, r.Values)
	}
	for _, id := range sessions {
		all["session "+id] = get("/api/v1/clients/" + id)
	}
	for _, id := range sessions {
		all["messages for "+id] = drained(t, n, id)
	}
	return all
}

func items(page any) (all []map[string]any) {
	list, _ := page.(map[string]any)["items"].([]any)
	for _, x := range list {
		all = append(all, x.(map[string]any))
	}
	return all
}

// strip takes out what tells of now.
func strip(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for _, volatile := range []string{"$schema", "lastSeen", "lastUsed", "inRate", "outRate", "lag"} {
			delete(x, volatile)
		}
		for k := range x {
			x[k] = strip(x[k])
		}
	case []any:
		for i := range x {
			x[i] = strip(x[i])
		}
	}
	return v
}

// drained connects a session's client and takes what waits for it, with the identifiers.
func drained(t *testing.T, n *node, id string) (got []string) {
	t.Helper()
	w := &wire{id: id}
	w.connect(t, n)
	defer w.conn.Close()
	if !w.came {
		t.Errorf("the session of %s is not there", id)
	}
	for quiet := false; !quiet; {
		_ = w.conn.SetReadDeadline(time.Now().Add(150 * time.Millisecond))
		if _, err := w.in.Peek(1); timedOut(err) {
			quiet = true
			continue
		}
		b, err := w.next()
		if err != nil {
			t.Fatal(err)
		}
		var p packet.Publish
		var k packet.Ack
		switch packet.TypeOf(b[0]) {
		case packet.TypePublish:
			if p.Decode(b, packet.V311) == nil {
				got = append(got, fmt.Sprint(string(p.Topic), " ", string(p.Payload), " ", p.QoS, " ", p.Dup))
			}
			if p.QoS == 1 {
				w.ack(packet.TypePuback, p.ID)
			} else if p.QoS == 2 {
				w.ack(packet.TypePubrec, p.ID)
			}
		case packet.TypePubrel:
			if k.Decode(b, packet.V311) == nil {
				w.ack(packet.TypePubcomp, k.ID)
			}
		}
	}
	slices.Sort(got) // streams come beside each other
	return got
}
