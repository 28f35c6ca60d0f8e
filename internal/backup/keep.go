package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Keep says how many generations there are to be.
type Keep struct {
	// Count is how many; 0 is no bound. For is how old they may get; 0 is no bound. The
	// newest is always kept.
	Count int
	For   time.Duration
}

// expired are those of the names, oldest first, that are to go.
func (k Keep) expired(names []string, now time.Time) (old []string) {
	for i, name := range names {
		at, err := time.Parse(nameFormat, name)
		tooMany := k.Count > 0 && len(names)-i > k.Count
		tooOld := k.For > 0 && err == nil && now.Sub(at) > k.For
		if i < len(names)-1 && (tooMany || tooOld) {
			old = append(old, name)
		}
	}
	return old
}

// Prune removes the generations that are to go, then what no other needs. While a
// manifest cannot be read, nothing but manifests is removed.
func Prune(dir string, k Keep, now time.Time) (removed []string, err error) {
	f := folder{dir: dir}
	names, err := f.names()
	if err != nil {
		return nil, err
	}
	for _, name := range k.expired(names, now) {
		if err := os.Remove(f.path(name)); err != nil {
			return removed, f.fault("written", err)
		}
		removed = append(removed, name)
	}
	return removed, f.sweep()
}

// sweep removes the objects that no generation has.
func (f folder) sweep() error {
	all, err := List(f.dir)
	if err != nil {
		return err
	}
	if g, err := f.readManifest(f.unfinished()); err == nil {
		all = append(all, g)
	}
	needed := map[string]bool{}
	for _, g := range all {
		g.objects(func(o Object, _ string) { needed[o.SHA256] = true })
	}
	err = filepath.WalkDir(filepath.Join(f.dir, "objects"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimSuffix(d.Name(), asideSuffix)
		if strings.HasPrefix(name, ".new-") || isSum.MatchString(name) && !needed[name] {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.fault("written", err)
	}
	return nil
}

// Schedule says when back-ups are made; the zero value is never.
type Schedule struct {
	// Every is the time between two.
	Every time.Duration
	// Daily is a time of day, from midnight, at which there is one, if AtTime.
	Daily  time.Duration
	AtTime bool
}

// Due is when the next one is to be made after that of last, in last's place on earth; the
// zero time is never.
func (s Schedule) Due(last time.Time) (due time.Time) {
	if s.Every > 0 {
		due = last.Add(s.Every)
	}
	if s.AtTime {
		y, m, d := last.Date()
		daily := time.Date(y, m, d, 0, 0, 0, 0, last.Location()).Add(s.Daily)
		if !daily.After(last) {
			daily = time.Date(y, m, d+1, 0, 0, 0, 0, last.Location()).Add(s.Daily)
		}
		if due.IsZero() || daily.Before(due) {
			due = daily
		}
	}
	return due
}

// Overdue says that a back-up that was due has not come for too long: as long again as
// there is between two, an hour at most.
func (s Schedule) Overdue(last, now time.Time) bool {
	due := s.Due(last)
	return !due.IsZero() && now.Sub(due) > min(due.Sub(last), time.Hour)
}
