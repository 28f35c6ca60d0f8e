package historian

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// privateFS is the system's disk with folders and files that are their owner's
// alone, whatever the umask says, also those it finds.
type privateFS struct{ vfs.FS }

const (
	privateDir  = 0o700
	privateFile = 0o600
)

// MkdirAll makes the folder, or takes what others may from it and the files in it.
func (p privateFS) MkdirAll(dir string, _ os.FileMode) error {
	if err := p.FS.MkdirAll(dir, privateDir); err != nil {
		return err
	}
	if err := restrict(dir, privateDir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Type().IsRegular() {
			err = errors.Join(err, restrict(filepath.Join(dir, e.Name()), privateFile))
		}
	}
	return err
}

// restrict sets mode where others may do something now. A file that left meanwhile
// is none.
func restrict(name string, mode os.FileMode) error {
	info, err := os.Stat(name)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(name, mode)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (p privateFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := p.FS.Create(name, c)
	return private(f, name, err)
}

func (p privateFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := p.FS.OpenReadWrite(name, c, opts...)
	return private(f, name, err)
}

func (p privateFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := p.FS.ReuseForWrite(from, to, c)
	return private(f, to, err)
}

// Lock makes the lock's file, too.
func (p privateFS) Lock(name string) (io.Closer, error) {
	l, err := p.FS.Lock(name)
	return private(l, name, err)
}

// Unwrap returns the file system behind, for Pebble's own look through wrappers.
func (p privateFS) Unwrap() vfs.FS { return p.FS }

// private restricts the file that was opened under name.
func private[F io.Closer](f F, name string, err error) (F, error) {
	if err != nil {
		return f, err
	}
	if err := restrict(name, privateFile); err != nil {
		var none F
		return none, errors.Join(err, f.Close())
	}
	return f, nil
}
