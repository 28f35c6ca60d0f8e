//go:build e2e

package e2e

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/api"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/testkit"
)

// The kinds of files in a data folder. A new one has to be named here, and to pass.
var fileKinds = []struct{ kind, path string }{
	{"entries of a stream", `bus/jetstream/\$G/streams/[a-z-]+/msgs/\d+\.blk`},
	{"changes of a bucket", `bus/jetstream/\$G/streams/KV_[a-z-]+/msgs/\d+\.blk`},
	{"index of entries", `bus/jetstream/\$G/streams/\w+/msgs/index\.db`},
	{"description of a stream", `bus/jetstream/\$G/streams/\w+/meta\.inf`},
	{"checksum of a description", `bus/jetstream/\$G/streams/\w+/meta\.sum`},
	{"marks of what is stored", `bus/marks\.json`},
	{"points not sorted yet", `warm/\d+\.log`},
	{"sorted points", `warm/\d+\.sst`},
	{"list of the files of points", `warm/MANIFEST-\d+`},
	{"options of the store of points", `warm/OPTIONS-\d+`},
	{"marker of the store of points", `warm/marker\..+`},
	{"lock", `lock|warm/LOCK`},
}

func kindOf(path string) string {
	for _, k := range fileKinds {
		if regexp.MustCompile(`^(` + k.path + `)$`).MatchString(filepath.ToSlash(path)) {
			return k.kind
		}
	}
	return ""
}

// holds is what a node shows of what it keeps, by a name for each; the values of the
// stream and the session in their order. deaf says that the session is there and gets
// nothing new.
type holds struct {
	stream, session []string
	deaf            bool
	retained        map[string]string
	latest          map[string]any
	bans, delayed   string
}

var faultsEnv = []string{`MILLRACE_STREAMS=[{"name": "telemetry", "filters": ["kept/#"]}]`}

// loaded makes a data folder with something of every kind, and returns what it holds.
func loaded(t *testing.T, killed bool) (dir string, before holds) {
	t.Helper()
	dir = t.TempDir()
	n := startNode(t, dir, faultsEnv)
	away := &sink{wire: wire{id: "away"}, qos: 1}
	away.connect(t, n)
	away.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("kept/#"), QoS: 1}, {Filter: []byte("other/#"), QoS: 1}}})
	if _, err := away.next(); err != nil {
		t.Fatal(err)
	}
	_ = away.conn.Close()
	writer := connect(t, n, "writer", nil)
	for i := range 40 {
		for _, topic := range []string{"kept/", "other/"} {
			if err := publish(t.Context(), writer, topic+strconv.Itoa(i%4), fmt.Sprint(i), i%10 < 4); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := publish(t.Context(), writer, "$delayed/100000/kept/late", "1", false); err != nil {
		t.Fatal(err)
	}
	n.ctl(t, "bans", "add", "client_id", "outcast")
	c := newCaller(t, n, "viewer")
	eventually(t, "the points are stored", func() bool { return c.latest("kept/")["kept/3/value"] == 39.0 })
	eventually(t, "the state is written down", func() bool {
		body, err := os.ReadFile(filepath.Join(dir, "bus", "marks.json"))
		return err == nil && strings.Contains(string(body), `"journal"`)
	})
	n.stop(t)
	if killed { // once more, so that the files are as a node leaves them in the middle
		n = startNode(t, dir, faultsEnv)
	}
	copied := t.TempDir()
	if killed {
		n.kill(t)
		_ = os.Remove(filepath.Join(dir, "ctl.sock"))
	}
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	n = startNode(t, copied, faultsEnv)
	before, _ = look(t, n)
	n.kill(t)
	if before.deaf || len(before.stream) != 40 || len(before.session) != 80 || len(before.retained) != 8 || len(before.latest) != 4 || !strings.Contains(before.bans, "outcast") || !strings.Contains(before.delayed, "kept/late") {
		t.Fatalf("before: %+v", before)
	}
	return dir, before
}

func (w *wire) connect(t *testing.T, n *node) {
	t.Helper()
	if err := w.dial(t.Context(), newAddress(n)); err != nil {
		t.Fatal(err)
	}
}

// look takes what the node holds, and its alarms.
func look(t *testing.T, n *node) (h holds, told string) {
	t.Helper()
	c := newCaller(t, n, "viewer")
	for _, a := range alarms(c) {
		told += a.ID + ": " + a.Detail + "\n"
	}
	var page api.StreamMessages
	c.get("/api/v1/streams/telemetry/messages", url.Values{"limit": {"1000"}}, &page)
	for _, m := range page.Messages {
		h.stream = append(h.stream, m.Topic+" "+m.Payload)
	}
	h.bans, h.delayed = n.ctl(t, "bans", "list"), n.ctl(t, "delayed", "list")
	h.retained = retainedNow(t, n)
	h.session, h.deaf = sessionNow(t, n)
	if _, body := c.do("GET", "/api/v1/series/latest?limit=1000&prefix=kept/", ""); !strings.Contains(string(body), "items") {
		told += string(body) // the historian does not run
		return h, told
	}
	h.latest = c.latest("kept/")
	delete(h.latest, "kept/end/value")
	return h, told
}

// retainedNow are the retained messages that a new subscriber gets.
func retainedNow(t *testing.T, n *node) map[string]string {
	t.Helper()
	w := &wire{id: "new"}
	w.clean = true
	w.connect(t, n)
	defer w.conn.Close()
	w.send(&packet.Subscribe{ID: 1, Filters: []packet.Subscription{{Filter: []byte("kept/#")}, {Filter: []byte("other/#")}}})
	w.send(packet.Pingreq{})
	all := map[string]string{}
	for over := false; !over; {
		b, err := w.next()
		if err != nil {
			t.Fatal(err)
		}
		var p packet.Publish
		switch packet.TypeOf(b[0]) {
		case packet.TypePublish:
			if p.Decode(b, packet.V311) == nil {
				all[string(p.Topic)] = string(p.Payload)
			}
		case packet.TypePingresp:
			over = true
		}
	}
	return all
}

// sessionNow is what waits for the client that is away; deaf says that what is published
// then does not come.
func sessionNow(t *testing.T, n *node) (got []string, deaf bool) {
	t.Helper()
	w := &wire{id: "away"}
	w.connect(t, n)
	defer w.conn.Close()
	mosquittoPub(t, n, "-q", "1", "-t", "kept/end", "-m", "0")
	mosquittoPub(t, n, "-q", "1", "-t", "other/end", "-m", "0")
	if !w.came {
		return nil, false
	}
	_ = w.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for ends := 0; ends < 2; {
		b, err := w.next()
		if err != nil {
			return got, true
		}
		var p packet.Publish
		if packet.TypeOf(b[0]) != packet.TypePublish || p.Decode(b, packet.V311) != nil {
			continue
		}
		if p.QoS == 1 {
			w.ack(packet.TypePuback, p.ID)
		}
		if strings.HasSuffix(string(p.Topic), "/end") {
			ends++
			continue
		}
		got = append(got, string(p.Topic)+" "+string(p.Payload))
	}
	return got, false
}

// compare says what is gone, and what is wrong: anything that was not there before.
func (h holds) compare(before holds) (gone, wrong []string) {
	inOrder := func(name string, now, was []string) {
		at := map[string]int{}
		for _, x := range now {
			i := slices.Index(was, x)
			topic, _, _ := strings.Cut(x, " ")
			if i < 0 || i < at[topic] {
				wrong = append(wrong, name+" "+x)
			}
			at[topic] = i
		}
		if len(now) < len(was) {
			gone = append(gone, fmt.Sprintf("%d of %s", len(was)-len(now), name))
		}
	}
	inOrder("stream", h.stream, before.stream)
	inOrder("session", h.session, before.session)
	if h.deaf {
		wrong = append(wrong, "the session is there without its subscriptions")
	}
	for topic, v := range before.retained {
		if now, ok := h.retained[topic]; !ok {
			gone = append(gone, "retained "+topic)
		} else if now != v {
			gone = append(gone, "retained "+topic+" is an older one, "+now)
		}
	}
	for topic := range h.retained {
		if _, ok := before.retained[topic]; !ok {
			wrong = append(wrong, "retained "+topic)
		}
	}
	if !maps.Equal(h.latest, before.latest) {
		gone = append(gone, fmt.Sprint("points ", h.latest))
	}
	if h.bans != before.bans {
		gone = append(gone, "bans")
	}
	if h.delayed != before.delayed {
		gone = append(gone, "delayed")
	}
	return gone, wrong
}

// damages are the faults.
var damages = map[string]func(path string, b []byte, chance *rand.Rand) error{
	"torn": func(path string, b []byte, chance *rand.Rand) error {
		return os.Truncate(path, int64(len(b)-1-chance.IntN(min(len(b), 40))))
	},
	"flipped": func(path string, b []byte, chance *rand.Rand) error {
		b[chance.IntN(len(b))] ^= 1 << chance.IntN(8)
		return os.WriteFile(path, b, 0o600)
	},
	"missing": func(path string, _ []byte, _ *rand.Rand) error { return os.Remove(path) },
}

// Every file of a data folder is torn, has a bit flipped, or is missing: the node starts
// and shows what it had, or says what it lost; or it does not start, and says which file
// is at fault and what to do. MILLRACE_TEST_FAULTS=N tries all of them N times, as `make
// soak` does; else it is a few.
func TestDamagedFilesAreToldAndNeverServed(t *testing.T) {
	chance := rand.New(rand.NewPCG(testSeed(t), 0))
	outcomes := map[string]int{}
	rounds, _ := strconv.Atoi(os.Getenv("MILLRACE_TEST_FAULTS"))
	for _, killed := range []bool{false, true} {
		whole, before := loaded(t, killed)
		files := map[string][]string{}
		_ = filepath.WalkDir(whole, func(path string, d fs.DirEntry, _ error) error {
			if rel, _ := filepath.Rel(whole, path); d.Type().IsRegular() {
				if kindOf(rel) == "" {
					t.Errorf("%s is of no kind that is known", rel)
				}
				files[kindOf(rel)] = append(files[kindOf(rel)], rel)
			}
			return nil
		})
		t.Logf("killed %v: %v", killed, slices.Sorted(maps.Keys(files)))
		var all []damage
		for kind, of := range files {
			for name := range damages {
				for _, file := range of {
					all = append(all, damage{kind, name, file})
				}
			}
		}
		slices.SortFunc(all, func(a, b damage) int { return strings.Compare(a.name+a.file, b.name+b.file) })
		chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if rounds == 0 {
			all = all[:4]
		}
		for range max(rounds, 1) {
			for _, d := range all {
				outcomes[d.try(t, whole, before, chance)]++
			}
		}
	}
	t.Logf("in all: %d faults: after %d all was there, after %d something was gone and told, after %d the node did not start and said why",
		outcomes[allThere]+outcomes[goneTold]+outcomes[notStarted], outcomes[allThere], outcomes[goneTold], outcomes[notStarted])
}

// What comes of a fault.
const (
	allThere   = "all there"
	goneTold   = "gone and told"
	notStarted = "not started"
)

// damage is one fault of one file.
type damage struct{ kind, name, file string }

func (d damage) try(t *testing.T, whole string, before holds, chance *rand.Rand) (outcome string) {
	t.Helper()
	path := filepath.Join(whole, d.file)
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 && d.name != "missing" {
		return "" // it has nothing to damage
	}
	t.Run(d.name+" "+d.file, func(t *testing.T) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, d.file)
		if err := damages[d.name](path, slices.Clone(b), chance); err != nil {
			t.Fatal(err)
		}
		n := &node{Node: testkit.NewNode(t, []string{"--data", dir}, faultsEnv)}
		n.url, n.mqtt = n.URL, n.MQTT
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it runs or gives up", func() bool { return !n.Running() || strings.Contains(n.Log(), "  Try ") })
		for strings.Contains(n.Log(), "in use") && !n.Running() { // somebody else took its port
			n = &node{Node: testkit.NewNode(t, []string{"--data", dir}, faultsEnv)}
			n.url, n.mqtt = n.URL, n.MQTT
			if err := n.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it runs or gives up", func() bool { return !n.Running() || strings.Contains(n.Log(), "  Try ") })
		}
		if !n.Running() {
			if log := n.Log(); !strings.Contains(log, filepath.Dir(path)) || !strings.Contains(strings.ToLower(log), "restore") {
				t.Errorf("it did not start, and said %s", log)
			}
			outcome = notStarted
			return
		}
		h, told := look(t, n)
		gone, wrong := h.compare(before)
		switch {
		case len(wrong) > 0:
			t.Errorf("it shows what was not there: %v; told %s", wrong, told)
		case len(gone) > 0 && !strings.Contains(told, "storage-loss") && !strings.Contains(told, "historian"):
			t.Errorf("gone and not told: %v; told %q", gone, told)
		case len(gone) > 0:
			t.Logf("%s, %s: %v gone, told %s", d.kind, d.name, gone, told)
			outcome = goneTold
		default:
			outcome = allThere
		}
		n.kill(t)
	})
	return outcome
}
