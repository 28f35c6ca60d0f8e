package backup

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/millrace/millrace/internal/fault"
)

// Verified is what was found whole.
type Verified struct {
	Generations []string `json:"generations"`
	Files       int      `json:"files"`
	Bytes       int64    `json:"bytes"`

	damage  map[string]error // by generation, the first that was found
	stopped bool             // there was too much damage to look at all
	spoilt  []string         // the files that have other content than was written
}

// maxDamage is how many damaged files are named.
const maxDamage = 20

// Verify reads back everything that the generation of that name needs, or all of them
// where the name is empty. Its error names every file that is missing or damaged.
func Verify(ctx context.Context, dir, name string, progress func(Progress)) (Verified, error) {
	f := folder{dir: dir}
	names := []string{name}
	if name == "" {
		var err error
		if names, err = f.names(); err != nil {
			return Verified{}, err
		}
		if len(names) == 0 {
			_, err := f.find("")
			return Verified{}, err
		}
	}
	var all []*Generation
	bad := map[string]error{}
	for _, n := range names {
		g, err := f.find(n)
		if err != nil {
			bad[n] = err
			continue
		}
		all = append(all, g)
	}
	v, err := f.verify(ctx, all, progress)
	for _, n := range names {
		if bad[n] != nil {
			v.Generations = append(v.Generations, n)
			v.note(n, bad[n])
			err = errors.Join(bad[n], err)
		}
	}
	return v, err
}

// note takes down why a generation is damaged.
func (v *Verified) note(name string, err error) {
	if v.damage == nil {
		v.damage = map[string]error{}
	}
	if v.damage[name] == nil {
		v.damage[name] = err
	}
}

// verify reads every object of the generations once.
func (f folder) verify(ctx context.Context, all []*Generation, progress func(Progress)) (v Verified, err error) {
	list, bytes := inventory(all)
	for _, g := range all {
		v.Generations = append(v.Generations, g.Name)
	}
	var bad []error
	for _, k := range list {
		if ctx.Err() != nil {
			return v, ctx.Err()
		}
		if progress != nil {
			progress(Progress{Doing: k.name, Done: v.Bytes, Of: bytes})
		}
		err := f.read(k.Object, k.name, look(k.segment))
		if err == nil {
			v.Files, v.Bytes = v.Files+1, v.Bytes+k.Size
			continue
		}
		for _, name := range k.of {
			v.note(name, err)
		}
		if fault.CodeOf(err) == fault.Malformed {
			v.spoilt = append(v.spoilt, f.objectPath(k.SHA256))
		}
		v.stopped = len(bad) == maxDamage-1
		if bad = append(bad, err); len(bad) == maxDamage {
			return v, errors.Join(append(bad, fault.New(fault.Malformed, "There may be more."))...)
		}
	}
	return v, errors.Join(bad...)
}

// shared is an object, and whose it is.
type shared struct {
	Object
	name    string   // what it is, in the first of them
	of      []string // generations
	segment bool     // of a stream
}

// inventory is the objects of the generations, each once, and their bytes.
func inventory(all []*Generation) (list []*shared, bytes int64) {
	known := map[string]*shared{}
	for _, g := range all {
		g.objects(func(o Object, name string) {
			k := known[o.SHA256]
			if k == nil {
				k = &shared{Object: o, name: name}
				known[o.SHA256] = k
				list, bytes = append(list, k), bytes+o.Size
			}
			k.of = append(k.of, g.Name)
		})
		for _, s := range g.Streams {
			for _, seg := range s.Segments {
				known[seg.SHA256].segment = true
			}
		}
	}
	return list, bytes
}

// look reads an object for nothing but to see that it can be read.
func look(segment bool) func(io.Reader) error {
	return func(r io.Reader) error {
		if segment {
			return readSegment(r, func(*Entry) error { return nil })
		}
		_, err := io.Copy(io.Discard, r)
		return err
	}
}

// List are the generations in dir, oldest first, those that cannot be read left out and
// named by the error.
func List(dir string) ([]*Generation, error) {
	f := folder{dir: dir}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "There is no folder %s.", dir)
	}
	names, err := f.names()
	if err != nil {
		return nil, err
	}
	var all []*Generation
	var bad []error
	for _, n := range names {
		g, err := f.readManifest(f.path(n))
		if err != nil {
			bad = append(bad, err)
			continue
		}
		all = append(all, g)
	}
	return all, errors.Join(bad...)
}
