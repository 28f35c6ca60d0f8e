//go:build e2e && soak

package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/eclipse/paho.golang/paho"

	"github.com/millrace/millrace/internal/mqtt/packet"
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

// pour is a publisher of QoS 1 that waits for no answer, and what came of it.
type pour struct {
	conn   net.Conn
	acked  atomic.Int64
	closed chan error
}

func newPour(t *testing.T, n *node, id string) *pour {
	w := wire{id: id, clean: true}
	if err := w.dial(t.Context(), newAddress(n)); err != nil {
		t.Fatal(err)
	}
	_ = w.conn.SetDeadline(time.Time{})
	p := &pour{conn: w.conn, closed: make(chan error, 2)}
	go func() {
		m := packet.Publish{Topic: []byte("d/" + id), QoS: 1, Payload: make([]byte, 1000)}
		for {
			m.ID = max(m.ID+1, 1)
			if _, err := w.conn.Write(m.Append(nil, packet.V311)); err != nil {
				p.closed <- err
				return
			}
		}
	}()
	go func() {
		for {
			if _, err := w.next(); err != nil {
				p.closed <- err
				return
			}
			p.acked.Add(1)
		}
	}()
	return p
}

// A flood of QoS 1 meets a disk that takes 20 writes a second: its publishers get fewer
// acknowledgements and wait in their sockets, memory stays bounded, and a pair that sends
// 200 messages of QoS 0 a second, which a stream keeps, loses none and is not stopped.
func TestASlowDiskIsFeltByItsPublishersAlone(t *testing.T) {
	n := startNode(t, t.TempDir(), []string{`MILLRACE_STREAMS=[{"name": "telemetry", "filters": ["d/#"]}]`})
	var pours []*pour
	for i := range 64 {
		pours = append(pours, newPour(t, n, fmt.Sprint("pour", i)))
	}
	acked := func() (all int64) {
		for _, p := range pours {
			all += p.acked.Load()
		}
		return all
	}
	x := &trial{t: t, node: n}
	before := acked()
	x.liveOn("d/live", time.Second)
	quick := acked() - before
	throttle(t, n.Pid(), n.Data, 20)
	const seconds = 5
	before = acked()
	longest := x.liveOn("d/live", seconds*time.Second)
	slow := (acked() - before) / seconds
	metrics := scrape(t, n)
	paused := regexp.MustCompile(`(?m)^(millrace_publishers_paused|millrace_unkept_bytes).*$`).FindAllString(metrics, -1)
	t.Logf("in all: %d PUBACKs a second before, %d while the disk is slow; QoS 0 waited for %v at most; %d MiB resident; %q", quick, slow, longest, resident(t, n.Pid())>>20, paused)
	if slow*2 > quick {
		t.Error("its publishers do not feel the disk")
	}
	if longest > 2*time.Second {
		t.Errorf("QoS 0 stood still for %v", longest)
	}
	if r := resident(t, n.Pid()); r > 384<<20 {
		t.Errorf("%d MiB resident", r>>20)
	}
	for _, p := range pours {
		select {
		case err := <-p.closed:
			t.Errorf("a publisher's connection has ended: %v", err)
		default:
		}
	}
	throttle(t, n.Pid(), n.Data, 0)
	before = acked()
	eventually(t, "they get on", func() bool { return acked() > before+quick })
}

// liveOn publishes 200 messages of QoS 0 a second, awaits all, and returns how long one
// took at most.
func (x *trial) liveOn(topic string, d time.Duration) (longest time.Duration) {
	got := make(chan *paho.Publish, 10_000)
	to, from := connect(x.t, x.node, "live-to", into(x.t, got)), connect(x.t, x.node, "live-from", nil)
	if _, err := to.Subscribe(x.t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic}}}); err != nil {
		x.t.Fatal(err)
	}
	began, every := time.Now(), time.NewTicker(5*time.Millisecond)
	defer every.Stop()
	sent := make(chan time.Time, 10_000)
	go func() {
		defer close(sent)
		for now := range every.C {
			if now.Sub(began) > d {
				return
			}
			sent <- now
			if _, err := from.Publish(x.t.Context(), &paho.Publish{Topic: topic, Payload: []byte("x")}); err != nil {
				x.t.Error(err)
				return
			}
		}
	}()
	for at := range sent {
		select {
		case <-got:
			longest = max(longest, time.Since(at))
		case <-time.After(30 * time.Second):
			x.t.Fatal("a live message has not come")
		}
	}
	_, _ = to.Disconnect(&paho.Disconnect{}), from.Disconnect(&paho.Disconnect{})
	return longest
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
