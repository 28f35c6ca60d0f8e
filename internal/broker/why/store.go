package why

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/internal/msg"
)

// Oldest is from when on the log has something to add, ns since 1970.
func (f *Facts) Oldest() int64 {
	switch {
	case f.ID != (ID{}) && len(f.Messages) > 0:
		return f.Messages[0].Time
	case f.More > 0:
		return f.Messages[0].Time
	}
	return max(f.Since, 0)
}

// Store takes messages of the topic that a stream holds, in its order: it says where those
// stand that are recorded, and adds the others.
func (f *Facts) Store(stream string, stored []msg.Placed) {
	for i := range stored {
		f.place(stream, &stored[i])
	}
	slices.SortStableFunc(f.Messages, func(a, b *Message) int { return cmp.Compare(a.Time, b.Time) })
	if n := len(f.Messages) - f.Most; f.Most > 0 && n > 0 {
		f.More += n
		f.Messages = f.Messages[n:]
	}
}

func (f *Facts) place(stream string, p *msg.Placed) {
	for _, m := range f.Messages {
		if m.Time != p.Time || m.QoS != p.QoS || m.Unkept != nil || m.Position.Seq > 0 && m.Position != p.At {
			continue
		}
		m.Stored = p
		if m.Stream, m.Position = stream, p.At; m.By == "" && m.Conn == 0 {
			m.By = string(p.Publisher)
		}
		return
	}
	if f.ID != (ID{}) {
		return
	}
	f.Messages = append(f.Messages, &Message{Time: p.Time, By: string(p.Publisher), QoS: p.QoS, Retain: p.Retain, Topic: f.Topic, Stream: stream, Position: p.At, Stored: p, Routed: true})
}
