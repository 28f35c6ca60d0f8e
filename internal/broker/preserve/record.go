package preserve

import (
	"encoding/binary"
	"errors"

	"github.com/millrace/millrace/internal/broker/delay"
	"github.com/millrace/millrace/internal/msg"
)

// The kinds of records.
const (
	kindRetained   = 'r'
	kindDelayed    = 'd'
	kindCheckpoint = 'c'
)

var errRecord = errors.New("preserve: malformed record")

func retainedKey(topic string) []byte { return append([]byte{kindRetained}, topic...) }

func delayedKey(id uint64) []byte { return binary.BigEndian.AppendUint64([]byte{kindDelayed}, id) }

// retainedRecord is a topic's retained message as a record, nil for none.
func retainedRecord(topic string, m *msg.Message) msg.Message {
	if m == nil {
		return msg.Message{Topic: retainedKey(topic)}
	}
	r := *m
	r.Topic = retainedKey(topic)
	return r
}

// Delayed is a delayed message as the record that its publisher waits for.
func Delayed(e delay.Entry) msg.Message {
	b := binary.BigEndian.AppendUint64(nil, uint64(e.Due))
	return msg.Message{Topic: delayedKey(e.ID), Payload: msg.AppendRecord(b, e.Message, 0), Time: e.Message.Time}
}

// DelayedID is the number of the delayed message that a record is about.
func DelayedID(record *msg.Message) (id uint64, ok bool) {
	if len(record.Topic) != 9 || record.Topic[0] != kindDelayed {
		return 0, false
	}
	return binary.BigEndian.Uint64(record.Topic[1:]), true
}

// readDelayed is the entry of a record, owning its bytes.
func readDelayed(record *msg.Message) (e delay.Entry, err error) {
	id, ok := DelayedID(record)
	if !ok || len(record.Payload) < 8 {
		return e, errRecord
	}
	var m msg.Message
	if _, err := msg.ReadRecord(record.Payload[8:], &m, 0); err != nil {
		return e, err
	}
	own := m.Clone()
	return delay.Entry{ID: id, Due: int64(binary.BigEndian.Uint64(record.Payload)), Message: &own}, nil
}

// checkpoint is, by stream, up to where the journal reflects the messages.
type checkpoint map[string]uint64

func (c checkpoint) record(names []string) msg.Message {
	var b []byte
	for _, name := range names {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b = binary.AppendUvarint(b, c[name])
	}
	return msg.Message{Topic: []byte{kindCheckpoint}, Payload: b}
}

func readCheckpoint(b []byte) (checkpoint, error) {
	c, f := checkpoint{}, msg.Fields{B: b}
	for len(f.B) > 0 {
		name := string(f.Bytes())
		c[name] = f.Uvarint()
	}
	if f.Bad {
		return nil, errRecord
	}
	return c, nil
}
