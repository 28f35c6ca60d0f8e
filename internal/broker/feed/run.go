package feed

import (
	"slices"

	"github.com/millrace/millrace/internal/msg"
)

// Run is a part of one stream's messages, in its order.
type Run struct {
	Next msg.Position // everything before it was looked at
	Size int          // bytes that the run holds

	records []byte
	places  []msg.Position
	base    int64
	// views are messages of one entry, in place of records: in its bytes, which never change.
	views   []msg.Message
	indexes []uint32 // of the views, behind entry
	entry   msg.Position
}

// Add copies a message to the end of the run.
func (r *Run) Add(at msg.Position, m *msg.Message) {
	if len(r.places) == 0 {
		r.base = m.Time
	}
	was := m.Time
	m.Time = max(was, r.base)
	r.records = msg.AppendRecord(r.records, m, r.base)
	m.Time = was
	r.places = append(r.places, at)
	r.Size = len(r.records)
}

// wholeFrom is the part of an entry, one in so many bytes, from which on a run holds the
// entry and copies nothing.
const wholeFrom = 4

// Pick takes some of an entry's messages, which are so many bytes in all.
func (r *Run) Pick(at msg.Position, ms []msg.Message, picks []uint32, bytes int) {
	picked := 0
	for _, i := range picks {
		picked += ms[i].Bytes()
	}
	if picked*wholeFrom < bytes {
		r.records, r.places = make([]byte, 0, picked+recordHead*len(picks)), make([]msg.Position, 0, len(picks))
		for _, i := range picks {
			r.Add(msg.Position{Seq: at.Seq, Index: at.Index + i}, &ms[i])
		}
		return
	}
	r.entry, r.Size = at, bytes
	r.views, r.indexes = make([]msg.Message, len(picks)), slices.Clone(picks)
	for n, i := range picks {
		r.views[n] = ms[i]
	}
}

// recordHead is about what a record takes beside its message.
const recordHead = 16

// Count is how many messages it holds.
func (r *Run) Count() int { return len(r.places) + len(r.views) }

// Each calls f with every message until it returns false.
func (r *Run) Each(f func(at msg.Position, m *msg.Message) bool) {
	for i := range r.views {
		if !f(msg.Position{Seq: r.entry.Seq, Index: r.entry.Index + r.indexes[i]}, &r.views[i]) {
			return
		}
	}
	var m msg.Message
	rest := r.records
	for _, at := range r.places {
		var err error
		if rest, err = msg.ReadRecord(rest, &m, r.base); err != nil || !f(at, &m) {
			return
		}
	}
}
