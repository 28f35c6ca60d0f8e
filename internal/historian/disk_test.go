package historian

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/payload"
	"github.com/millrace/millrace/internal/point"
)

// tightFS is a disk with so many bytes to give; it takes what still fits of a write
// and fails, as disks do.
type tightFS struct {
	vfs.FS
	room   atomic.Int64
	broken atomic.Bool // writes to the write-ahead log fail for good
}

func (d *tightFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if d.room.Load() <= 0 {
		return nil, syscall.ENOSPC
	}
	f, err := d.FS.Create(name, c)
	return &tightFile{File: f, disk: d, log: strings.HasSuffix(name, ".log")}, err
}

func (d *tightFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(from, to, c)
	return &tightFile{File: f, disk: d, log: strings.HasSuffix(to, ".log")}, err
}

type tightFile struct {
	vfs.File
	disk *tightFS
	log  bool
}

func (f *tightFile) Write(b []byte) (int, error) {
	if f.log && f.disk.broken.Load() {
		return 0, syscall.EIO
	}
	left := f.disk.room.Add(-int64(len(b)))
	if left >= 0 {
		return f.File.Write(b)
	}
	f.disk.room.Add(int64(len(b)))
	fits := max(0, min(len(b), len(b)+int(left)))
	n, err := f.File.Write(b[:fits])
	f.disk.room.Add(-int64(n))
	return n, errors.Join(err, syscall.ENOSPC)
}

// TestFullDiskInMidWrite fills the disk under Pebble: nothing fails, answers go on,
// and all is there when space returns.
func TestFullDiskInMidWrite(t *testing.T) {
	disk, bells, src := &tightFS{FS: vfs.NewMem()}, newBells(), newTape()
	disk.room.Store(30_000)
	h := started(t, Options{fs: disk, Alarms: bells, Source: src, Stream: "telemetry", CommitPoints: 500})
	const n = 5000
	for i := range n / 100 {
		for j := range 100 {
			src.publish(reading("a", fmt.Sprint(math.Sqrt(float64(i*100+j))), epoch+int64(i*100+j)*1e6))
		}
	}
	bells.await(t, "raised "+alarmDisk)
	until(t, "the pause", func() bool { return h.Stats().Paused })
	if _, err := h.Range(context.Background(), point.Range{Series: "a/value", To: math.MaxInt64}); err != nil {
		t.Fatal(err)
	}
	disk.room.Store(1 << 40)
	until(t, "all points", func() bool { return h.Stats().Points == n })
	mustCommit(t, h)
	bells.await(t, "cleared "+alarmDisk)
	got, err := h.Range(context.Background(), point.Range{Series: "a/value", To: math.MaxInt64})
	if err != nil || len(got.Samples) != n {
		t.Fatalf("%d samples, %v", len(got.Samples), err)
	}
}

// TestReserve keeps the reserve free: commits pause, reading pauses once the window
// is full, and both go on by themselves.
// A node has to start on a full disk, and be whole once there is space.
func TestStartOnAFullDisk(t *testing.T) {
	disk, bells, src := &tightFS{FS: vfs.NewMem()}, newBells(), newTape()
	src.publish(reading("a", "1", epoch))
	h := started(t, Options{fs: disk, Alarms: bells, Source: src, Stream: "telemetry", CommitEvery: 10 * time.Millisecond})
	bells.await(t, "raised "+alarmDisk)
	if _, _, err := h.Latest(context.Background(), point.Page{Limit: 1}); fault.CodeOf(err) != fault.StorageFull {
		t.Fatalf("asked for the newest: %v", err)
	}
	if _, err := h.Range(context.Background(), point.Range{Series: "a/value", To: math.MaxInt64}); fault.CodeOf(err) != fault.StorageFull {
		t.Fatalf("asked for a range: %v", err)
	}
	if !h.Stats().Paused {
		t.Fatal("it does not say that it waits")
	}
	disk.room.Store(1 << 40)
	until(t, "the point", func() bool { return h.Stats().Points == 1 })
	bells.await(t, "cleared "+alarmDisk)
}

// What waits for space to begin with does not keep the node from ending.
func TestCloseBeforeTheDiskHadSpace(t *testing.T) {
	h, err := New(Options{Dir: "warm", fs: &tightFS{FS: vfs.NewMem()}, Source: newTape(), Stream: "telemetry"})
	if err == nil {
		err = h.Start(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestReserve(t *testing.T) {
	var free atomic.Int64
	bells, src := newBells(), newTape()
	h := started(t, Options{FreeSpace: func() (int64, error) { return free.Load(), nil }, Reserve: 1000, Alarms: bells,
		Source: src, Stream: "telemetry", CommitPoints: 10, CommitEvery: 10 * time.Millisecond})
	for i := range int64(100) {
		src.publish(reading("a", fmt.Sprint(i), epoch+i*1e9))
	}
	bells.await(t, "raised "+alarmDisk)
	until(t, "the pause", func() bool { return h.Stats().Points == 10 })
	if s := h.Stats(); !s.Paused || s.Lag == 0 || s.Committed.Seq != 0 {
		t.Fatalf("%+v", s)
	}
	free.Store(1000)
	until(t, "all points", func() bool { return h.Stats().Points == 100 })
	bells.await(t, "cleared "+alarmDisk)
}

// TestCloseOnAFullDisk ends at once; the next start reads what was not committed
// from the stream again.
func TestCloseOnAFullDisk(t *testing.T) {
	src := newTape()
	for i := range int64(100) {
		src.publish(reading("a", fmt.Sprint(i), epoch+i*1e9))
	}
	var free atomic.Int64
	opts := Options{Dir: "warm", fs: vfs.NewMem(), FreeSpace: func() (int64, error) { return free.Load(), nil }, Source: src, Stream: "telemetry", CommitPoints: 10}
	h, err := New(opts)
	if err == nil {
		err = h.Start(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the pause", func() bool { return h.Stats().Points == 10 && h.Stats().Paused })
	if err := h.Close(context.Background()); fault.CodeOf(err) != fault.StorageFull {
		t.Fatal(err)
	}
	free.Store(1 << 40)
	h = started(t, opts)
	until(t, "all points", func() bool { return h.Stats().Points == 100 })
	checkCounterOf(t, h, "a/value", 100)
}

// TestDiskThatFailsForGood ends the store, not the process: the alarm stands, what
// is asked says why, Close returns. The store's goroutines stay for ever by design,
// so the test runs in a process of its own.
func TestDiskThatFailsForGood(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		inAProcessOfItsOwn(t)
		return
	}
	disk, bells := &tightFS{FS: vfs.NewMem()}, newBells()
	disk.room.Store(1 << 40)
	h, err := New(Options{Dir: "warm", fs: disk, FreeSpace: plentySpace, Alarms: bells, CommitEvery: 10 * time.Millisecond})
	if err == nil {
		err = h.Start(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	disk.broken.Store(true)
	take(t, h, reading("a", "1", epoch))
	bells.await(t, "raised "+alarmFailed)
	if _, err := h.Range(context.Background(), point.Range{Series: "a/value", To: math.MaxInt64}); fault.CodeOf(err) != fault.Unavailable {
		t.Fatal(err)
	}
	if err := h.Close(context.Background()); fault.CodeOf(err) != fault.Unavailable {
		t.Fatal(err)
	}
}

const childEnv = "MILLRACE_HISTORIAN_TEST_CHILD"

func inAProcessOfItsOwn(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// A start that is given up while Pebble has to write what its log holds ends at once,
// with a line or two: Pebble would try for ever, without a pause. What keeps trying
// stays behind by design, so the test runs in a process of its own.
func TestAStartThatIsGivenUpOnAFullDiskIsQuiet(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		inAProcessOfItsOwn(t)
		return
	}
	written := vfs.NewCrashableMem()
	h := started(t, Options{fs: written, Payload: payload.Options{MaxText: 1 << 20}})
	for i := range 24 { // more than half a table in memory
		take(t, h, reading("log", strings.Repeat(rand.Text(), 20_000), epoch+int64(i)*1e6))
		mustCommit(t, h)
	}
	bells, log := newBells(), new(lines)
	disk := &tightFS{FS: written.CrashClone(vfs.CrashCloneCfg{})}
	disk.room.Store(100_000) // for the manifest, and for no table
	h, err := New(Options{Dir: "warm", fs: disk, FreeSpace: plentySpace, Alarms: bells, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err == nil {
		err = h.Start(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	bells.await(t, "raised "+alarmDisk)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := h.Close(ctx); err != nil {
		t.Error(err)
	}
	if n := log.n.Load(); n > 5 {
		t.Errorf("%d lines in the log", n)
	}
}

// lines counts what is written to it.
type lines struct{ n atomic.Int64 }

func (l *lines) Write(b []byte) (int, error) {
	l.n.Add(1)
	return len(b), nil
}
