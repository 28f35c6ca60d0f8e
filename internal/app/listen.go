package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/millrace/millrace/internal/fault"
)

// SocketName is the file in the data folder over which millrace ctl speaks to the
// node. Who may open it acts as administrator, so it belongs to its owner alone.
const SocketName = "ctl.sock"

// listenTCP opens address and explains a refusal; key is the setting that holds the
// address, flag the flag that changes it.
func listenTCP(ctx context.Context, address, key, flag string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return l, nil
	case fault.AddressInUse(err):
		return nil, fault.Wrap(fault.Conflict, "app: listen", err,
			"The address %s is in use by another program. Stop that one or choose another with %s (%s).", address, flag, key)
	}
	return nil, fault.Wrap(fault.Unavailable, "app: listen", err,
		"The address %s (%s) cannot be opened: %v.", address, key, err)
}

// listenSocket opens the ctl socket in the data folder, which the folder's lock has
// made ours: a socket that lies there was left behind.
func listenSocket(ctx context.Context, dir string) (net.Listener, error) {
	path := filepath.Join(dir, SocketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fault.Wrap(fault.Unavailable, "app: ctl socket", err, "The old socket %s cannot be removed: %v.", path, plain(err))
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "app: ctl socket", err,
			"The socket %s cannot be opened: %v. Its whole path may have about 100 characters.", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fault.Wrap(fault.Unavailable, "app: ctl socket", err, "The socket %s cannot be closed to others: %v.", path, plain(err))
	}
	return l, nil
}

// serveHTTP answers on l until the stop it returns is called: that lets requests
// under way finish until the deadline and then cuts them.
func serveHTTP(server *http.Server, l net.Listener, log *slog.Logger) stop {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("http server ended", "address", l.Addr().String(), "error", err)
		}
	}()
	return func(ctx context.Context) error {
		err := server.Shutdown(ctx)
		if err != nil {
			err = errors.Join(err, server.Close())
		}
		<-ended
		return err
	}
}
