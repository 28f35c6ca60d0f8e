package bus

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/testkit/smalldisk"
)

// TestStartsOnADiskWithoutAByteFree starts on what an earlier life stored, on a disk
// that somebody has filled to the last byte.
func TestStartsOnADiskWithoutAByteFree(t *testing.T) {
	smalldisk.AsRoot(t, func(t *testing.T) {
		for _, d := range []Durability{Power, Process} {
			for _, end := range []string{inOrder, onTheFullDisk, inMidRecord} {
				t.Run(d.String()+", ended "+end, func(t *testing.T) { startFull(t, d, end) })
			}
		}
		t.Run("with a new log or bucket", newOnFull)
		t.Run("in a new folder", firstStartOnFull)
	})
}

// How the earlier life ended.
const (
	inOrder       = "in order"
	onTheFullDisk = "on the full disk"
	inMidRecord   = "in the midst of a record, before the disk was full"
)

func startFull(t *testing.T, d Durability, end string) {
	disk := smalldisk.Mount(t, 24<<20)
	ballast := filepath.Join(disk, "ballast")
	o := Options{Dir: filepath.Join(disk, "bus"), Durability: d, WakeSpace: 4 << 20}
	first := start(t, o)
	c := LogConfig{Name: "telemetry", MaxAge: time.Hour, MaxBytes: 16 << 20}
	l := openLog(t, first, c)
	kv, err := first.KV(t.Context(), "users")
	must(t, err)
	_, err = kv.Put(t.Context(), "ada", []byte("1"))
	must(t, err)
	stored := map[uint64]string{}
	write := func(l *Log) error {
		text := fmt.Sprintf("entry %d %s", len(stored), strings.Repeat("x", 50_000))
		seq, err := appendWait(l, fmt.Sprint(len(stored)), true, []byte(text))
		if err == nil {
			stored[seq] = text
		}
		return err
	}
	for range 20 {
		must(t, write(l))
	}
	if end != onTheFullDisk {
		first.Close()
	}
	if end == inMidRecord {
		must(t, os.Remove(streamFile(o.Dir, "msgs/index.db")))
		tear(t, streamFile(o.Dir, "msgs/1.blk"))
	}
	fill(t, ballast)
	if end == onTheFullDisk {
		wantCode(t, write(l), fault.StorageFull)
		first.Close()
	}

	b := start(t, o)
	l = openLog(t, b, c)
	kv, err = b.KV(t.Context(), "users")
	must(t, err)
	_, err = kv.Put(t.Context(), "ada", make([]byte, 8<<10))
	wantCode(t, err, fault.StorageFull)
	wantCode(t, write(l), fault.StorageFull)
	v, _, err := kv.Get(t.Context(), "ada")
	if err != nil || string(v) != "1" {
		t.Fatalf("bucket: %q, %v", v, err)
	}
	same(t, l, stored)

	must(t, os.Remove(ballast))
	for err = write(l); err != nil; err = write(l) {
		if c := fault.CodeOf(err); c != fault.StorageFull && c != fault.Unavailable {
			t.Fatal(err)
		}
	}
	_, err = kv.Put(t.Context(), "ada", []byte("2"))
	must(t, err)
	same(t, l, stored)
}

// newOnFull opens what a full disk has no room for, beside what is there.
func newOnFull(t *testing.T) {
	disk := smalldisk.Mount(t, 8<<20)
	ballast := filepath.Join(disk, "ballast")
	o := Options{Dir: filepath.Join(disk, "bus")}
	b := start(t, o)
	l := openLog(t, b, LogConfig{Name: "telemetry"})
	_, err := appendWait(l, "", false, []byte("x"))
	must(t, err)
	b.Close()
	fill(t, ballast)
	b = start(t, o)
	for _, c := range []LogConfig{{Name: "alarms"}, {Name: "telemetry", MaxAge: time.Hour}} {
		_, err := b.Log(t.Context(), c)
		wantFull(t, err, c.Name, disk)
	}
	_, err = b.KV(t.Context(), "users")
	wantFull(t, err, "users", disk)
	b.Close()
	b = start(t, o) // as it was it still opens
	if got := readN(t, openLog(t, b, LogConfig{Name: "telemetry"}), 1, 1); got[0] != "1 x" {
		t.Fatalf("got %q", got)
	}
	b.Close()
	must(t, os.Remove(ballast))
	b = start(t, o) // nothing half-made stands in its way
	for _, name := range []string{"alarms", "telemetry"} {
		_, err := appendWait(openLog(t, b, LogConfig{Name: name, MaxAge: time.Hour}), "", false, []byte("y"))
		must(t, err)
	}
	_, err = b.KV(t.Context(), "users")
	must(t, err)
}

// firstStartOnFull has nothing to start on.
func firstStartOnFull(t *testing.T) {
	disk := smalldisk.Mount(t, 1<<20)
	fill(t, filepath.Join(disk, "ballast"))
	b := start(t, Options{Dir: filepath.Join(disk, "bus")})
	_, err := b.Log(t.Context(), LogConfig{Name: "telemetry"})
	wantFull(t, err, "telemetry", disk)
}

// wantFull wants an error that says what found the disk full, and which disk.
func wantFull(t *testing.T, err error, what, disk string) {
	t.Helper()
	wantCode(t, err, fault.StorageFull)
	for _, says := range []string{what, disk, "full", "Free some space"} {
		if !strings.Contains(fault.UserMessage(err), says) {
			t.Errorf("%q does not say %q", fault.UserMessage(err), says)
		}
	}
}

// fill writes a file until the disk has no byte left.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	must(t, err)
	defer f.Close()
	for block := make([]byte, 1<<16); len(block) > 0; {
		n, err := f.Write(block)
		if n == 0 && err != nil {
			block = block[:len(block)/2]
		}
	}
	if free, err := FreeSpace(filepath.Dir(name)); err != nil || free != 0 {
		t.Fatalf("%d bytes free, %v", free, err)
	}
}
