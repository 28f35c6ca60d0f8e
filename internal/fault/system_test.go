package fault

import (
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
)

// Each question is answered for what Linux and macOS say, and for what Windows does: its
// numbers mean nothing else on other systems, but for those of the disk.
func TestWhatSystemsSay(t *testing.T) {
	for name, c := range map[string]struct {
		ask     func(error) bool
		posix   syscall.Errno
		windows []syscall.Errno
	}{
		"address in use":     {AddressInUse, syscall.EADDRINUSE, []syscall.Errno{10048}},
		"no such sockets":    {NoSuchSockets, syscall.EAFNOSUPPORT, []syscall.Errno{10047}},
		"connection refused": {ConnectionRefused, syscall.ECONNREFUSED, []syscall.Errno{10061}},
		"peer gone":          {PeerGone, syscall.ECONNRESET, []syscall.Errno{10053, 10054, 10058}},
		"disk full":          {DiskFull, syscall.ENOSPC, []syscall.Errno{112, 39}},
	} {
		for _, number := range append(c.windows, c.posix) {
			err := &net.OpError{Op: "write", Err: os.NewSyscallError("call", number)}
			want := number == c.posix || name != "disk full" || runtime.GOOS == "windows"
			if c.ask(err) != want {
				t.Errorf("%s, %v: %v", name, err, !want)
			}
		}
		if c.ask(nil) || c.ask(io.EOF) {
			t.Errorf("%s of something else", name)
		}
	}
	if !PeerGone(syscall.EPIPE) {
		t.Error("a broken pipe")
	}
}
