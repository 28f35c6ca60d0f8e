package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/files"
)

// errLocked says that another process holds the lock.
var errLocked = errors.New("held by another process")

// folderLock keeps a second process off the data folder. The system releases it
// when the process ends, however it ends.
type folderLock struct{ file *os.File }

// lockFolder creates the data folder if need be and locks it. It is its owner's alone:
// what lies in it is the plant's data, and the socket in it opens the node.
func lockFolder(dir string) (*folderLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "app: data folder", err,
			"The data folder %s cannot be made: %v. Choose another with --data or mend its parent's rights.", dir, plain(err))
	}
	if err := files.Private(dir); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "app: data folder", err,
			"The data folder %s cannot be closed to other users: %v. It has to belong to the user that runs Millrace.", dir, plain(err))
	}
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "app: data folder", err,
			"The data folder %s cannot be written: %v. It has to belong to the user that runs Millrace.", dir, plain(err))
	}
	if err := tryLock(f); err != nil {
		defer f.Close()
		return nil, fault.Wrap(fault.Conflict, "app: data folder", err,
			"The data folder %s is in use by another Millrace%s. Stop that one or choose another folder with --data.", dir, holder(f))
	}
	noteHolder(f)
	return &folderLock{f}, nil
}

// holder names who wrote the lock file last.
func holder(f *os.File) string {
	if pid := holderOf(f); pid != "" {
		return " (process " + pid + ")"
	}
	return ""
}

// holderOf is the process that wrote the lock file last; empty when that is not known.
func holderOf(f *os.File) string {
	b, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// noteHolder writes down who holds the lock, as a help for whoever is refused. On a
// full disk the lock holds without.
func noteHolder(f *os.File) {
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
}

// Close gives the folder free.
func (l *folderLock) Close() error { return l.file.Close() }

// plain is an error without the path that the sentence around it names already.
func plain(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
