package fault

import (
	"errors"
	"runtime"
	"syscall"
)

// What Windows says of sockets. Package syscall has other numbers under the names of
// POSIX there, which no call returns.
const (
	wsaFamily      = syscall.Errno(10047)
	wsaInUse       = syscall.Errno(10048)
	wsaAborted     = syscall.Errno(10053)
	wsaReset       = syscall.Errno(10054)
	wsaShutDown    = syscall.Errno(10058)
	wsaRefused     = syscall.Errno(10061)
	diskFull       = syscall.Errno(112) // on Windows alone: elsewhere it is another's number
	handleDiskFull = syscall.Errno(39)
)

// AddressInUse says whether another program listens on the address already.
func AddressInUse(err error) bool { return is(err, syscall.EADDRINUSE, wsaInUse) }

// NoSuchSockets says whether the system has no sockets of that family at all.
func NoSuchSockets(err error) bool { return is(err, syscall.EAFNOSUPPORT, wsaFamily) }

// ConnectionRefused says whether nobody listens there.
func ConnectionRefused(err error) bool { return is(err, syscall.ECONNREFUSED, wsaRefused) }

// PeerGone says whether a socket takes nothing more since the peer has closed or reset it.
func PeerGone(err error) bool {
	return is(err, syscall.EPIPE, syscall.ECONNRESET, wsaReset, wsaAborted, wsaShutDown)
}

// DiskFull says whether a disk had no room.
func DiskFull(err error) bool {
	return is(err, syscall.ENOSPC) || runtime.GOOS == "windows" && is(err, diskFull, handleDiskFull)
}

func is(err error, any ...error) bool {
	for _, x := range any {
		if errors.Is(err, x) {
			return true
		}
	}
	return false
}
