package backup

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Check is what the newest verification of a generation by a node has found.
type Check struct {
	At    time.Time `json:"at"`
	Error string    `json:"error,omitempty"` // what is damaged, or a part of it
}

func (f folder) checksPath() string { return filepath.Join(f.dir, "verified.json") }

// checks are what verifications have found, by name. What cannot be read was not found.
func (f folder) checks() map[string]Check {
	all := map[string]Check{}
	if text, err := os.ReadFile(f.checksPath()); err == nil && json.Unmarshal(text, &all) != nil {
		return map[string]Check{}
	}
	return all
}

// note writes down what a verification has found, and forgets generations that are gone.
func (f folder) note(v Verified, now time.Time) error {
	names, err := f.names()
	if err != nil {
		return err
	}
	all := f.checks()
	for name := range all {
		if !slices.Contains(names, name) {
			delete(all, name)
		}
	}
	for _, name := range v.Generations {
		damage, damaged := v.damage[name]
		if c := (Check{At: now}); damaged {
			c.Error = fault.UserMessage(damage)
			all[name] = c
		} else if !v.stopped {
			all[name] = c
		}
	}
	text, err := json.Marshal(all)
	if err == nil {
		err = writeWhole(f.checksPath(), text)
	}
	if err != nil {
		return f.fault("written", err)
	}
	return nil
}

// setAside moves what is damaged out of the way, so that the next back-up does not build on
// it and writes it anew.
func (v *Verified) setAside() (err error) {
	for _, path := range v.spoilt {
		err = errors.Join(err, os.Rename(path, path+asideSuffix))
	}
	return err
}

// asideSuffix is behind the name of a damaged object.
const asideSuffix = ".damaged"

// Damaged are the generations that cannot be restored, by name.
func (v *Verified) Damaged() (names []string) {
	for name := range v.damage {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
