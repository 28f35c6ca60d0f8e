package broker

import (
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// A turn brings half a megabyte of large messages: what carries them to another loop is
// used again, not thrown away with each turn.
func TestAParcelOfAWholeTurnIsUsedAgain(t *testing.T) {
	m := msg.Message{Topic: []byte("a"), Payload: make([]byte, 4<<10)}
	p := &parcel{base: 1}
	for len(p.records) < 512<<10 {
		p.records = p.append(p.records, &m)
	}
	p.recycle()
	if cap(p.records) < 512<<10 {
		t.Errorf("%d bytes are left of the parcel's memory", cap(p.records))
	}
}
