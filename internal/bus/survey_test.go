package bus

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// stored makes a data folder with n entries of that size, whose engine was killed or has
// ended well, and a bucket.
func stored(t *testing.T, n, size int, killed bool) (dir string) {
	t.Helper()
	dir = t.TempDir()
	b, err := New(Options{Dir: dir, Durability: Process})
	must(t, err)
	must(t, b.Start(t.Context()))
	l := openLog(t, b, LogConfig{Name: "telemetry"})
	for i := range n {
		if _, err := appendWait(l, fmt.Sprint(i), false, entryBytes(i+1, size)); err != nil {
			t.Fatal(err)
		}
	}
	kv, err := b.KV(t.Context(), "people")
	must(t, err)
	_, err = kv.Put(t.Context(), "anna", []byte("1"))
	must(t, err)
	b.Close()
	if killed {
		must(t, os.Remove(streamFile(dir, "msgs/index.db")))
	}
	return dir
}

func entryBytes(seq, size int) []byte {
	return append(fmt.Appendf(nil, "%d ", seq), make([]byte, size)...)
}

// found starts a bus on a damaged folder and returns the entries' sequences, what it says
// is lost, and the sequence of the next entry.
func found(t *testing.T, dir string) (seqs []uint64, losses []Loss, next uint64) {
	t.Helper()
	b := start(t, Options{Dir: dir, Lost: func(l Loss) { losses = append(losses, l) }})
	defer b.Close()
	l := openLog(t, b, LogConfig{Name: "telemetry"})
	next, err := appendWait(l, "next", false, []byte("next"))
	must(t, err)
	must2(t, l.Read(t.Context(), 1, func(seq uint64, entry []byte) error {
		if seq == next {
			return errEnough
		}
		if string(entry) == "next" || len(entry) == 0 {
			return nil // of an earlier look
		}
		if !strings.HasPrefix(string(entry), fmt.Sprint(seq, " ")) {
			t.Errorf("%d is %.10q", seq, entry)
		}
		seqs = append(seqs, seq)
		return nil
	}), errEnough)
	return seqs, losses, next
}

func must2(t *testing.T, err, want error) {
	t.Helper()
	if err != want {
		t.Fatal(err)
	}
}

func upTo(n int, without ...uint64) (seqs []uint64) {
	for i := range uint64(n) {
		if !slices.Contains(without, i+1) {
			seqs = append(seqs, i+1)
		}
	}
	return seqs
}

// A flipped bit takes the entry that bears it, and no other; which one is told.
func TestAFlippedBitTakesOneEntry(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	const entries = 8
	for _, killed := range []bool{false, true} {
		whole := stored(t, entries, 100, killed)
		block, err := os.ReadFile(streamFile(whole, "msgs/1.blk"))
		must(t, err)
		for range 6 {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(whole)))
			spoiled, at := slices.Clone(block), chance.IntN(len(block))
			if x := at % (len(block) / entries); x == 20 || x == 21 {
				continue // the subject's length, which the engine's checksum leaves out and an entry's does not
			}
			spoiled[at] ^= 1 << chance.IntN(8)
			must(t, os.WriteFile(streamFile(dir, "msgs/1.blk"), spoiled, 0o600))
			hit := uint64(at*entries/len(block)) + 1
			seqs, losses, next := found(t, dir)
			if !slices.Equal(seqs, upTo(entries, hit)) || next <= entries {
				t.Fatalf("a bit at %d of %d: %v are there, %d is next", at, len(block), seqs, next)
			}
			if len(losses) != 1 || losses[0].Stream != "telemetry" || !strings.Contains(losses[0].Text, fmt.Sprint(hit, " ")) && !strings.Contains(losses[0].Text, fmt.Sprint(hit, " to")) {
				t.Fatalf("lost is %d, told was %+v", hit, losses)
			}
			if _, again, _ := found(t, dir); len(again) != 1 {
				t.Fatalf("at the next start it is %+v", again)
			}
		}
	}
}

// The process may be killed while it mends: a damaged block is as it was until the
// mended one stands in its place, and what is whole before an unfinished record stays where it is.
func TestABlockIsWholeWhileItIsMended(t *testing.T) {
	t.Run("damaged", func(t *testing.T) {
		dir, before, kept := linked(t)
		spoiled := slices.Clone(before)
		spoiled[len(spoiled)/2] ^= 1
		must(t, os.WriteFile(streamFile(dir, "msgs/1.blk"), spoiled, 0o600))
		if seqs, losses, _ := found(t, dir); len(seqs) != 7 || len(losses) != 1 {
			t.Errorf("%v are there, %+v are lost", seqs, losses)
		}
		if after, err := os.ReadFile(kept); err != nil || !slices.Equal(after, spoiled) {
			t.Errorf("the block was written over in its place: %d bytes were %d (%v)", len(after), len(before), err)
		}
	})
	t.Run("unfinished", func(t *testing.T) {
		dir, before, kept := linked(t)
		tear(t, streamFile(dir, "msgs/1.blk"))
		if seqs, losses, _ := found(t, dir); !slices.Equal(seqs, upTo(8)) || len(losses) > 0 {
			t.Errorf("%v are there, %+v are lost", seqs, losses)
		}
		if after, err := os.ReadFile(kept); err != nil || !slices.Equal(after[:min(len(before), len(after))], before) {
			t.Errorf("the block of %d bytes has %d, or others (%v)", len(before), len(after), err)
		}
	})
}

// linked returns what a killed node has stored, its block, and another name of that file.
func linked(t *testing.T) (dir string, block []byte, name string) {
	t.Helper()
	dir, name = stored(t, 8, 100, true), filepath.Join(t.TempDir(), "kept")
	path := streamFile(dir, "msgs/1.blk")
	must(t, os.Link(path, name))
	block, err := os.ReadFile(path)
	must(t, err)
	return dir, block, name
}

// tear leaves the beginning of a record behind the last whole one of a block.
func tear(t *testing.T, block string) {
	t.Helper()
	f, err := os.OpenFile(block, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString("unfinished")
	must(t, errors.Join(err, f.Close()))
}

// What is torn off or missing is told, and its positions are not given again.
func TestWhatIsGoneIsToldAndItsPlacesAreNotGivenAgain(t *testing.T) {
	const entries = 17
	whole := stored(t, entries, 1<<20, false)
	blocks, err := filepath.Glob(streamFile(whole, "msgs/*.blk"))
	must(t, err)
	if len(blocks) < 3 {
		t.Fatalf("%d blocks", len(blocks))
	}
	of := func(i int) []uint64 { // sequences in a block
		b, err := os.ReadFile(streamFile(whole, fmt.Sprintf("msgs/%d.blk", i)))
		must(t, err)
		x := scanBlock("telemetry", i, b, 0)
		return upTo(int(x.last), upTo(int(x.first-1))...)
	}
	last := len(blocks)
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
		lost  []uint64
		says  string
	}{
		{"nothing", func(string) error { return nil }, nil, ""},
		{"the end is torn", func(dir string) error {
			p := streamFile(dir, fmt.Sprintf("msgs/%d.blk", last))
			in, err := os.Stat(p)
			must(t, err)
			return os.Truncate(p, in.Size()-10)
		}, []uint64{entries}, "the newest, 17 to 17"},
		{"the newest block is missing", func(dir string) error { return os.Remove(streamFile(dir, fmt.Sprintf("msgs/%d.blk", last))) }, of(last), "the newest"},
		{"the oldest block is missing", func(dir string) error { return os.Remove(streamFile(dir, "msgs/1.blk")) }, of(1), "the oldest, 1 to"},
		{"one between is missing", func(dir string) error { return os.Remove(streamFile(dir, "msgs/2.blk")) }, of(2), "are missing"},
		{"all are missing", func(dir string) error { return os.RemoveAll(streamFile(dir, "msgs")) }, upTo(entries), "the newest, 1 to 17"},
		{"the index is missing", func(dir string) error { return os.Remove(streamFile(dir, "msgs/index.db")) }, nil, ""},
		{"the index is damaged", func(dir string) error {
			return os.WriteFile(streamFile(dir, "msgs/index.db"), []byte("nonsense that is long enough to be read as something"), 0o600)
		}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(whole)))
			must(t, c.spoil(dir))
			seqs, losses, next := found(t, dir)
			if !slices.Equal(seqs, upTo(entries, c.lost...)) || next <= entries {
				t.Errorf("%v are there, %d is next", seqs, next)
			}
			if (c.says == "") != (len(losses) == 0) || c.says != "" && !strings.Contains(losses[0].Text, c.says) {
				t.Errorf("told was %+v", losses)
			}
		})
	}
}

// What was purged is not lost, though the node is killed right behind that: nobody is told, and
// its places are not given again.
func TestWhatWasPurgedIsNotLost(t *testing.T) {
	for upTo, rest := range map[uint64][]uint64{3: nil, 2: {3}} {
		dir, killed := t.TempDir(), t.TempDir()
		b := start(t, Options{Dir: dir, Durability: Process})
		l := openLog(t, b, LogConfig{Name: "telemetry"})
		for i := range 3 {
			if _, err := appendWait(l, fmt.Sprint(i), false, entryBytes(i+1, 100)); err != nil {
				t.Fatal(err)
			}
		}
		must(t, l.Purge(t.Context(), upTo))
		must(t, os.CopyFS(killed, os.DirFS(dir)))
		b.Close()
		b = start(t, Options{Dir: killed})
		if st, err := openLog(t, b, LogConfig{Name: "telemetry"}).State(t.Context()); err != nil || st.Purged != upTo || st.First <= upTo {
			t.Errorf("purged up to %d: %+v %v", upTo, st, err)
		}
		b.Close()
		for range 2 { // and a start behind it changes nothing
			if seqs, losses, next := found(t, killed); !slices.Equal(seqs, rest) || len(losses) != 0 || next <= 3 {
				t.Errorf("purged up to %d: %v are there, %d is next, told was %+v", upTo, seqs, next, losses)
			}
		}
	}
}

// A reader that waits where the newest entries were is not held up, nor is one that asks
// for what is stored.
func TestReadersPassWhatIsGone(t *testing.T) {
	dir := stored(t, 8, 100, true)
	must(t, os.Truncate(streamFile(dir, "msgs/1.blk"), 300))
	b := start(t, Options{Dir: dir})
	l := openLog(t, b, LogConfig{Name: "telemetry"})
	got := make(chan []string, 1)
	go func() { got <- readN(t, l, 3, 2) }()
	next, err := appendWait(l, "x", false, []byte("new"))
	must(t, err)
	if g := <-got; g[0] != fmt.Sprint(next-1, " ") || g[1] != fmt.Sprint(next, " new") {
		t.Errorf("%q, %d is next", g, next)
	}
}

func TestAFolderThatIsGoneRefusesTheStart(t *testing.T) {
	for _, stream := range []string{"telemetry", "KV_people"} {
		dir := stored(t, 3, 10, false)
		folder := filepath.Join(dir, "jetstream", "$G", "streams", stream)
		must(t, os.RemoveAll(folder))
		b, err := New(Options{Dir: dir})
		must(t, err)
		err = b.Start(t.Context())
		b.Close()
		if text := fault.UserMessage(err); !strings.Contains(text, folder) || !strings.Contains(text, marksFile) {
			t.Errorf("%v", err)
		}
	}
}

// A bucket whose newest changes are gone is told, too.
func TestABucketThatLostItsNewestIsTold(t *testing.T) {
	dir := stored(t, 1, 10, false)
	must(t, os.Remove(filepath.Join(dir, "jetstream", "$G", "streams", "KV_people", "msgs", "1.blk")))
	if _, losses, _ := found(t, dir); len(losses) != 1 || losses[0].Stream != "people" {
		t.Errorf("%+v", losses)
	}
}

// Marks that are damaged are told and no obstacle; old losses are forgotten.
func TestMarks(t *testing.T) {
	dir := stored(t, 3, 10, false)
	m, err := readMarks(dir)
	must(t, err)
	if k, _ := m.known("telemetry"); k.Last != 3 || k.First != 1 {
		t.Errorf("%+v", k)
	}
	now := time.Now()
	m.keepLoss(Loss{Found: now.Add(-lossDays * 25 * time.Hour)})
	m.keepLoss(Loss{Found: now, Stream: "x"})
	must(t, m.write(now))
	if m, err = readMarks(dir); err != nil || len(m.losses) != 1 || m.losses[0].Stream != "x" {
		t.Errorf("%+v %v", m.losses, err)
	}
	b, err := os.ReadFile(m.path)
	must(t, err)
	for i := range b {
		spoiled := slices.Clone(b)
		spoiled[i] ^= 4
		must(t, os.WriteFile(m.path, spoiled, 0o600))
		if again, err := readMarks(dir); err == nil && fmt.Sprint(again.of, again.losses) != fmt.Sprint(m.of, m.losses) {
			t.Fatalf("a flipped bit at %d is not found: %s", i, spoiled)
		}
	}
	if seqs, losses, _ := found(t, dir); len(seqs) != 3 || len(losses) != 0 {
		t.Errorf("%v %+v", seqs, losses)
	}
}

func FuzzScanBlock(f *testing.F) {
	f.Add([]byte("\x1e\x00\x00\x00"), uint16(3))
	f.Fuzz(func(t *testing.T, b []byte, at uint16) {
		h := blockHash("x", 1)
		whole := appendRecord(nil, h, &CopyEntry{Seq: 5, Subject: "x.0", Data: []byte("data")})
		buf := append(append(slices.Clone(whole), b...), whole...)
		x := scanBlock("x", 1, buf, 4)
		for _, d := range x.damaged {
			d.repair("x", 1, buf)
		}
		if again := scanBlock("x", 1, buf[:len(buf)-x.torn], 4); len(again.damaged)+again.torn > 0 || again.entries != x.entries {
			t.Fatalf("%+v, mended %+v", x, again)
		}
	})
}

// In a stream that is too large to be looked at whole, damage is met by who reads: it is not
// served, and nobody is held up.
func TestDamageInALargeStreamHoldsNobodyUp(t *testing.T) {
	was := surveyBytes
	surveyBytes = 0
	defer func() { surveyBytes = was }()
	const entries = 17
	dir := stored(t, entries, 1<<20, false)
	p := streamFile(dir, "msgs/1.blk")
	b, err := os.ReadFile(p)
	must(t, err)
	b[len(b)/2] ^= 4
	must(t, os.WriteFile(p, b, 0o600))
	seqs, losses, next := found(t, dir)
	if len(seqs) != entries-1 || next != entries+1 {
		t.Errorf("%v are there, %d is next", seqs, next)
	}
	if len(losses) != 1 || losses[0].First != losses[0].Last || slices.Contains(seqs, losses[0].First) {
		t.Errorf("told was %+v", losses)
	}
}
