package bus

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/testkit/smalldisk"
)

// TestAFullDiskLosesNothingAndHealsByItself fills the disk under the engine, until
// the engine itself fails, and then makes room, without a restart of the process.
func TestAFullDiskLosesNothingAndHealsByItself(t *testing.T) {
	smalldisk.AsRoot(t, func(t *testing.T) {
		for _, d := range []Durability{Power, Process} {
			t.Run(d.String(), func(t *testing.T) { fullDisk(t, d) })
		}
	})
}

func fullDisk(t *testing.T, d Durability) {
	disk := smalldisk.Mount(t, 24<<20)
	ballast := filepath.Join(disk, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 12<<20), 0o600))
	b := start(t, Options{Dir: filepath.Join(disk, "bus"), Durability: d, WakeSpace: 4 << 20})
	l := openLog(t, b, LogConfig{Name: "telemetry"})
	kv, err := b.KV(t.Context(), "users")
	must(t, err)

	stored := map[uint64]string{}
	write := func() error {
		text := fmt.Sprintf("entry %d %s", len(stored), strings.Repeat("x", 50_000))
		seq, err := appendWait(l, fmt.Sprint(len(stored)), true, []byte(text))
		if err == nil {
			stored[seq] = text
		}
		return err
	}
	for err = write(); err == nil; err = write() {
	}
	wantCode(t, err, fault.StorageFull)
	before := len(stored)
	for range 3 {
		wantCode(t, write(), fault.StorageFull)
	}
	_, err = kv.Put(t.Context(), "ada", []byte("1"))
	wantCode(t, err, fault.StorageFull)
	same(t, l, stored) // reads go on while the disk is full

	must(t, os.Remove(ballast))
	for err = write(); err != nil; err = write() {
		if c := fault.CodeOf(err); c != fault.StorageFull && c != fault.Unavailable {
			t.Fatal(err)
		}
	}
	for range 10 {
		must(t, write())
	}
	_, err = kv.Put(t.Context(), "ada", []byte("1"))
	must(t, err)
	if before < 20 || b.Restarts() == 0 {
		t.Fatalf("%d entries before the disk was full, %d restarts", before, b.Restarts())
	}
	same(t, l, stored)
}

// same reads the log and finds everything that was confirmed under its sequence.
func same(t *testing.T, l *Log, stored map[uint64]string) {
	t.Helper()
	found := map[string]bool{}
	st, err := l.State(t.Context())
	must(t, err)
	for _, e := range readN(t, l, 1, int(st.Entries)) {
		found[e] = true
	}
	for seq, text := range stored {
		if !found[fmt.Sprintf("%d %s", seq, text)] {
			t.Fatalf("confirmed entry %d is not in the log (%d of %d there)", seq, len(found), len(stored))
		}
	}
}
