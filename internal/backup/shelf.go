package backup

import (
	"os"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Row is a back-up that lies in a folder.
type Row struct {
	Name          string
	Condition     string // Complete, Unfinished or Damaged
	Node, Version string
	Began, Ended  time.Time
	Size          int64 // of what it holds, shared with others or not, in bytes
	Entries       uint64
	Streams       int
	LeftOut       []string
	Verified      time.Time // by a node; the zero time is never
	Error         string    // why it is damaged
}

// The conditions of a [Row]. A complete one is as it was written as far as is known.
const (
	Complete   = "complete"
	Unfinished = "unfinished"
	Damaged    = "damaged"
)

// shelf lists what lies in a folder. A manifest is read once: it does not change.
type shelf struct {
	mu    sync.Mutex
	known map[string]read // guarded by mu, by path
}

// read is what a manifest said when it had that size and time.
type read struct {
	size     int64
	modified time.Time
	row      Row
}

// rows are the back-ups in f, newest first, behind one that is not finished.
func (s *shelf) rows(f folder) ([]Row, error) {
	names, err := f.names()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, checks := s.known, f.checks()
	s.known = map[string]read{}
	var rows []Row
	for _, name := range names {
		row, ok := s.row(f, f.path(name), before)
		if !ok {
			continue // retention has just removed it
		}
		row.Name = name
		if c, ok := checks[name]; ok {
			row.Verified = c.At
			if c.Error != "" {
				row.Condition, row.Error = Damaged, c.Error
			}
		}
		rows = append(rows, row)
	}
	if row, ok := s.row(f, f.unfinished(), nil); ok && row.Condition == Complete {
		row.Condition = Unfinished
		rows = append(rows, row)
	}
	slices.Reverse(rows)
	return rows, nil
}

// row is what the manifest says; false where there is none. s.mu is held.
func (s *shelf) row(f folder, path string, before map[string]read) (Row, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return Row{}, false
	}
	if r, ok := before[path]; ok && r.size == info.Size() && r.modified.Equal(info.ModTime()) {
		s.known[path] = r
		return r.row, true
	}
	g, err := f.readManifest(path)
	if err != nil {
		return Row{Condition: Damaged, Error: fault.UserMessage(err)}, true
	}
	r := Row{Name: g.Name, Condition: Complete, Node: g.Node, Version: g.Version, Began: g.Began, Ended: g.Ended, Size: g.Size(), Streams: len(g.Streams), LeftOut: g.LeftOut}
	for i := range g.Streams {
		r.Entries += g.Streams[i].stored()
	}
	s.known[path] = read{info.Size(), info.ModTime(), r}
	return r, true
}
