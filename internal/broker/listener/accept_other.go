//go:build !linux

package listener

import (
	"errors"
	"net"
)

func (l *Listener) startDescriptors(*net.TCPListener) error {
	return errors.New("descriptors are accepted on Linux only")
}
