package stream

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ticker calls a function after short times. It is a kernel timer that the runtime's
// poller waits for: the runtime's own timers round up to a millisecond when the
// process idles, twice the spacing of entries.
type ticker struct {
	file  *os.File
	raw   syscall.RawConn // of file
	ended chan struct{}
	slow  *time.Timer // instead of file when the kernel gives no timer
}

// newTicker returns a ticker that calls ring, from a goroutine of its own, until stop.
func newTicker(ring func()) *ticker {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		t := time.AfterFunc(time.Hour, ring)
		t.Stop()
		return &ticker{slow: t}
	}
	t := &ticker{file: os.NewFile(uintptr(fd), "timerfd"), ended: make(chan struct{})}
	t.raw, _ = t.file.SyscallConn() // fails on a closed file only
	go t.listen(ring)
	return t
}

func (t *ticker) listen(ring func()) {
	defer close(t.ended)
	var count [8]byte
	for {
		if _, err := t.file.Read(count[:]); err != nil {
			return
		}
		ring()
	}
}

// after rings once, d from now; a time set before is forgotten.
func (t *ticker) after(d time.Duration) {
	if t.slow != nil {
		t.slow.Reset(d)
		return
	}
	at := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(d, 1)))}
	_ = t.raw.Control(func(fd uintptr) { _ = unix.TimerfdSettime(int(fd), 0, &at, nil) })
}

// stop ends the ticker and its goroutine.
func (t *ticker) stop() {
	if t.slow != nil {
		t.slow.Stop()
		return
	}
	t.file.Close()
	<-t.ended
}
