package backup

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/files"
)

// points copies the historian's files from its checkpoint. A table never changes, so one
// that the last generation has is not read again.
func (t *taking) points(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fault.Wrap(fault.Unavailable, "backup: points", err, "The copy of the historian's store cannot be read.")
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		f, err := t.file(ctx, filepath.Join(dir, e.Name()), e.Name(), t.knownTable(e))
		if err != nil {
			return err
		}
		t.g.Points = append(t.g.Points, f)
	}
	return nil
}

func (t *taking) knownTable(e fs.DirEntry) *File {
	info, err := e.Info()
	if err != nil || t.last == nil || !strings.HasSuffix(e.Name(), ".sst") {
		return nil
	}
	for i := range t.last.Points {
		if f := &t.last.Points[i]; f.Path == e.Name() && f.Size == info.Size() && f.Modified.Equal(info.ModTime()) && t.has(f.Object) {
			return f
		}
	}
	return nil
}

// file copies one file, or takes it as known.
func (t *taking) file(ctx context.Context, from, path string, known *File) (File, error) {
	if known != nil {
		return *known, nil
	}
	if err := ctx.Err(); err != nil {
		return File{}, err
	}
	in, err := os.Open(from)
	if err != nil {
		return File{}, fault.Wrap(fault.Unavailable, "backup: file", err, "The file %s cannot be read: %v.", from, plain(err))
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return File{}, err
	}
	out, err := t.create()
	if err != nil {
		return File{}, err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.drop()
		return File{}, err
	}
	o, err := out.keep()
	t.written, t.read = t.written+o.Size, t.read+o.Size
	t.tell(path)
	return File{Object: o, Path: path, Modified: info.ModTime().UTC()}, err
}

// files copies the rest of the data folder, and the files that the configuration names.
func (t *taking) files(ctx context.Context) error {
	skip := append([]string{scratchDir, pointsDir, restoredDir, marker}, t.src.Skip...)
	err := filepath.WalkDir(t.src.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(t.src.Data, path)
		switch {
		case slices.Contains(skip, rel) && d.IsDir():
			return filepath.SkipDir
		case slices.Contains(skip, rel), !d.Type().IsRegular():
			return nil
		}
		return t.plainFile(ctx, path, filepath.ToSlash(rel), "")
	})
	if err != nil {
		return err
	}
	for _, path := range t.src.Named {
		if rel, err := filepath.Rel(t.src.Data, path); err == nil && filepath.IsLocal(rel) {
			continue // copied already
		}
		full, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		if err := t.plainFile(ctx, full, restoredDir+"/"+t.freeName(filepath.Base(full)), full); err != nil {
			return err
		}
	}
	return nil
}

func (t *taking) plainFile(ctx context.Context, from, path, original string) error {
	f, err := t.file(ctx, from, path, nil)
	if errors.Is(err, os.ErrNotExist) {
		return nil // gone meanwhile
	}
	f.Original = original
	t.g.Files = append(t.g.Files, f)
	return err
}

// freeName keeps two files of one name apart, on every system.
func (t *taking) freeName(base string) string {
	if files.Portable(base) != nil {
		base = "file"
	}
	for _, f := range t.g.Files {
		if strings.EqualFold(f.Path, restoredDir+"/"+base) {
			return t.freeName("other-" + base)
		}
	}
	return base
}
