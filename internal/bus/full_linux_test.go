package bus

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/millrace/millrace/internal/fault"
)

// tmpfs mounts a file system of that many bytes for the length of the test.
func tmpfs(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Fatalf("this test needs a small tmpfs of its own, which cannot be mounted here (%v), nor in a user namespace: run it as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

const inNamespace = "BUS_TEST_IN_NAMESPACE"

// asRoot runs test, for who may not mount in a process with a namespace of its own.
func asRoot(t *testing.T, test func(*testing.T)) {
	if os.Geteuid() == 0 || os.Getenv(inNamespace) != "" {
		test(t)
		return
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), inNamespace+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("in a namespace of its own: %v\n%s", err, out)
	}
}

// TestAFullDiskLosesNothingAndHealsByItself fills the disk under the engine, until
// the engine itself fails, and then makes room, without a restart of the process.
func TestAFullDiskLosesNothingAndHealsByItself(t *testing.T) {
	asRoot(t, func(t *testing.T) {
		for _, d := range []Durability{Power, Process} {
			t.Run(d.String(), func(t *testing.T) { fullDisk(t, d) })
		}
	})
}

func fullDisk(t *testing.T, d Durability) {
	disk := tmpfs(t, 24<<20)
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
