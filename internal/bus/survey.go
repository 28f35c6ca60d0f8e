package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/internal/fault"
)

// Loss is something that was stored and is not there any more.
type Loss struct {
	// Found is when it was found.
	Found time.Time `json:"found"`
	// Stream is the stream or bucket, File the file or folder at fault, Text what is lost.
	Stream string `json:"stream"`
	File   string `json:"file"`
	Text   string `json:"text"`
	// First and Last are the sequences, where they are known.
	First uint64 `json:"first,omitempty"`
	Last  uint64 `json:"last,omitempty"`
}

const (
	// unmarked is how many sequences may have been given since the marks were written.
	unmarked = 10_000
	indexDB  = "index.db"
)

// surveyBytes of one stream are looked at whole at every start; of a larger one for which
// the engine has an index, only the newest block.
var surveyBytes int64 = 256 << 20

// survey looks at the engine's files before it opens them. The engine drops what lies
// behind a damaged record without a word, and gives its sequences again, which readers
// have passed already. So damage is taken out here, with nothing else, what is gone is
// told, and no sequence comes twice.
func (b *Bus) survey() error {
	b.marks.mu.Lock()
	known := len(b.marks.of)
	b.marks.mu.Unlock()
	dirs, _ := os.ReadDir(b.streamsDir()) // the engine tells of a folder that it cannot read
	if known > 0 {
		if err := b.foldersThere(dirs); err != nil {
			return err
		}
	}
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		s := surveyor{bus: b, stream: d.Name(), dir: filepath.Join(b.streamsDir(), d.Name(), "msgs")}
		if err := s.run(); err != nil {
			return fault.Wrap(fault.Unavailable, "bus: start", err, "The stored data in %s cannot be checked: %s.", s.dir, reason(err))
		}
	}
	return nil
}

// foldersThere fails when a stream's whole folder is gone: an empty one in its place would
// give its positions again.
func (b *Bus) foldersThere(dirs []os.DirEntry) error {
	b.marks.mu.Lock()
	defer b.marks.mu.Unlock()
	for name, k := range b.marks.of {
		if k.Last > 0 && !slices.ContainsFunc(dirs, func(d os.DirEntry) bool { return d.Name() == name }) {
			return fault.New(fault.Unavailable, "The folder %s is missing; it held %d entries or changes. Restore it from a back-up, or remove %s to start without what it held.",
				filepath.Join(b.streamsDir(), name), k.Last, b.marks.path)
		}
	}
	return nil
}

// surveyor looks at one stream.
type surveyor struct {
	bus         *Bus
	stream, dir string
	blocks      []int
	whole       bool // every block is looked at
	mark        mark
	marked      bool

	first     uint64
	firstTime int64
	newest    uint64
	missing   uint64
	gap       string // where the last gap between two blocks is
	gapFrom   uint64
	gapTo     uint64
	told      uint64 // newest sequence that is told to be lost by damage
}

func (s *surveyor) run() error {
	s.mark, s.marked = s.bus.marks.known(s.stream)
	if err := s.list(); err != nil || len(s.blocks) == 0 && !s.marked {
		return err
	}
	look := s.blocks
	if !s.whole {
		look = look[len(look)-1:]
	}
	for _, index := range look {
		if err := s.block(index); err != nil {
			return err
		}
	}
	return s.compare()
}

// dropIndex has the engine make its index anew, from blocks that are about to change.
func (s *surveyor) dropIndex() error {
	if err := os.Remove(filepath.Join(s.dir, indexDB)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// list finds the blocks.
func (s *surveyor) list() error {
	files, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	size, closed := int64(0), false
	for _, f := range files {
		var index int
		if closed = closed || f.Name() == indexDB; !strings.HasSuffix(f.Name(), ".blk") {
			continue
		}
		if n, _ := fmt.Sscanf(f.Name(), "%d.blk", &index); n == 1 {
			s.blocks = append(s.blocks, index)
		}
		if in, err := f.Info(); err == nil {
			size += in.Size()
		}
	}
	slices.Sort(s.blocks)
	s.whole = !closed || size <= surveyBytes
	return nil
}

func (s *surveyor) path(index int) string { return filepath.Join(s.dir, fmt.Sprintf("%d.blk", index)) }

// block looks at one block and mends it.
func (s *surveyor) block(index int) error {
	path := s.path(index)
	buf, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	x := scanBlock(s.stream, index, buf, s.before())
	for _, d := range x.damaged {
		d.repair(s.stream, index, buf)
		s.told = max(s.told, d.last)
		s.lost(path, d.text(), d.first, d.last)
	}
	if len(x.damaged)+x.torn > 0 {
		if err := s.dropIndex(); err != nil {
			return err
		}
		if err := s.mend(path, buf, x); err != nil {
			return err
		}
		s.bus.opt.Log.Warn("stored data was mended", "file", path, "damaged", len(x.damaged), "unfinished", x.torn)
	}
	s.sum(path, x)
	return nil
}

// mend writes a block without its damage. What is unfinished is cut off where it stands,
// for which a full disk has room.
func (s *surveyor) mend(path string, buf []byte, x blockScan) error {
	whole := len(buf) - x.torn
	if len(x.damaged) > 0 {
		return replaceBytes(path, s.bus.marks.path+".block", buf[:whole])
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(int64(whole)), f.Sync(), f.Close())
}

func (d span) text() string {
	switch {
	case d.last == 0:
		return fmt.Sprintf("a damaged record of %d bytes behind %d was taken out", d.to-d.from, d.before)
	case d.first == d.last:
		return fmt.Sprintf("%d was damaged and is lost", d.first)
	}
	return fmt.Sprintf("%d to %d were damaged and are lost", d.first, d.last)
}

// sum adds a block to what is known of the stream.
func (s *surveyor) sum(path string, x blockScan) {
	if x.first > s.newest+1 && s.newest > 0 && x.first-1 > s.told {
		s.gapFrom, s.gapTo = s.newest+1, x.first-1
		s.gap = fmt.Sprintf("%d to %d before %s", s.newest+1, x.first-1, filepath.Base(path))
	}
	if s.first == 0 && x.first > 0 {
		s.first, s.firstTime = x.first, x.firstTime
	}
	s.missing += x.missing
	s.newest = max(s.newest, x.newest)
}

// compare holds what is there against the marks.
func (s *surveyor) compare() error {
	k := &s.mark
	if s.whole && !s.bucket() {
		s.compareOldest()
		if s.marked && s.missing > k.Missing && s.gap != "" {
			s.lost(s.dir, fmt.Sprintf("%d are missing: %s", s.missing-k.Missing, s.gap), s.gapFrom, s.gapTo)
		}
	}
	if s.marked && s.newest < k.Last {
		if from := max(s.newest+1, k.First); from <= k.Last { // what was purged before is not lost
			s.lost(s.path(max(s.newestBlock(), 1)), fmt.Sprintf("the newest, %d to %d, are gone", from, k.Last), from, k.Last+unmarked)
		}
		if err := s.stepOver(k.Last + unmarked); err != nil {
			return err
		}
	}
	s.bus.marks.change(s.stream, func(k *mark) {
		k.Bucket, k.Last = s.bucket(), max(k.Last, s.newest)
		if s.whole {
			k.Missing = s.missing
		}
		if s.whole && s.first > 0 && s.first >= k.First { // what was purged may still lie in a block
			k.First, k.FirstTime = s.first, s.firstTime
		}
	})
	return nil
}

// before is the newest sequence before those that come now, 0 when it is not known.
func (s *surveyor) before() uint64 {
	if s.newest == 0 && s.whole && s.keepsOldest() {
		return s.mark.First - 1
	}
	return s.newest
}

// keepsOldest says that the oldest entry of the mark went by neither purge nor retention.
func (s *surveyor) keepsOldest() bool {
	k := &s.mark
	aged := k.MaxAge > 0 && time.Since(time.Unix(0, k.FirstTime)) >= k.MaxAge
	return s.marked && !s.bucket() && k.First > 0 && k.FirstTime > 0 && !k.Bounded && !aged
}

func (s *surveyor) compareOldest() {
	k := &s.mark
	if !s.keepsOldest() || s.first <= k.First || s.first-1 <= s.told {
		return
	}
	s.lost(s.dir, fmt.Sprintf("the oldest, %d to %d, are gone", k.First, s.first-1), k.First, s.first-1)
}

func (s *surveyor) bucket() bool { return strings.HasPrefix(s.stream, bucketPrefix) }

func (s *surveyor) newestBlock() int {
	if len(s.blocks) == 0 {
		return 0
	}
	return s.blocks[len(s.blocks)-1]
}

// stepOver makes the next sequence one that nobody has seen. A log gets an entry without a
// byte there, at which readers arrive.
func (s *surveyor) stepOver(seq uint64) error {
	if err := errors.Join(os.MkdirAll(s.dir, 0o700), s.dropIndex()); err != nil {
		return err
	}
	w := blockWriter{dir: s.dir, name: s.stream, index: s.newestBlock(), last: seq, time: time.Now().UnixNano()}
	defer w.drop()
	x := CopyEntry{Seq: seq, Time: w.time, Subject: s.stream + ".0.gone"}
	if s.bucket() {
		x = CopyEntry{Seq: seq | skipped, Time: w.time}
	}
	if err := w.add(seq, &x); err != nil {
		return err
	}
	if s.newest > 0 {
		s.missing += seq - s.newest - 1
	}
	s.newest = seq
	return w.close()
}

// lost tells of a loss.
func (s *surveyor) lost(file, text string, first, last uint64) {
	s.bus.lost(Loss{Stream: strings.TrimPrefix(s.stream, bucketPrefix), File: file, Text: text, First: first, Last: last})
}

func (b *Bus) lost(l Loss) {
	l.Found = time.Now().UTC()
	b.opt.Log.Error("stored data is lost", "stream", l.Stream, "file", l.File, "lost", l.Text)
	b.marks.keepLoss(l)
	b.opt.Lost(l)
}

// stepped is called by a reader that got no entry for the sequences from first to last, and
// tells of it unless retention removed them, or it is told already.
func (l *Log) stepped(ctx context.Context, first, last uint64) {
	st, err := l.State(ctx)
	if err != nil || l.cfg.Memory || first < st.First || l.bus.marks.told(l.cfg.Name, first, last) {
		return
	}
	l.bus.lost(Loss{Stream: l.cfg.Name, File: filepath.Join(l.bus.streamsDir(), l.cfg.Name), Text: fmt.Sprintf("%d to %d cannot be read", first, last), First: first, Last: last})
}
