package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// plant is a node's store and data folder in memory, and the clock.
type plant struct {
	t       *testing.T
	data    string
	states  map[string]*StreamState
	entries map[string][]Entry
	now     time.Time
	copied  int // entries handed out
	breakAt int // after so many of them the engine fails; 0 never
}

func newPlant(t *testing.T) *plant {
	p := &plant{t: t, data: t.TempDir(), states: map[string]*StreamState{}, entries: map[string][]Entry{}, now: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)}
	for _, name := range []string{"journal", "sessions", "telemetry", "KV_people"} {
		p.states[name] = &StreamState{Name: name, Config: []byte(`{"name": "` + name + `"}`), Created: p.now, Newest: strings.HasPrefix(name, "KV_"), First: 1}
	}
	return p
}

func (p *plant) add(name, subject string, data []byte) {
	s := p.states[name]
	s.Last++
	if s.Newest {
		p.entries[name] = slices.DeleteFunc(p.entries[name], func(x Entry) bool { return x.Subject == subject })
	}
	p.entries[name] = append(p.entries[name], Entry{Seq: s.Last, Time: int64(s.Last) * 1000, Subject: subject, Header: []byte("NATS/1.0\r\n\r\n"), Data: data})
	p.count(name)
}

func (p *plant) purge(name string, upTo uint64) {
	p.entries[name] = slices.DeleteFunc(p.entries[name], func(x Entry) bool { return x.Seq <= upTo })
	p.count(name)
}

func (p *plant) count(name string) {
	s, all := p.states[name], p.entries[name]
	s.Entries, s.First = uint64(len(all)), s.Last+1
	if len(all) > 0 {
		s.First = all[0].Seq
	}
}

func (p *plant) CopyStates(context.Context) (all []StreamState, err error) {
	for _, name := range slices.Sorted(maps.Keys(p.states)) {
		all = append(all, *p.states[name])
	}
	return all, nil
}

var errBroken = errors.New("the engine is being restarted")

func (p *plant) CopyOut(_ context.Context, name string, from, to uint64, f func(*Entry) error) error {
	for _, x := range slices.Clone(p.entries[name]) {
		if x.Seq < from || to > 0 && x.Seq > to {
			continue
		}
		if from != to {
			p.copied++
		}
		if p.breakAt > 0 && p.copied > p.breakAt {
			return errBroken
		}
		if err := f(&x); err != nil {
			return err
		}
	}
	return nil
}

func (p *plant) HoldPurges(context.Context) (func(), error) { return func() {}, nil }

func (p *plant) source() Source {
	return Source{Node: "plant-1", Store: p, Together: []string{"journal", "sessions"}, Data: p.data, Skip: []string{"bus", "lock"},
		Now: func() time.Time { p.now = p.now.Add(time.Second); return p.now },
		Checkpoint: func(_ context.Context, dir string) error {
			return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "1.sst"), []byte("points"), 0o600))
		}}
}

func (p *plant) take(dir string) Result {
	p.t.Helper()
	r, err := Take(p.t.Context(), dir, p.source(), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// restored is what a generation brings back.
type restored struct {
	states  map[string]StreamState
	entries map[string][]Entry
	data    string
}

func restore(t *testing.T, dir, name string) restored {
	t.Helper()
	got := restored{map[string]StreamState{}, map[string][]Entry{}, filepath.Join(t.TempDir(), "data")}
	_, err := Restore(t.Context(), dir, name, Target{Data: got.data, Import: got.take}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// take keeps what the engine would: of a bucket the newest value of each key alone.
func (r restored) take(_ context.Context, all []StreamState, entries func(StreamState, func(*Entry) error) error) error {
	for _, s := range all {
		r.states[s.Name] = s
		err := entries(s, func(x *Entry) error {
			if x.Seq < s.First {
				return nil
			}
			if s.Newest {
				r.entries[s.Name] = slices.DeleteFunc(r.entries[s.Name], func(old Entry) bool { return old.Subject == x.Subject })
			}
			c := *x
			c.Header, c.Data = bytes.Clone(x.Header), bytes.Clone(x.Data)
			r.entries[s.Name] = append(r.entries[s.Name], c)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func same(x, y Entry) bool {
	return x.Seq == y.Seq && x.Time == y.Time && x.Subject == y.Subject && bytes.Equal(x.Header, y.Header) && bytes.Equal(x.Data, y.Data)
}

func (p *plant) expect(got restored) {
	p.t.Helper()
	for name, s := range p.states {
		if got.states[name].Last != s.Last {
			p.t.Errorf("%s ends at %d, not %d", name, got.states[name].Last, s.Last)
		}
		if !slices.EqualFunc(got.entries[name], p.entries[name], same) {
			p.t.Errorf("%s has %d entries and not the %d that it had", name, len(got.entries[name]), len(p.entries[name]))
		}
	}
}

// Whatever happens between generations, the newest one brings back what there was, and
// so do those before.
func TestModel(t *testing.T) {
	for range 3 {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 1))
		p, dir := newPlant(t), t.TempDir()
		names := []string{"journal", "sessions", "telemetry", "KV_people"}
		for range 10 {
			for range rng.IntN(200) {
				name := names[rng.IntN(4)]
				p.add(name, fmt.Sprint(name, ".", rng.IntN(20)), bytes.Repeat([]byte("x"), rng.IntN(100)))
			}
			if name := names[rng.IntN(3)]; rng.IntN(3) == 0 {
				p.purge(name, p.states[name].First+uint64(rng.IntN(100)))
			}
			if rng.IntN(4) == 0 { // an engine that fails in the middle
				p.copied, p.breakAt = 0, 1+rng.IntN(100)
				if _, err := Take(t.Context(), dir, p.source(), nil); err != nil && !errors.Is(err, errBroken) {
					t.Fatal(err)
				}
				p.breakAt = 0
			}
			r := p.take(dir)
			p.expect(restore(t, dir, r.Name))
			if _, err := Prune(dir, Keep{Count: 3}, p.now); err != nil {
				t.Fatal(err)
			}
		}
		if v, err := Verify(t.Context(), dir, "", nil); err != nil || len(v.Generations) != 3 {
			t.Errorf("%d generations: %v", len(v.Generations), err)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestOnlyWhatIsNewIsCopied(t *testing.T) {
	p, dir := newPlant(t), t.TempDir()
	for i := range 1000 {
		p.add("telemetry", "telemetry.0.a", fmt.Append(nil, i))
	}
	p.take(dir)
	p.add("telemetry", "telemetry.0.a", []byte("new"))
	if plan, err := Plan(t.Context(), dir, p.source()); err != nil || plan.Entries != 1 {
		t.Errorf("%d entries are planned: %v", plan.Entries, err)
	}
	if r := p.take(dir); r.Entries != 1 {
		t.Errorf("%d entries were copied", r.Entries)
	}
}

// Whoever names positions of a stream is copied before the stream is looked at, so that no
// position lies behind its end.
func TestWhatNamesPositionsComesFirst(t *testing.T) {
	for _, namer := range []string{"journal", "KV_people"} {
		p, dir := newPlant(t), t.TempDir()
		p.add("telemetry", "telemetry.0.a", nil)
		p.add(namer, "position", []byte("1"))
		busy := &busyPlant{p, namer}
		source := p.source()
		source.Store = busy
		if _, err := Take(t.Context(), dir, source, nil); err != nil {
			t.Fatal(err)
		}
		got := restore(t, dir, "")
		named := got.entries[namer][len(got.entries[namer])-1].Data
		if end := got.states["telemetry"].Last; fmt.Sprint(end) < string(named) {
			t.Errorf("%s names position %s of a stream that ends at %d", namer, named, end)
		}
	}
}

// busyPlant takes a message, and namer notes its position, whenever namer is copied.
type busyPlant struct {
	*plant
	namer string
}

func (b *busyPlant) CopyOut(ctx context.Context, name string, from, to uint64, f func(*Entry) error) error {
	if name == b.namer {
		b.add("telemetry", "telemetry.0.a", nil)
		b.add(b.namer, "position", fmt.Append(nil, b.states["telemetry"].Last))
	}
	return b.plant.CopyOut(ctx, name, from, to, f)
}

// What an interrupted back-up has written is not written again.
func TestAnInterruptedBackUpGoesOn(t *testing.T) {
	p, dir := newPlant(t), t.TempDir()
	big := bytes.Repeat([]byte("x"), 1<<20)
	for range 100 {
		p.add("telemetry", "telemetry.0.a", big)
	}
	p.breakAt = 80
	if _, err := Take(t.Context(), dir, p.source(), nil); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	if all, err := List(dir); err != nil || len(all) != 0 {
		t.Fatalf("a broken back-up counts: %v", err)
	}
	var s shelf
	if rows, err := s.rows(folder{dir: dir}); err != nil || len(rows) != 1 || rows[0].Condition != Unfinished {
		t.Errorf("it is listed as %+v: %v", rows, err)
	}
	p.breakAt = 0
	r := p.take(dir)
	if r.Entries > 40 { // two segments of 32 MiB were there
		t.Errorf("%d entries were copied again", r.Entries)
	}
	p.expect(restore(t, dir, r.Name))
}

// A stream that lost its end, or was made anew, is not built on what was another.
func TestAnotherStreamOfTheSameNameIsCopiedWhole(t *testing.T) {
	for what, change := range map[string]func(*plant){
		"made anew":    func(p *plant) { p.states["telemetry"].Created = p.now.Add(time.Hour) },
		"lost its end": func(p *plant) { p.entries["telemetry"][9].Time++ },
	} {
		p, dir := newPlant(t), t.TempDir()
		for i := range 10 {
			p.add("telemetry", "telemetry.0.a", fmt.Append(nil, i))
		}
		p.take(dir)
		change(p)
		for i := range p.entries["telemetry"] {
			p.entries["telemetry"][i].Data = []byte(what)
		}
		p.add("telemetry", "telemetry.0.a", nil)
		p.expect(restore(t, dir, p.take(dir).Name))
	}
}

// damages are what may happen to a file.
var damages = map[string]func(path string) error{
	"a flipped bit": func(path string) error {
		b, err := os.ReadFile(path)
		b[len(b)/2] ^= 4
		return errors.Join(err, os.WriteFile(path, b, 0o600))
	},
	"a cut end": func(path string) error {
		info, err := os.Stat(path)
		return errors.Join(err, os.Truncate(path, info.Size()-2))
	},
	"a lost file": os.Remove,
}

// Every file of a back-up is missed, and named, when it is damaged; nothing is restored
// then.
func TestADamagedBackUpIsRefusedByName(t *testing.T) {
	for what, damage := range damages {
		p, dir := newPlant(t), t.TempDir()
		p.add("telemetry", "telemetry.0.a", []byte("a message"))
		p.add("KV_people", "$KV.people.ann", []byte("ann"))
		if err := os.WriteFile(filepath.Join(p.data, "users"), []byte("users"), 0o600); err != nil {
			t.Fatal(err)
		}
		p.take(dir)
		var files []string
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
			if d.Type().IsRegular() {
				files = append(files, path)
			}
			return nil
		})
		if len(files) != 5 {
			t.Fatalf("%d files", len(files))
		}
		for _, path := range files {
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			named := path
			if strings.HasSuffix(path, ".json") && what == "a lost file" {
				named = dir // no back-up is left
			}
			data := filepath.Join(t.TempDir(), "data")
			_, verified := Verify(t.Context(), dir, "", nil)
			_, restored := Restore(t.Context(), dir, "", Target{Data: data, Import: func(context.Context, []StreamState, func(StreamState, func(*Entry) error) error) error {
				t.Error("it was restored")
				return nil
			}}, nil)
			for _, err := range []error{verified, restored} {
				if err == nil || !strings.Contains(err.Error(), named) {
					t.Errorf("%s of %s: %v", what, path, err)
				}
			}
			if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s of %s: something was restored", what, path)
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAFolderWithDataIsLeftAlone(t *testing.T) {
	p, dir, data := newPlant(t), t.TempDir(), t.TempDir()
	p.take(dir)
	if err := os.WriteFile(filepath.Join(data, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), dir, "", Target{Data: data}, nil); fault.CodeOf(err) != fault.Conflict {
		t.Error(err)
	}
}

// A restoration that broke off leaves a folder that no node starts on, and that the next
// one begins again.
// Who starts a node on a back-up, instead of restoring it, is told.
func TestAFolderOfBackUpsIsNoDataFolder(t *testing.T) {
	p, dir := newPlant(t), t.TempDir()
	if err := errors.Join(CheckNotBackup(dir), CheckNotBackup(p.data), CheckNotBackup(filepath.Join(dir, "none"))); err != nil {
		t.Error(err)
	}
	p.take(dir)
	if err := CheckNotBackup(dir); fault.CodeOf(err) != fault.Conflict || !strings.Contains(fault.UserMessage(err), "millrace restore "+dir) {
		t.Error(err)
	}
}

func TestAnInterruptedRestorationIsMarked(t *testing.T) {
	p, dir, data := newPlant(t), t.TempDir(), filepath.Join(t.TempDir(), "data")
	p.take(dir)
	_, err := Restore(t.Context(), dir, "", Target{Data: data, Import: func(context.Context, []StreamState, func(StreamState, func(*Entry) error) error) error {
		return errBroken
	}}, nil)
	if !errors.Is(err, errBroken) || CheckWhole(data) == nil {
		t.Fatalf("%v, %v", err, CheckWhole(data))
	}
	again := restored{map[string]StreamState{}, map[string][]Entry{}, data}
	if _, err := Restore(t.Context(), dir, "", Target{Data: data, Import: again.take}, nil); err != nil {
		t.Fatal(err)
	}
	if err := CheckWhole(data); err != nil {
		t.Error(err)
	}
	p.expect(again)
}

func TestFoldersThatCannotHoldBackUps(t *testing.T) {
	p, dir := newPlant(t), t.TempDir()
	p.take(dir)
	other := p.source()
	other.Node = "plant-2"
	if _, err := Take(t.Context(), dir, other, nil); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("the folder of another node was taken: %v", err)
	}
	if _, err := Take(t.Context(), filepath.Join(p.data, "backups"), p.source(), nil); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a folder inside the data folder was taken: %v", err)
	}
}

func TestWhatIsKept(t *testing.T) {
	now := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	var names []string
	for i := range 5 { // 4 days old to now
		names = append(names, now.Add(time.Duration(i-4)*24*time.Hour).Format(nameFormat))
	}
	for _, c := range []struct {
		keep Keep
		gone int
	}{{Keep{}, 0}, {Keep{Count: 2}, 3}, {Keep{For: 36 * time.Hour}, 3}, {Keep{Count: 4, For: 60 * time.Hour}, 2}, {Keep{For: time.Nanosecond}, 4}} {
		if old := c.keep.expired(names, now); len(old) != c.gone || !slices.Equal(old, names[:c.gone]) {
			t.Errorf("%+v removes %v", c.keep, old)
		}
	}
}

func TestSchedule(t *testing.T) {
	last := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		s    Schedule
		want time.Duration // after last; 0 is never
	}{
		{Schedule{}, 0},
		{Schedule{Every: time.Hour}, time.Hour},
		{Schedule{AtTime: true, Daily: 7 * time.Hour}, time.Hour},
		{Schedule{AtTime: true, Daily: 6 * time.Hour}, 24 * time.Hour},
		{Schedule{AtTime: true}, 18 * time.Hour},
		{Schedule{Every: 30 * time.Hour, AtTime: true}, 18 * time.Hour},
	} {
		due := c.s.Due(last)
		if want := last.Add(c.want); c.want == 0 && !due.IsZero() || c.want > 0 && !due.Equal(want) {
			t.Errorf("%+v is due at %v", c.s, due)
		}
	}
	hourly := Schedule{Every: time.Hour}
	if hourly.Overdue(last, last.Add(2*time.Hour)) || !hourly.Overdue(last, last.Add(2*time.Hour+1)) || (Schedule{}).Overdue(last, last.Add(1000*time.Hour)) {
		t.Error("overdue at the wrong time")
	}
}

func FuzzSegment(f *testing.F) {
	f.Add(appendEntry([]byte(segmentMagic), &Entry{Seq: 1, Time: 2, Subject: "a", Header: []byte("h"), Data: []byte("d")}))
	f.Add([]byte(segmentMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		again := []byte(segmentMagic)
		err := readSegment(bytes.NewReader(b), func(x *Entry) error { again = appendEntry(again, x); return nil })
		if err == nil && !bytes.Equal(again, b) {
			t.Errorf("%x is read as %x", b, again)
		}
	})
}

// The folder, or what is in it, vanishes while a back-up is made: that is told, and the
// next one is whole.
func TestAFolderThatVanishesInMidRun(t *testing.T) {
	for _, below := range []string{"", "objects", "objects/*"} {
		p, dir := newPlant(t), filepath.Join(t.TempDir(), "backup")
		for i := range 10 {
			p.add("telemetry", "telemetry.0.a", fmt.Appendf(nil, "message %d", i))
			p.add("journal", "journal.0.a", fmt.Appendf(nil, "record %d", i))
		}
		gone := false
		_, err := Take(t.Context(), dir, p.source(), func(s Progress) {
			if !gone && s.Done > 0 {
				gone = true
				paths, _ := filepath.Glob(filepath.Join(dir, below))
				for _, path := range paths {
					if err := os.RemoveAll(path); err != nil {
						t.Error(err)
					}
				}
			}
		})
		if !gone || fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.UserMessage(err), dir) {
			t.Errorf("%q vanished (%v): %v", below, gone, err)
		}
		p.take(dir)
		if _, err := Verify(t.Context(), dir, "", nil); err != nil {
			t.Errorf("%q: %v", below, err)
		}
	}
}

// Files from elsewhere lie in one folder of the restored node, on any system.
func TestFilesFromElsewhereHaveNamesThatEverySystemKeeps(t *testing.T) {
	var k taking
	for _, c := range [][2]string{{"rules.yaml", "rules.yaml"}, {"Rules.yaml", "other-Rules.yaml"}, {"aux.yaml", "file"}, {"a:b", "other-file"}} {
		got := k.freeName(c[0])
		if got != c[1] {
			t.Errorf("%s is called %s, want %s", c[0], got, c[1])
		}
		k.g.Files = append(k.g.Files, File{Path: restoredDir + "/" + got})
	}
}
