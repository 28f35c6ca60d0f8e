package access

import (
	"bytes"
	"errors"
	"io/fs"
	"os"

	"github.com/millrace/millrace/internal/fault"
)

// seenNote is what stands in the marker beside a file.
const seenNote = "The file beside this one has been in force. While this marker is here, the node\n" +
	"does not start without that file: nobody is let in because a file is lost.\n"

// marker is the path of what remembers that the file has been in force.
func (w *watched) marker() string { return w.path + ".seen" }

// missed says why a start without the file, or with an empty one, is refused: it was
// asked for by name, or has been in force before.
func (w *watched) missed(content []byte) error {
	if w.seen || len(bytes.TrimSpace(content)) > 0 {
		return nil
	}
	if w.required {
		return fault.New(fault.Unavailable, "The configuration names the file %s, which is missing or empty. Put it there; a file with a line with # alone says that there is to be nothing in it.", w.path)
	}
	if _, err := os.Stat(w.marker()); err != nil {
		return nil // there never was one
	}
	return fault.New(fault.Unavailable, "The file %s has been in force and is missing or empty now. Put it back; to begin anew without it, write a file with a line with # alone.", w.path)
}

// mark remembers that there is something in the file, so that its loss is found at
// the next start, or that there is nothing any more.
func (w *watched) mark(something bool) error {
	if w.required {
		return nil // it is missed without
	}
	_, err := os.Stat(w.marker())
	switch {
	case something && errors.Is(err, fs.ErrNotExist):
		return os.WriteFile(w.marker(), []byte(seenNote), 0o600)
	case !something && err == nil:
		return os.Remove(w.marker())
	}
	return nil
}

// mark remembers which files are in force.
func (a *Access) mark(s *state) {
	a.mu.Lock()
	err := errors.Join(a.users.mark(s.users.Len() > 0), a.rules.mark(s.rules.some))
	a.mu.Unlock()
	if err != nil {
		a.o.Log.Warn("nothing remembers that the access files are in force: should one be lost, the next start does not miss it", "error", err)
	}
}

// Check says why a node with these files would not start, for each of the two, and
// changes nothing.
func Check(o Options) (users, rules error) {
	_, _, users, rules = New(o).look(true)
	return users, rules
}
