package trace

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/millrace/millrace/internal/fault"
)

// notesExtension is of the file beside each trace that says what it is.
const notesExtension = ".json"

// note writes down what the trace is, for the next start.
func (b *Book) note(i Info) {
	text, err := json.Marshal(i)
	if err == nil {
		err = os.WriteFile(b.path(i.Name+notesExtension), text, 0o600)
	}
	if err != nil {
		b.o.Log.Warn("the notes of a trace were not written", "trace", i.Name, "error", err)
	}
}

// load takes in the traces of earlier runs. A trace that was cut off has ended with
// the node.
func (b *Book) load() error {
	files, err := os.ReadDir(b.o.Dir)
	if err != nil {
		return fault.Wrap(fault.Unavailable, "trace", err, "The folder %s for traces cannot be read.", b.o.Dir)
	}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), notesExtension)
		if !ok || !validName(name) {
			continue
		}
		if i, ok := b.read(name); ok {
			b.traces[name] = ended(i)
		}
	}
	return nil
}

func (b *Book) read(name string) (i Info, ok bool) {
	text, err := os.ReadFile(b.path(name + notesExtension))
	if err != nil || json.Unmarshal(text, &i) != nil || i.Name != name {
		b.o.Log.Warn("the notes of a trace cannot be read", "trace", name, "error", err)
		return i, false
	}
	file, err := os.Stat(b.path(i.File()))
	if err != nil {
		return i, false
	}
	i.Bytes = file.Size()
	if i.Stopped.IsZero() {
		i.Stopped, i.Ended = file.ModTime(), "shutdown"
	}
	return i, true
}
