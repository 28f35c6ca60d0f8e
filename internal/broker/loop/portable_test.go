package loop

import (
	"net"
	"os"
	"syscall"
	"testing"
)

// deafSocket is one whose peer takes nothing more, as Windows says it.
type deafSocket struct{ net.Conn }

func (deafSocket) Write([]byte) (int, error) {
	return 0, &net.OpError{Op: "write", Err: os.NewSyscallError("wsasend", syscall.Errno(10054))}
}

// writtenLines says when output has left.
type writtenLines struct{ *lines }

func (h writtenLines) Written(*Conn) { h.seen <- "written" }

// On Windows, too, what a peer has sent before it closed is taken, though it hears no
// answer any more.
func TestWhatADeafPeerHasSentIsTakenOnWindows(t *testing.T) {
	h := &lines{seen: make(chan string, 1000), conns: map[string]*Conn{}}
	h.loop = newLoop(t, "portable", writtenLines{h}, nil)
	h.moveTo = h.loop
	go h.loop.Run()
	t.Cleanup(func() { h.loop.Stop(); <-h.loop.Done(); h.loop.WaitConns() })
	ours, theirs := pair(t, "tcp", "127.0.0.1:0")
	h.adopted(t, deafSocket{theirs})
	say(t, ours, "pause\npause\n")
	h.expect(t, "paused")
	h.expect(t, "written") // and its output is let go
	h.loop.Post("paused")
	h.expect(t, "message paused")
	h.expect(t, "paused")
	h.loop.Post("abort")
}
