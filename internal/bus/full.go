package bus

import (
	"strings"

	"github.com/millrace/millrace/internal/fault"
)

// saysFull recognises a full disk in what the engine or the operating system says;
// the engine hands errors on as text.
func saysFull(text string) bool {
	text = strings.ToLower(text)
	for _, full := range []string{"no space left", "not enough space", "quota exceeded"} {
		if strings.Contains(text, full) {
			return true
		}
	}
	return false
}

// openFault says why a log or a bucket cannot be opened.
func (b *Bus) openFault(what, op string, err error) error {
	if saysFull(err.Error()) || b.noByteFree() {
		return fault.Wrap(fault.StorageFull, op, err,
			"%s is new or has changed and cannot be written: the disk of %s is full. Free some space and start again.", what, b.opt.Dir)
	}
	return fault.Wrap(fault.Unavailable, op, err, "%s cannot be opened.", what)
}

// startFault tells a start that a full disk made fail from any other.
func (b *Bus) startFault(err error) error {
	if fault.CodeOf(err) == fault.StorageFull || !saysFull(err.Error()+" "+fault.UserMessage(err)) && !b.noByteFree() {
		return err
	}
	return fault.Wrap(fault.StorageFull, "bus: start", err,
		"The disk of %s is full, and the start needs to write: free some space and start again. (%s)", b.opt.Dir, fault.UserMessage(err))
}

// noByteFree says whether the disk has no room even for one small file. The engine
// does not always name the reason of a failed write.
func (b *Bus) noByteFree() bool {
	free, err := b.opt.FreeSpace()
	return err == nil && free < 4<<10
}
