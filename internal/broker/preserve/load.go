package preserve

import (
	"context"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

// Load fills the store and the schedule with what they had when the process ended, and
// begins to track them. Without a checkpoint all that the streams hold is read; then a
// full disk that takes none is no error, since the next start can do the same.
func (p *Preserver) Load(ctx context.Context) error {
	if err := p.readJournal(ctx); err != nil {
		return err
	}
	p.o.Retained.Track()
	p.o.Delayed.Track()
	if p.o.Sessions != nil {
		if err := p.o.Sessions.Recorded(ctx); err != nil {
			return err
		}
	}
	first, at := len(p.written) == 0, p.answered()
	for _, name := range p.o.Log.Names() {
		if err := p.readMessages(ctx, name); err != nil {
			return err
		}
	}
	if !first {
		return nil
	}
	err := p.check(ctx, at)
	if fault.CodeOf(err) == fault.StorageFull {
		p.o.Out.Warn("no checkpoint of retained and delayed messages could be written; it follows when there is room", "error", err)
		return nil
	}
	return err
}

// readJournal takes the newest record of each key, in the order of writing.
func (p *Preserver) readJournal(ctx context.Context) error {
	retained := map[string]*msg.Message{}
	malformed, refused := 0, 0
	err := p.o.Journal.Replay(ctx, func(records []msg.Message) error {
		for i := range records {
			if p.readRecord(&records[i], retained) != nil {
				malformed++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range retained {
		if p.o.Retained.Set(m) != nil {
			refused++
		}
	}
	if malformed > 0 {
		p.o.Out.Error("records of the journal cannot be read and are left out", "records", malformed)
	}
	if refused > 0 {
		p.o.Out.Warn("retained messages are left out: there are more than mqtt.retained_messages or mqtt.retained_bytes allow", "messages", refused)
	}
	return nil
}

func (p *Preserver) readRecord(r *msg.Message, retained map[string]*msg.Message) error {
	if len(r.Topic) == 0 {
		return errRecord
	}
	switch key := r.Topic[1:]; r.Topic[0] {
	case kindRetained:
		if len(r.Payload) == 0 {
			delete(retained, string(key))
			return nil
		}
		m := *r
		m.Topic = key
		own := m.Clone()
		retained[string(key)] = &own
	case kindDelayed:
		if len(r.Payload) == 0 {
			id, _ := DelayedID(r)
			p.o.Delayed.Remove(id)
			return nil
		}
		e, err := readDelayed(r)
		if err != nil {
			return err
		}
		p.o.Delayed.Restore(e)
	case kindCheckpoint:
		c, err := readCheckpoint(r.Payload)
		if err != nil {
			return err
		}
		p.written = c
	default:
		if p.o.Sessions != nil {
			p.o.Sessions.Record(r)
		}
	}
	return nil
}

// readMessages takes what the stream holds behind the checkpoint. A stream that the
// checkpoint does not know has come after it: all of it is read.
func (p *Preserver) readMessages(ctx context.Context, stream string) error {
	after := msg.Position{Seq: p.written[stream], Index: ^uint32(0)}
	if after.Seq == 0 {
		after = msg.Position{}
	}
	n := 0
	err := p.o.Log.Replay(ctx, stream, after, func(_ msg.Position, ms []msg.Message) error {
		for i := range ms {
			p.readMessage(&ms[i])
		}
		n += len(ms)
		return nil
	})
	if err == nil && n > 0 {
		p.o.Out.Info("messages behind the checkpoint were read", "stream", stream, "messages", n)
	}
	return err
}

func (p *Preserver) readMessage(m *msg.Message) {
	if m.Retain {
		_ = p.o.Restore(m) // what the limits refuse was refused when it came
	}
	if id, ok := m.Origin.Delayed(); ok {
		p.o.Delayed.Remove(id)
	}
	if p.o.Sessions != nil && m.Origin != 0 {
		p.o.Sessions.Message(m)
	}
}
