package loop

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// openLooks is how many looks in a row may find something before the gate is shut: a
// busy loop does not wake those who wait for the runtime's poller.
const openLooks = 4

// gate is where a loop's goroutine sleeps until a descriptor has something, in the way
// in which others wait for their sockets: the runtime gives its processor to somebody
// else at once. In a system call it would keep the processor until the runtime's
// monitor takes it away, and it takes it from a loop that wakes up often only every
// 10 ms: with a loop on each processor, the log got on in such steps.
//
// The runtime watches a set that the descriptor is in, and that is quiet unless the
// gate is open.
type gate struct {
	fd    int
	set   int
	file  *os.File // of set
	raw   syscall.RawConn
	ready func(uintptr) bool
	asked int  // how often ready was, in this sleep
	open  bool // the set tells of fd
	dated bool // file has a deadline, of the past perhaps
	looks int  // that found something since the last sleep
}

// build makes the gate of fd; look says whether that has something.
func (g *gate) build(fd int, look func() bool) (err error) {
	g.fd, g.ready = fd, func(uintptr) bool { g.asked++; return look() }
	if g.set, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if err = unix.SetNonblock(g.set, true); err != nil { // else the runtime does not watch it
		_ = unix.Close(g.set)
		return err
	}
	g.file = os.NewFile(uintptr(g.set), "gate")
	if g.raw, err = g.file.SyscallConn(); err != nil {
		return err
	}
	return unix.EpollCtl(g.set, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{})
}

// prepare comes before a sleep, which ends at until unless that is zero.
func (g *gate) prepare(until time.Time) {
	if !g.open {
		g.swing(true)
	}
	if g.dated || !until.IsZero() {
		g.dated = !until.IsZero()
		_ = g.file.SetReadDeadline(until)
	}
}

// swing opens or shuts the gate.
func (g *gate) swing(open bool) {
	var e unix.EpollEvent
	if open {
		e.Events = unix.EPOLLIN
	}
	g.open = open
	_ = unix.EpollCtl(g.set, unix.EPOLL_CTL_MOD, g.fd, &e)
}

// sleep returns when a look finds something, at the time prepared, or when woken. It
// may also return for nothing.
func (g *gate) sleep() {
	g.asked = 0
	err := g.raw.Read(g.ready)
	if err == nil && g.asked == 1 {
		g.passed()
		return
	}
	g.looks, g.dated = 0, g.dated || err != nil
}

// passed says that there was no need to sleep.
func (g *gate) passed() {
	if g.looks++; g.open && g.looks > openLooks {
		g.swing(false)
	}
}

// wake ends the sleep that was prepared, or the next one. Any goroutine may call it.
func (g *gate) wake() { _ = g.file.SetReadDeadline(time.Unix(1, 0)) }

func (g *gate) close() {
	if g.file != nil {
		_ = g.file.Close()
	}
}
