package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/files"
)

// folder is where back-ups lie.
type folder struct {
	dir string
	// fresh are the folders whose names are not on the disk yet; nil for who only reads.
	fresh map[string]bool
}

func (f folder) objectPath(sum string) string {
	return filepath.Join(f.dir, "objects", sum[:2], sum)
}
func (f folder) generationsDir() string { return filepath.Join(f.dir, "generations") }
func (f folder) unfinished() string     { return filepath.Join(f.dir, "unfinished.json") }

// make makes the folder, its owner's alone; one that is there has the rights that it has.
// Nothing behind this makes it again: it vanishes with its disk, and comes back with it.
func (f folder) make() error {
	if _, err := os.Stat(f.dir); errors.Is(err, os.ErrNotExist) {
		if err := files.Private(f.dir); err != nil {
			return err
		}
	}
	return errors.Join(os.MkdirAll(f.generationsDir(), 0o700), os.MkdirAll(filepath.Join(f.dir, "objects"), 0o700))
}

// has tells whether the object is there, as far as its size shows.
func (f folder) has(o Object) bool {
	info, err := os.Stat(f.objectPath(o.SHA256))
	return err == nil && info.Size() == o.Size
}

var isSum = regexp.MustCompile(`^[0-9a-f]{64}$`)

// writer writes one object.
type writer struct {
	folder folder
	file   *os.File
	hash   hash.Hash
	size   int64
}

func (f folder) create() (*writer, error) {
	file, err := os.CreateTemp(filepath.Join(f.dir, "objects"), ".new-*")
	if err != nil {
		return nil, f.fault("written", err)
	}
	return &writer{folder: f, file: file, hash: sha256.New()}, nil
}

func (w *writer) Write(p []byte) (int, error) {
	w.hash.Write(p)
	n, err := w.file.Write(p)
	w.size += int64(n)
	if err != nil {
		err = w.folder.fault("written", err)
	}
	return n, err
}

// keep brings the object to the disk under its name.
func (w *writer) keep() (Object, error) {
	o := Object{SHA256: hex.EncodeToString(w.hash.Sum(nil)), Size: w.size}
	if w.folder.has(o) {
		w.drop()
		return o, nil
	}
	path := w.folder.objectPath(o.SHA256)
	err := errors.Join(w.file.Sync(), w.file.Close())
	if made := os.Mkdir(filepath.Dir(path), 0o700); made != nil && !errors.Is(made, os.ErrExist) {
		err = errors.Join(err, made)
	}
	if err == nil {
		err = os.Rename(w.file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(w.file.Name())
		return o, w.folder.fault("written", err)
	}
	w.folder.fresh[filepath.Dir(path)], w.folder.fresh[filepath.Join(w.folder.dir, "objects")] = true, true
	return o, nil
}

// drop leaves nothing behind.
func (w *writer) drop() {
	_ = w.file.Close()
	_ = os.Remove(w.file.Name())
}

// read calls use with the object's bytes and fails when they are not those that were
// written; what says for people what it is.
func (f folder) read(o Object, what string, use func(io.Reader) error) error {
	path := f.objectPath(o.SHA256)
	file, err := os.Open(path)
	if err != nil {
		return fault.Wrap(fault.NotFound, "backup: read", err, "The back-up lacks %s: %s cannot be read.", what, path)
	}
	defer file.Close()
	sum := sha256.New()
	from := io.TeeReader(file, sum)
	used := use(from)
	if _, err := io.Copy(io.Discard, from); err != nil { // what use has left
		return fault.Wrap(fault.Unavailable, "backup: read", err, "The back-up's %s cannot be read (%s).", path, what)
	}
	if info, err := file.Stat(); err != nil || info.Size() != o.Size {
		return fault.New(fault.Malformed, "The back-up is damaged: %s (%s) has not the %d bytes that were written.", path, what, o.Size)
	}
	if hex.EncodeToString(sum.Sum(nil)) != o.SHA256 {
		return fault.New(fault.Malformed, "The back-up is damaged: %s (%s) has other content than was written.", path, what)
	}
	return used
}

// manifest is a generation with its checksum, as it stands in a file.
type manifest struct {
	SHA256     string          `json:"sha256"`
	Generation json.RawMessage `json:"generation"`
}

// writeManifest puts g in place in one step, behind all that it names.
func (f folder) writeManifest(path string, g *Generation) error {
	for dir := range f.fresh {
		if err := syncDir(dir); err != nil {
			return f.fault("written", err)
		}
		delete(f.fresh, dir)
	}
	body, err := json.Marshal(g)
	if err != nil {
		return fault.Wrap(fault.Internal, "backup: manifest", err, "The manifest cannot be written.")
	}
	sum := sha256.Sum256(body)
	text := fmt.Appendf(nil, "{\"sha256\": \"%x\", \"generation\": %s}\n", sum, body)
	if err := writeWhole(path, text); err != nil {
		return f.fault("written", err)
	}
	return nil
}

// writeWhole writes a file in one step, and to the disk.
func writeWhole(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return err
	}
	return syncDir(filepath.Dir(path))
}

// readManifest reads a generation and fails when it is not as it was written.
func (f folder) readManifest(path string) (*Generation, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, "backup: manifest", err, "The back-up's manifest %s cannot be read.", path)
	}
	var m manifest
	var g Generation
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, damagedManifest(path)
	}
	sum := sha256.Sum256(bytes.TrimSpace(m.Generation))
	if hex.EncodeToString(sum[:]) != m.SHA256 || json.Unmarshal(m.Generation, &g) != nil {
		return nil, damagedManifest(path)
	}
	if g.Format != formatVersion {
		return nil, fault.New(fault.Invalid, "The back-up %s has format %d, which this program does not read.", path, g.Format)
	}
	named := true // its objects' names become paths
	g.objects(func(o Object, _ string) { named = named && isSum.MatchString(o.SHA256) })
	if !named {
		return nil, damagedManifest(path)
	}
	return &g, nil
}

func damagedManifest(path string) error {
	return fault.New(fault.Malformed, "The back-up is damaged: the manifest %s has other content than was written.", path)
}

// names are the generations' names, oldest first.
func (f folder) names() ([]string, error) {
	entries, err := os.ReadDir(f.generationsDir())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, f.fault("read", err)
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (f folder) path(name string) string { return filepath.Join(f.generationsDir(), name+".json") }

// find reads the generation of that name, the newest where it is empty.
func (f folder) find(name string) (*Generation, error) {
	names, err := f.names()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fault.New(fault.NotFound, "There is no back-up in %s.", f.dir)
	}
	if name == "" {
		name = names[len(names)-1]
	}
	if !slices.Contains(names, name) {
		return nil, fault.New(fault.NotFound, "There is no back-up %s in %s; there are %s.", name, f.dir, strings.Join(names, ", "))
	}
	return f.readManifest(f.path(name))
}

func (f folder) fault(done string, err error) error {
	code := fault.Unavailable
	if fault.DiskFull(err) {
		code = fault.StorageFull
	}
	return fault.Wrap(code, "backup", err, "The back-up folder %s cannot be %s: %v.", f.dir, done, plain(err))
}

// plain is an error without the path that the sentence around it names.
func plain(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
