package historian

import (
	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
	"github.com/millrace/millrace/internal/payload"
)

// Judgement is what became of one stored message's values.
type Judgement struct {
	// Pending says that the historian has not come to the message yet.
	Pending bool
	// Taken is how many values were taken, Rejected why others were not.
	Taken    int
	Rejected []fault.Code
}

// Judge says what became of the values of a message that stands there in the historian's
// stream, by decoding it once more. Of a series that was removed since it says
// fault.SeriesLimit, too.
func (h *Historian) Judge(at msg.Position, m *msg.Message) (j Judgement) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if j.Pending = h.position.Compare(at) < 0; j.Pending {
		return j
	}
	reject := func(code fault.Code, n uint32) {
		if n > 0 {
			j.Rejected = append(j.Rejected, code)
		}
	}
	var negative, unknown uint32
	topic := h.catalogue.cursor(m.Topic)
	r, err := payload.New(h.opts.Payload).Decode(m, func(v *payload.Metric) error {
		if v.Time < 0 {
			negative++
		} else if _, ok := h.catalogue.find(&topic, v.Path); !ok {
			unknown++
		} else {
			j.Taken++
		}
		return nil
	})
	if err != nil {
		reject(fault.CodeOf(err), 1)
		return j
	}
	reject(fault.Undecodable, r.Undecodable)
	reject(fault.TooLarge, r.TooLarge)
	reject(fault.TooMany, r.TooMany)
	reject(fault.TimeOutOfRange, r.TimeOutOfRange+negative)
	reject(fault.TimeUnreadable, r.TimeUnreadable)
	reject(fault.NoValues, r.NoValues)
	reject(fault.SeriesLimit, unknown)
	return j
}
