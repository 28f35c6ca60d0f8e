//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"

	"github.com/millrace/millrace/internal/testkit/smalldisk"
)

// A small disk fills up: publishes that the log would have to keep are refused, an
// alarm says why, and all is well again by itself once there is space.
func TestAFullDiskRefusesAlarmsAndRecovers(t *testing.T) {
	smalldisk.AsRoot(t, fillTheDisk)
}

func fillTheDisk(t *testing.T) {
	disk := smalldisk.Mount(t, 96<<20)
	n := startNode(t, filepath.Join(disk, "data"), []string{"MILLRACE_STORAGE__RESERVE=16MiB"})
	c := newCaller(t, n, "viewer")
	client := connect(t, n, "writer", nil)
	told := make(chan string, 100)
	watcher := connect(t, n, "watcher", func(p *paho.Publish) { told <- p.Topic[strings.LastIndexByte(p.Topic, '/')+1:] })
	if _, err := watcher.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "$SYS/brokers/+/alarms/#"}}}); err != nil {
		t.Fatal(err)
	}
	kept, refused := map[float64]bool{}, 0
	next := 0.0
	publish := func() byte {
		next++
		answer, err := client.Publish(t.Context(), &paho.Publish{Topic: "disk/level", QoS: 1, Payload: fmt.Append(nil, next)})
		if answer == nil {
			t.Fatalf("no PUBACK: %v", err)
		}
		if answer.ReasonCode < 0x80 {
			kept[next] = true
		} else {
			refused++
		}
		return answer.ReasonCode
	}
	if reason := publish(); reason >= 0x80 {
		t.Fatalf("refused with 0x%02x while there is space", reason)
	}

	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	eventually(t, "publishes are refused with 0x97", func() bool { return publish() == 0x97 })
	eventually(t, "an alarm is raised", func() bool { return len(alarms(c)) > 0 })
	hears := func(word string) func() bool {
		return func() bool { return len(told) > 0 && <-told == word }
	}
	eventually(t, "$SYS tells of it", hears("activate"))

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, "publishes are taken again", func() bool { return publish() < 0x80 })
	eventually(t, "the alarm is gone", func() bool { return len(alarms(c)) == 0 })
	eventually(t, "$SYS tells so", hears("deactivate"))
	eventually(t, "all that was kept is stored", func() bool { return len(c.raw("disk/level/value").Values) >= len(kept) })
	stored := c.raw("disk/level/value").Values
	for _, v := range stored {
		if !kept[v.(float64)] {
			t.Errorf("%v was refused and is stored", v)
		}
	}
	if len(stored) != len(kept) || refused == 0 {
		t.Errorf("%d kept, %d stored, %d refused", len(kept), len(stored), refused)
	}
}

// A node that is killed and whose disk has not one byte left starts all the same,
// refuses what it cannot keep, and is whole again when there is space.
func TestANodeStartsOnAFullDisk(t *testing.T) {
	smalldisk.AsRoot(t, startOnAFullDisk)
}

func startOnAFullDisk(t *testing.T) {
	disk := smalldisk.Mount(t, 96<<20)
	n := startNode(t, filepath.Join(disk, "data"), []string{"MILLRACE_STORAGE__RESERVE=16MiB"})
	c := newCaller(t, n, "viewer")
	publishOne(t, n, "1")
	eventually(t, "the first value is stored", func() bool { return c.latest("disk/")["disk/level/value"] == 1.0 })
	n.kill(t)

	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node answers", func() bool { return answers(n.url + "/healthz") })
	if answers(n.url + "/readyz") {
		t.Error("a node that takes no messages calls itself ready")
	}
	if reason := publishOne(t, n, "2"); reason != 0x97 {
		t.Errorf("reason 0x%02x", reason)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node is ready", func() bool { return answers(n.url + "/readyz") })
	eventually(t, "publishes are taken again", func() bool { return publishOne(t, n, "3") < 0x80 })
	eventually(t, "the newest value is stored", func() bool { return c.latest("disk/")["disk/level/value"] == 3.0 })
	if stored := c.raw("disk/level/value").Values; len(stored) != 2 || stored[0] != 1.0 || stored[1] != 3.0 {
		t.Fatalf("stored: %v", stored)
	}
}

// A node that is new in something, as after an update, starts on a full disk, too: what
// it has no bucket for stays in memory, and is kept when there is space.
func TestANodeStartsOnAFullDiskWithoutItsBuckets(t *testing.T) {
	smalldisk.AsRoot(t, startWithoutBuckets)
}

func startWithoutBuckets(t *testing.T) {
	disk := smalldisk.Mount(t, 96<<20)
	n := startNode(t, filepath.Join(disk, "data"), []string{"MILLRACE_STORAGE__RESERVE=16MiB"})
	publishOne(t, n, "1")
	n.kill(t)
	for _, bucket := range []string{"KV_bans", "KV_refused"} {
		dirs, err := filepath.Glob(filepath.Join(disk, "data", "bus", "jetstream", "*", "streams", bucket))
		if err != nil || len(dirs) != 1 {
			t.Fatalf("%s: %v %v", bucket, dirs, err)
		}
		if err := os.RemoveAll(dirs[0]); err != nil {
			t.Fatal(err)
		}
	}

	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node answers", func() bool { return answers(n.url + "/healthz") })
	contains(t, n.output(), "bucket=bans", "bucket=refused")
	if reason := publishOne(t, n, "2"); reason != 0x97 {
		t.Errorf("reason 0x%02x", reason)
	}
	contains(t, n.ctl(t, "status"), "bans", "disk")

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node is ready", func() bool { return answers(n.url + "/readyz") })
	n.ctl(t, "bans", "add", "client_id", "press-7", "--reason", "loud")
	n.kill(t)
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node answers again", func() bool { return answers(n.url + "/healthz") })
	contains(t, n.ctl(t, "bans", "list"), "press-7", "loud")
}

// publishOne publishes on a connection of its own and returns PUBACK's reason.
func publishOne(t *testing.T, n *node, payload string) byte {
	t.Helper()
	client := connect(t, n, "one", nil)
	answer, err := client.Publish(t.Context(), &paho.Publish{Topic: "disk/level", QoS: 1, Payload: []byte(payload)})
	if answer == nil {
		t.Fatalf("no PUBACK: %v", err)
	}
	return answer.ReasonCode
}

// answers reports whether a GET is answered with 200.
func answers(url string) bool {
	answer, err := http.Get(url)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// fill writes until the disk has no room left.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 1<<16)
	for {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}

// A folder that no node has used yet needs a disk with room: the start ends by itself and
// says what is wrong and what helps, in a few lines.
func TestAFirstStartOnAFullDiskSaysSo(t *testing.T) {
	smalldisk.AsRoot(t, firstStartOnAFullDisk)
}

func firstStartOnAFullDisk(t *testing.T) {
	disk := smalldisk.Mount(t, 96<<20)
	ballast := filepath.Join(disk, "ballast")
	data := filepath.Join(disk, "data")
	serve := []string{"serve", "--data", data, "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"}
	env := []string{"MILLRACE_STORAGE__RESERVE=16MiB"}
	fill(t, ballast)
	code, out := millrace(t, env, serve...)
	if code != 1 || strings.Count(out, "\n") > 8 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	contains(t, out, "disk of "+data, "is full", "ree some space")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	startNode(t, data, env)
}

// The disk of a node fills up while clients publish, and the node is killed then, too:
// publishers wait or are closed, and whatever was acknowledged has come when there is space.
func TestSessionsSurviveAFullDisk(t *testing.T) {
	smalldisk.AsRoot(t, func(t *testing.T) {
		disk := smalldisk.Mount(t, 96<<20)
		x := newTrial(t, startNode(t, filepath.Join(disk, "data"), append([]string{"MILLRACE_STORAGE__RESERVE=16MiB"}, trialEnv...)))
		ballast := filepath.Join(disk, "ballast")
		for range rounds() {
			x.progress()
			fill(t, ballast)
			x.stall()
			x.kill()
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		}
		x.progress()
		x.end()
	})
}
