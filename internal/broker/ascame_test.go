package broker

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// What comes in is sent on, byte for byte where nothing is to be changed, and never with
// what belongs to its publisher alone: DUP, an alias, an identifier, a length that is longer
// than it need be.
func TestWhatIsSentOnIsItsReceivers(t *testing.T) {
	br := start(t, Options{Loops: 1})
	subs := map[string]*raw{}
	for _, v := range []packet.Version{packet.V31, packet.V311, packet.V5} {
		for qos := range byte(2) {
			name := fmt.Sprint("sub-", v, "-", qos)
			subs[name] = enter(t, br, v, name)
			subs[name].subscribe("plant/#", qos)
		}
	}
	property := packet.AppendProperty(nil, packet.Property{ID: packet.UserProperty, Key: []byte("k"), Value: []byte("v")})
	for _, from := range []packet.Version{packet.V31, packet.V311, packet.V5} {
		pub := enter(t, br, from, fmt.Sprint("pub-", from))
		for kind := range 8 {
			m := publish("plant/press", fmt.Sprint(from, kind), byte(kind&1), uint16(kind&1)*900)
			m.Dup, m.Retain = kind == 1, kind&2 != 0
			if from == packet.V5 && kind&4 != 0 {
				m.Properties, m.HasExpiry, m.Expiry = property, kind&2 != 0, 60
				m.Alias = uint16(kind & 1)
			}
			frame := m.Append(nil, from)
			if from != packet.V5 && kind&4 != 0 && frame[1] < 0x80 {
				frame = append([]byte{frame[0], frame[1] | 0x80, 0}, frame[2:]...)
			}
			pub.write(frame)
			for name, sub := range subs {
				want := publish("plant/press", string(m.Payload), min(m.QoS, name[len(name)-1]-'0'), 0)
				if sub.version == packet.V5 {
					want.Properties, want.HasExpiry, want.Expiry = m.Properties, m.HasExpiry, m.Expiry
				}
				want.ID = uint16(want.QoS)
				image, at := want.AppendImage(nil, sub.version)
				got := make([]byte, len(image))
				if _, err := io.ReadFull(sub.nc, got); err != nil {
					t.Fatal(err)
				}
				if at > 0 {
					copy(image[at:], got[at:at+2])
				}
				if !bytes.Equal(got, image) {
					t.Errorf("%s of kind %d for %s: %x, want %x", from, kind, name, got, image)
				}
				if id := image[at : at+2]; want.QoS > 0 {
					sub.write([]byte{0x40, 2, id[0], id[1]})
				}
			}
			if m.QoS > 0 {
				if ack := expect[*packet.Ack](pub); ack.ID != 900 {
					t.Errorf("PUBACK of %d", ack.ID)
				}
			}
		}
	}
}
