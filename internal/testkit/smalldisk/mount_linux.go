package smalldisk

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Mount mounts a file system of that many bytes for the length of the test and
// returns its folder. Call it inside [AsRoot].
func Mount(t *testing.T, size int) string {
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

// AsRoot runs the test where it may mount: here, or, for who is not root, in a
// process of its own inside a user namespace.
func AsRoot(t *testing.T, test func(*testing.T)) {
	t.Helper()
	if os.Geteuid() == 0 { // inside the namespace, too
		test(t)
		return
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("in a namespace of its own: %v\n%s", err, out)
	}
}
