package backup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// told are the conditions of what lies in the folder, newest first.
func told(t *testing.T, s *Service) (text string) {
	t.Helper()
	rows, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		text += r.Condition
		if !r.Verified.IsZero() {
			text += " verified"
		}
		if r.Error != "" {
			text += " error"
		}
		text += "\n"
	}
	return text
}

// A node lists its back-ups, reads them back on demand, and remembers what it has found.
func TestBackUpsAreListedAndVerified(t *testing.T) {
	p, dir := newPlant(t), filepath.Join(t.TempDir(), "backup")
	synctest.Test(t, func(t *testing.T) {
		source, bells := p.source(), &bells{active: map[string]bool{}}
		source.Now = time.Now
		open := func() *Service {
			s := New(Options{Source: source, Folder: dir, Alarms: bells})
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := open()
		if got := told(t, s); got != "" {
			t.Errorf("nothing is there: %s", got)
		}
		if err := s.Verify(""); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if st := s.State(); fault.CodeOf(st.CheckErr) != fault.NotFound || bells.rings(alarmDamaged) {
			t.Errorf("nothing to verify: %v", st.CheckErr)
		}
		for _, text := range []string{"a", "b"} {
			time.Sleep(time.Second)
			p.add("telemetry", "telemetry.0.a", []byte(text))
			if err := s.Run(""); err != nil || s.Verify("") == nil {
				t.Fatal("a back-up runs, and is verified meanwhile", err)
			}
			synctest.Wait()
		}
		if got := told(t, s); got != "complete\ncomplete\n" {
			t.Errorf("two: %s", got)
		}
		rows, _ := s.List()
		if r := rows[1]; r.Size == 0 || r.Entries != 1 || r.Streams != 4 || r.Ended.IsZero() || r.Node != source.Node {
			t.Errorf("%+v", r)
		}
		if err := s.Verify(rows[0].Name); err != nil || s.Run("") == nil {
			t.Fatal("it is verified, and a back-up begins meanwhile", err)
		}
		synctest.Wait()
		if got, st := told(t, s), s.State(); got != "complete verified\ncomplete\n" || st.CheckErr != nil || st.Verified.Files == 0 || st.Verifying {
			t.Errorf("one is verified: %s%+v", got, st)
		}
		if err := s.Verify("of yesterday"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("there is none of that name: %v", err)
		}

		damage(t, dir, rows[0], rows[1])
		_ = s.Verify("")
		synctest.Wait()
		if got := told(t, s); got != "damaged verified error\ncomplete verified\n" || !bells.rings(alarmDamaged) || s.State().CheckErr == nil {
			t.Errorf("the newest one is damaged: %s%v", got, s.State().CheckErr)
		}
		time.Sleep(time.Second)
		_ = s.Run("") // does not build on what is damaged
		synctest.Wait()
		_ = s.Verify("")
		synctest.Wait()
		if got := told(t, s); got != "complete verified\ndamaged verified error\ncomplete verified\n" {
			t.Errorf("the one after it: %s%v", got, s.State().CheckErr)
		}
		restore(t, dir, "")
		_ = s.Close()
		if got := told(t, open()); got != "complete verified\ndamaged verified error\ncomplete verified\n" {
			t.Errorf("after a restart: %s", got)
		}
		if err := os.WriteFile((folder{dir: dir}).path(rows[1].Name), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := told(t, s); !strings.HasSuffix(got, "\ndamaged verified error\ndamaged verified error\n") {
			t.Errorf("a manifest is damaged: %s", got)
		}
	})
}

// damage spoils a file that the one has and the other has not.
func damage(t *testing.T, dir string, one, other Row) {
	t.Helper()
	f, has := folder{dir: dir}, map[string]bool{}
	for i, name := range []string{other.Name, one.Name} {
		g, err := f.find(name)
		if err != nil {
			t.Fatal(err)
		}
		done := false
		g.objects(func(o Object, _ string) {
			if i == 1 && !has[o.SHA256] && !done {
				done = true
				if err := os.WriteFile(f.objectPath(o.SHA256), make([]byte, o.Size), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			has[o.SHA256] = true
		})
	}
}

// A typing error in the folder's name is no folder without back-ups.
func TestAFolderThatIsNotThereHasNoList(t *testing.T) {
	if all, err := List(filepath.Join(t.TempDir(), "bakcup")); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("%v: %v", all, err)
	}
	if all, err := List(t.TempDir()); err != nil || len(all) != 0 {
		t.Errorf("an empty one: %v: %v", all, err)
	}
}

// A manifest whose checksum is right, and whose objects have names that lead elsewhere or
// nowhere, is a damaged one: nothing outside of the folder is read, moved or restored.
func TestAManifestThatSomebodyElseWroteLeadsNowhere(t *testing.T) {
	for _, name := range []string{"", "a", "../../outside", strings.Repeat("a", 63) + "/"} {
		p, dir := newPlant(t), filepath.Join(t.TempDir(), "backup")
		outside := filepath.Join(filepath.Dir(dir), "outside")
		if err := os.WriteFile(outside, []byte("somebody's"), 0o600); err != nil {
			t.Fatal(err)
		}
		p.add("telemetry", "telemetry.0.a", []byte("a"))
		p.take(dir)
		f := folder{dir: dir}
		names, err := f.names()
		if err != nil {
			t.Fatal(err)
		}
		g, err := f.find(names[0])
		if err != nil {
			t.Fatal(err)
		}
		for i := range g.Streams {
			for k := range g.Streams[i].Segments {
				g.Streams[i].Segments[k].SHA256 = name
			}
		}
		if err := f.writeManifest(f.path(g.Name), g); err != nil {
			t.Fatal(err)
		}
		s := New(Options{Source: p.source(), Folder: dir, Alarms: &bells{active: map[string]bool{}}})
		s.ctx = t.Context()
		s.verify("")
		if fault.CodeOf(s.State().CheckErr) != fault.Malformed {
			t.Errorf("%q: %v", name, s.State().CheckErr)
		}
		if _, err := os.Stat(outside); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		p.take(dir) // builds on nothing of it
		restore(t, dir, "")
	}
}

// A manifest that names a file outside of the data folder restores nothing there.
func TestNothingIsRestoredOutsideOfTheDataFolder(t *testing.T) {
	p, dir := newPlant(t), filepath.Join(t.TempDir(), "backup")
	p.take(dir)
	f := folder{dir: dir}
	g, err := f.find("")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"../outside", filepath.Join(t.TempDir(), "outside"), "a/../../outside"} {
		data := filepath.Join(t.TempDir(), "data")
		g.Points[0].Path = path
		g.Files = append(g.Files[:0], File{Object: g.Points[0].Object, Path: path})
		if err := f.writeManifest(f.path(g.Name), g); err != nil {
			t.Fatal(err)
		}
		_, err := Restore(t.Context(), dir, "", Target{Data: data, Import: restored{}.take}, nil)
		if fault.CodeOf(err) != fault.Malformed {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(data), "outside")); err == nil {
			t.Errorf("%s was written", path)
		}
	}
}
