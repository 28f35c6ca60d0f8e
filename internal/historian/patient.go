package historian

import (
	"os"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// patientFS waits where the disk is full instead of failing. Pebble ends the
// process when its write-ahead log or manifest cannot be written and spins when a
// flush cannot; with a disk that merely takes long it does neither. A failed sync
// is not tried again: what the system then holds is unknown.
type patientFS struct {
	vfs.FS
	full  *atomic.Int64 // operations that wait for space now
	waits func()        // called when the first begins to wait
	every time.Duration
	quit  <-chan struct{} // closed when nobody waits any longer for the store to open
}

// patiently runs op until it fails for another reason than a full disk.
func (p *patientFS) patiently(op func() error) error {
	err := op()
	if err == nil || !vfs.IsNoSpaceError(err) {
		return err
	}
	if p.full.Add(1) == 1 {
		p.waits()
	}
	defer p.full.Add(-1)
	for err != nil && vfs.IsNoSpaceError(err) {
		select {
		case <-time.After(p.every):
			err = op()
		case <-p.quit:
			return err
		}
	}
	return err
}

func (p *patientFS) file(open func() (vfs.File, error)) (f vfs.File, err error) {
	err = p.patiently(func() error {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &patientFile{File: f, fs: p}, nil
}

func (p *patientFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return p.file(func() (vfs.File, error) { return p.FS.Create(name, c) })
}

func (p *patientFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return p.file(func() (vfs.File, error) { return p.FS.OpenReadWrite(name, c, opts...) })
}

func (p *patientFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return p.file(func() (vfs.File, error) { return p.FS.ReuseForWrite(from, to, c) })
}

func (p *patientFS) Rename(from, to string) error {
	return p.patiently(func() error { return p.FS.Rename(from, to) })
}

func (p *patientFS) Link(from, to string) error {
	return p.patiently(func() error { return p.FS.Link(from, to) })
}

func (p *patientFS) MkdirAll(dir string, perm os.FileMode) error {
	return p.patiently(func() error { return p.FS.MkdirAll(dir, perm) })
}

// Unwrap returns the file system behind, for Pebble's own look through wrappers.
func (p *patientFS) Unwrap() vfs.FS { return p.FS }

type patientFile struct {
	vfs.File
	fs *patientFS
}

// Write goes on behind the bytes a full disk still took.
func (f *patientFile) Write(b []byte) (n int, err error) {
	err = f.fs.patiently(func() error {
		k, err := f.File.Write(b[n:])
		n += k
		return err
	})
	return n, err
}

// WriteAt writes the same bytes again.
func (f *patientFile) WriteAt(b []byte, at int64) (n int, err error) {
	err = f.fs.patiently(func() error {
		n, err = f.File.WriteAt(b, at)
		return err
	})
	return n, err
}

// Preallocate is only a hint: on a full disk it is left out.
func (f *patientFile) Preallocate(offset, length int64) error {
	if err := f.File.Preallocate(offset, length); err != nil && !vfs.IsNoSpaceError(err) {
		return err
	}
	return nil
}
