//go:build !linux

package loop

import (
	"errors"
	"net"
)

// watched is empty where nothing is watched.
type watched = struct{}

func newPoller() (poller, error) { return nil, errors.New("loop: no epoll on this system") }

func takeDescriptor(net.Conn) (fd int, ok bool) { return -1, false }
