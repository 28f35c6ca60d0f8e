package bus

import (
	"encoding/json"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// marksFile holds the marks, beside the engine's own folder.
const marksFile = "marks.json"

// mark is what is known of a stored stream whatever becomes of its files.
type mark struct {
	// First is the sequence of the oldest entry that may be missed; FirstTime is its
	// time, ns, 0 when it is not known. Last is the newest that was given.
	First     uint64 `json:"first,omitempty"`
	FirstTime int64  `json:"first_time,omitempty"`
	Last      uint64 `json:"last"`
	// Missing is how many sequences between them are known to hold nothing.
	Missing uint64 `json:"missing,omitempty"`
	// MaxAge and Bounded are of its retention: a bounded stream loses its oldest by size.
	MaxAge  time.Duration `json:"max_age,omitempty"`
	Bounded bool          `json:"bounded,omitempty"`
	Bucket  bool          `json:"bucket,omitempty"`
	// Keys is how many keys a bucket had, removed ones too; counted is Last of that time.
	Keys    uint64 `json:"keys,omitempty"`
	counted uint64
}

// marks are those of all streams, by the engine's name. They are written down within a
// second, and before entries are removed: what is stored then is known to have been.
type marks struct {
	path string
	mu   sync.Mutex // guards the fields below
	of   map[string]mark
	// losses are what was found lost, for as long as it is told.
	losses  []Loss
	changed bool
}

// marked is the file.
type marked struct {
	CRC  uint32          `json:"crc32c"`
	Body json.RawMessage `json:"body"`
}

type marksBody struct {
	Streams map[string]mark `json:"streams"`
	Losses  []Loss          `json:"losses,omitempty"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errMarks = errors.New("the file is damaged")

// readMarks reads the file; without one nothing is known.
func readMarks(dir string) (*marks, error) {
	m := &marks{path: filepath.Join(dir, marksFile), of: map[string]mark{}}
	b, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	var file marked
	var body marksBody
	if err == nil && (json.Unmarshal(b, &file) != nil || crc32.Checksum(file.Body, castagnoli) != file.CRC || json.Unmarshal(file.Body, &body) != nil) {
		err = errMarks
	}
	if body.Streams != nil {
		m.of, m.losses = body.Streams, body.Losses
	}
	return m, err
}

// known returns the mark of a stream.
func (m *marks) known(stream string) (mark, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.of[stream]
	return k, ok
}

// change changes the mark of a stream.
func (m *marks) change(stream string, f func(*mark)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.of[stream]
	k := was
	f(&k)
	m.of[stream] = k
	m.changed = m.changed || k != was
}

// stored notes that a stream has that sequence.
func (m *marks) stored(stream string, seq uint64) {
	m.change(stream, func(k *mark) { k.Last = max(k.Last, seq) })
}

// keepLoss remembers what was lost for lossDays.
func (m *marks) keepLoss(l Loss) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.losses, m.changed = append(m.losses, l), true
}

// told says whether that part of a stream is known to be lost.
func (m *marks) told(stream string, first, last uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.losses, func(l Loss) bool { return l.Stream == stream && l.First <= last && l.Last >= first })
}

// lossDays is how long a loss is told at every start.
const lossDays = 7

// write writes the file if something has changed.
func (m *marks) write(now time.Time) error {
	m.mu.Lock()
	if !m.changed {
		m.mu.Unlock()
		return nil
	}
	body := marksBody{Streams: m.of}
	for _, l := range m.losses {
		if now.Sub(l.Found) < lossDays*24*time.Hour {
			body.Losses = append(body.Losses, l)
		}
	}
	m.losses, m.changed = body.Losses, false
	raw, err := json.Marshal(body)
	m.mu.Unlock()
	if err == nil {
		err = replaceFile(m.path, marked{crc32.Checksum(raw, castagnoli), raw})
	}
	if err != nil {
		m.mu.Lock()
		m.changed = true
		m.mu.Unlock()
	}
	return err
}

func replaceFile(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return replaceBytes(path, path+".new", b)
}

// replaceBytes puts b in the place of what the file holds. It goes to another file first,
// on the same disk: however the process or the power ends, the one or the other is there, whole.
func replaceBytes(path, by string, b []byte) error {
	f, err := os.OpenFile(by, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(by, path)
}

// noteMarks writes the marks every second until the bus closes.
func (b *Bus) noteMarks() {
	defer b.done.Done()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	told := false
	for {
		select {
		case <-t.C:
			err := b.writeMarks()
			b.countKeys() // for the next time: the engine may take its time to answer
			if err != nil && !told {
				b.opt.Log.Warn("what is stored cannot be noted: a loss may go unseen", "file", b.marks.path, "err", err)
			}
			told = err != nil
		case <-b.stop:
			b.countKeys()
			_ = b.writeMarks()
			return
		}
	}
}

func (b *Bus) writeMarks() error {
	b.mu.Lock()
	for name, l := range b.logs {
		if last := l.last.Load(); !l.cfg.Memory && last > 0 {
			b.marks.stored(name, last)
		}
	}
	b.mu.Unlock()
	return b.marks.write(time.Now())
}
