package access

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/millrace/millrace/internal/fault"
)

// ReadUsers reads a users file; one that is not there is empty, unless it has been in
// force: then it is lost, and is not to be begun anew.
func ReadUsers(path string) (*Users, error) {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Unavailable, "access: read users", err, "The users file %s cannot be read.", path)
	}
	if err := (&watched{path: path}).missed(b); err != nil {
		return nil, err
	}
	return ParseUsers(b)
}

// WriteUsers replaces the users file in one step: whoever reads it meets the old one
// or the new one. Only its owner may read it.
func WriteUsers(path string, u *Users) error {
	if len(u.lines) == u.Len() { // no comment: the file must not be empty when the last user goes
		u.lines = append([]usersLine{{text: "# Users of MQTT: millrace passwd writes this file."}}, u.lines...)
		for name := range u.at {
			u.at[name]++
		}
	}
	if err := replace(path, u.Bytes()); err != nil {
		return fault.Wrap(fault.Unavailable, "access: write users", err, "The users file %s cannot be written.", path)
	}
	return nil
}

// replace writes a file beside the old one and puts it in its place.
func replace(path string, content []byte) (err error) {
	if at, err := filepath.EvalSymlinks(path); err == nil {
		path = at
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // with 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	keepOwner(f, path)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
