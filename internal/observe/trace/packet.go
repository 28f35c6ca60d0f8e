package trace

import (
	"bytes"
	"net/netip"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

// Packet is one MQTT packet as it passed.
type Packet struct {
	// At is when, ns since 1970.
	At int64
	// In says that it came from the client.
	In bool
	// Conn is the connection's number, Client whose it is.
	Conn   uint64
	Client string
	// Remote and Local are its ends; Remote is not valid for a Unix socket.
	Remote, Local netip.AddrPort
	Version       packet.Version
	// Bytes are the whole packet, and the receiver's own.
	Bytes []byte
}

// masked takes the place of what must not be written.
const masked = '*'

// mask blanks out the password and the authentication data in place. In packets that
// cannot be read it blanks out everything that may hold them.
func mask(p *Packet) {
	switch packet.TypeOf(p.Bytes[0]) {
	case packet.TypeConnect:
		var c packet.Connect
		if c.Decode(p.Bytes, p.Version) != nil {
			blank(body(p.Bytes))
			return
		}
		blank(c.Password)
		blank(c.AuthData)
	case packet.TypeConnack:
		var c packet.Connack
		if c.Decode(p.Bytes, p.Version) == nil {
			blank(c.AuthData)
		}
	case packet.TypeAuth:
		var a packet.Auth
		if a.Decode(p.Bytes, p.Version) != nil {
			blank(body(p.Bytes))
			return
		}
		blank(a.Data)
	}
}

func blank(b []byte) { copy(b, bytes.Repeat([]byte{masked}, len(b))) }

// body is what follows the fixed header.
func body(b []byte) []byte {
	at := 1
	for at < len(b) && at < 5 && b[at] >= 0x80 {
		at++
	}
	return b[min(at+1, len(b)):]
}
