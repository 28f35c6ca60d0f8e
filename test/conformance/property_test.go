package conformance

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/internal/broker"
	"github.com/millrace/millrace/internal/mqtt/packet"
)

// wireProperties are the properties with a value that is good wherever they belong.
var wireProperties = map[byte]string{
	0x01: "01 01", 0x02: "02 0000003C", 0x03: "03 0001 61", 0x08: "08 0001 61", 0x09: "09 0001 FF", 0x0B: "0B 05",
	0x11: "11 00000000", 0x12: "12 0001 61", 0x13: "13 003C", 0x15: "15 0001 61", 0x16: "16 0001 FF", 0x17: "17 01",
	0x18: "18 00000000", 0x19: "19 00", 0x1A: "1A 0001 61", 0x1C: "1C 0001 61", 0x1F: "1F 0001 61", 0x21: "21 000A",
	0x22: "22 000A", 0x23: "23 0001", 0x24: "24 01", 0x25: "25 01", 0x26: "26 0001 61 0001 62", 0x27: "27 0000FFFF",
	0x28: "28 01", 0x29: "29 01", 0x2A: "2A 01",
	0x00: "00 00", 0x04: "04 00", 0x2B: "2B 00", 0x7F: "7F 00", // these do not exist
}

// carrier is a packet that a client sends with a property list in it.
type carrier struct {
	name    string
	first   byte
	head    string // between the fixed header and the list
	tail    string // behind it
	takes   []byte // the properties that belong there
	connect bool   // it is CONNECT itself
}

var carriers = []carrier{
	{"CONNECT", 0x10, `0004 4D515454 05 02 0000`, "0001 61", []byte{0x11, 0x15, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27}, true},
	{"will", 0x10, `0004 4D515454 05 06 0000 00 0001 61`, "0001 77 0000", []byte{0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26}, true},
	{"PUBLISH", 0x30, "0001 61", "", []byte{0x01, 0x02, 0x03, 0x08, 0x09, 0x23, 0x26}, false},
	{"PUBACK", 0x40, "0001 00", "", []byte{0x1F, 0x26}, false},
	{"PUBREC", 0x50, "0001 80", "", []byte{0x1F, 0x26}, false},
	{"PUBREL", 0x62, "0001 00", "", []byte{0x1F, 0x26}, false},
	{"PUBCOMP", 0x70, "0001 00", "", []byte{0x1F, 0x26}, false},
	{"SUBSCRIBE", 0x82, "0001", "0001 61 00", []byte{0x0B, 0x26}, false},
	{"UNSUBSCRIBE", 0xA2, "0001", "0001 61", []byte{0x26}, false},
	{"DISCONNECT", 0xE0, "04", "", []byte{0x11, 0x1C, 0x1F, 0x26}, false},
}

// with is the packet with so many copies of the property.
func (k *carrier) with(property []byte, copies int) []byte {
	b := spaced(k.head)
	b = append(b, byte(len(property)*copies))
	for range copies {
		b = append(b, property...)
	}
	b = append(b, spaced(k.tail)...)
	return append([]byte{k.first, byte(len(b))}, b...)
}

func spaced(hex string) []byte { return rawBytes(split(hex)) }

// Every property in every packet of a client: it is taken where it belongs, and
// malformed elsewhere; twice it is a protocol error, but for user properties.
func TestEveryPropertyInEveryPacket(t *testing.T) {
	p := flood(t, broker.Options{})
	for i := range carriers {
		k := &carriers[i]
		for id, text := range wireProperties {
			belongs := false
			for _, x := range k.takes {
				belongs = belongs || x == id
			}
			once, twice := byte(0x81), byte(0x81)
			switch {
			case k.name == "CONNECT" && id == 0x15:
				once, twice = 0x8C, 0x82 // a method that nobody knows
			case k.name == "CONNECT" && id == 0x16:
				once, twice = 0x82, 0x82 // data without a method
			case k.name == "PUBLISH" && id == 0x0B:
				once, twice = 0x82, 0x82 // only a server sends it
			case belongs && id == 0x26:
				once, twice = 0, 0
			case belongs:
				once, twice = 0, 0x82
			}
			p.property(t, k, fmt.Sprintf("%s with property %#02x", k.name, id), k.with(spaced(text), 1), once)
			p.property(t, k, fmt.Sprintf("%s with property %#02x twice", k.name, id), k.with(spaced(text), 2), twice)
		}
	}
}

// property sends the packet from a client of its own and expects that reason, or
// with 0 that the packet is taken.
func (p *player) property(t *testing.T, k *carrier, what string, b []byte, reason byte) {
	t.Helper()
	var c *client
	if k.connect {
		c = p.dial("a")
	} else {
		c = p.connect("a", words{})
	}
	defer reset(c.nc)
	p.line.text = what
	c.write(b)
	if k.name == "DISCONNECT" && reason == 0 {
		c.closed()
		return
	}
	if reason == 0 || k.connect {
		c.nc.Write([]byte{0xC0, 0}) //nolint:errcheck // the broker may have closed
	}
	for {
		got, err := c.read()
		switch got := got.(type) {
		case *packet.Connack:
			if got.Reason != reason {
				t.Errorf("%s: CONNACK %#x, want %#x", what, got.Reason, reason)
			}
			if got.Reason != 0 {
				return
			}
			continue
		case *packet.Disconnect:
			if got.Reason != reason {
				t.Errorf("%s: DISCONNECT %#x, want %#x", what, got.Reason, reason)
			}
			return
		case packet.Pingresp:
			if reason != 0 {
				t.Errorf("%s is taken, want %#x", what, reason)
			}
			return
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
	}
}
