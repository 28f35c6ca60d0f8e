//go:build e2e && soak

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/eclipse/paho.golang/paho"
)

// throttle lets a process write so many times a second to the disk of a folder, by a
// control group of its own (version 1, blkio; an fsync writes at once, and so is held up).
// 0 lifts the bound.
func throttle(t *testing.T, pid int, dir string, writes int) {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		t.Fatal(err)
	}
	group := filepath.Join("/sys/fs/cgroup/blkio", fmt.Sprint("millrace-", os.Getpid()))
	if err := os.MkdirAll(group, 0o700); err != nil {
		t.Fatalf("this test needs root and the blkio control group of version 1: %v", err)
	}
	put := func(file, text string) {
		if err := os.WriteFile(filepath.Join(group, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("blkio.throttle.write_iops_device", fmt.Sprintf("%d:%d %d", unix.Major(st.Dev), unix.Minor(st.Dev), writes))
	put("cgroup.procs", fmt.Sprint(pid))
	t.Cleanup(func() { _ = os.Remove(group) }) // the process is gone by then
}

// The disk takes 20 writes a second: publishers of QoS 1 and 2 wait, memory stays bounded,
// messages of QoS 0 that nobody keeps go on, and nothing is lost, over kills as well.
func TestSessionsSurviveASlowDisk(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, trialEnv)
	x := newTrial(t, n)
	for range rounds() {
		x.progress()
		throttle(t, n.Pid(), dir, 20)
		before := x.acknowledged()
		live := x.liveFor(3 * time.Second)
		kept := x.acknowledged() - before
		t.Logf("while the disk was slow: %d messages a second kept, %d of QoS 0 passed on, %d MiB resident", kept/3, live/3, resident(t, n.Pid())>>20)
		if kept > 1500 {
			t.Errorf("%d messages were kept in 3 s: the disk is not slow", kept)
		}
		if live < 300 {
			t.Errorf("%d live messages came in 3 s", live)
		}
		if r := resident(t, n.Pid()); r > 512<<20 {
			t.Errorf("%d MiB resident", r>>20)
		}
		x.kill() // the new process is not throttled
	}
	x.progress()
	x.end()
}

// liveFor publishes QoS 0 messages, one after the other, and returns how many came.
func (x *trial) liveFor(d time.Duration) (came int) {
	got := make(chan *paho.Publish, 10)
	client, err := dial(x.t.Context(), x.node, "live", into(x.t, got))
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(&paho.Disconnect{}) }()
	if _, err := client.Subscribe(x.t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "live/a"}}}); err != nil {
		x.t.Fatal(err)
	}
	for end := time.Now().Add(d); time.Now().Before(end); came++ {
		if _, err := client.Publish(x.t.Context(), &paho.Publish{Topic: "live/a", Payload: []byte("x")}); err != nil {
			x.t.Fatal(err)
		}
		select {
		case <-got:
		case <-time.After(10 * time.Second):
			x.t.Fatal("no live message comes")
		}
	}
	return came
}

// resident is a process's memory, bytes.
func resident(t *testing.T, pid int) (pages int64) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
