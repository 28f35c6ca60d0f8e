package websocket

import (
	"encoding/binary"
	"unicode/utf8"
)

// The opcodes of RFC 6455, 5.2.
const (
	continuation = 0x0
	text         = 0x1
	binaryFrame  = 0x2
	closing      = 0x8
	pingFrame    = 0x9
	pong         = 0xA
)

// The close codes of RFC 6455, 7.4.1, that are sent here.
const (
	normalClosure   = 1000
	protocolError   = ProtocolError
	unsupportedData = 1003
	messageTooBig   = 1009
	noStatus        = 1005 // never sent: stands for a close frame without a code
)

const (
	fin        = 0x80
	reserved   = 0x70
	masked     = 0x80
	maxControl = 125
	maxHeader  = 14
)

// frames reads frames that come in pieces. Its zero value is at the first one.
type frames struct {
	header  [maxHeader]byte
	have    uint8 // bytes of the header
	inside  bool  // the header is whole, and left bytes of payload are missing
	message bool  // a message's last fragment is missing
	opcode  byte
	at      uint8 // how far into the mask the payload is
	mask    [4]byte
	left    int
	control []byte // the payload of a control frame so far
}

// decode appends the payload of data frames in b to dst.
func (f *frames) decode(dst, b []byte, c *Codec) ([]byte, error) {
	for {
		if !f.inside {
			var err error
			if b, err = f.readHeader(b, c); err != nil || !f.inside {
				return dst, err
			}
		}
		n := min(f.left, len(b))
		if f.opcode >= closing {
			f.control = f.unmask(f.control, b[:n])
		} else {
			dst = f.unmask(dst, b[:n])
		}
		if f.left -= n; f.left > 0 {
			return dst, nil
		}
		b, f.inside, f.have = b[n:], false, 0
		if err := f.whole(c); err != nil {
			return dst, err
		}
	}
}

// whole ends a frame.
func (f *frames) whole(c *Codec) (err error) {
	switch f.opcode {
	case closing:
		err = c.closeReceived(f.control)
	case pingFrame:
		c.ping(f.control)
	}
	f.control = nil
	return err
}

// readHeader takes header bytes from b until the header is whole, and checks it.
func (f *frames) readHeader(b []byte, c *Codec) (rest []byte, err error) {
	for f.have < 2 || int(f.have) < headerSize(f.header[1]) {
		if len(b) == 0 {
			return nil, nil
		}
		f.header[f.have] = b[0]
		f.have++
		b = b[1:]
		if f.have == 2 {
			if err := f.checkStart(c); err != nil {
				return nil, err
			}
		}
	}
	return b, f.begin(c)
}

// headerSize is how long a masked frame's header is, by its second byte.
func headerSize(second byte) int {
	switch second &^ masked {
	case 126:
		return 8
	case 127:
		return maxHeader
	}
	return 6
}

// checkStart refuses what the first two bytes show to be wrong.
func (f *frames) checkStart(c *Codec) error {
	first, second := f.header[0], f.header[1]
	opcode, control := first&0x0F, first&0x08 != 0
	switch {
	case first&reserved != 0:
		return c.fail(protocolError, "A frame has reserved bits set")
	case second&masked == 0:
		return c.fail(protocolError, "A client's frame is not masked")
	case control && (first&fin == 0 || second&^masked > maxControl):
		return c.fail(protocolError, "A control frame is fragmented or too long")
	case control && opcode > pong || !control && opcode > binaryFrame:
		return c.fail(protocolError, "A frame's opcode is not known")
	case opcode == text: // [MQTT-6.0.0-1]
		return c.fail(unsupportedData, "MQTT needs binary frames, and a text frame came [MQTT-6.0.0-1]")
	case opcode == continuation && !f.message:
		return c.fail(protocolError, "A continuation came without a beginning")
	case opcode == binaryFrame && f.message:
		return c.fail(protocolError, "A message began inside another one")
	}
	return nil
}

// begin enters a frame whose header is whole.
func (f *frames) begin(c *Codec) error {
	size, ok := f.size()
	if !ok {
		return c.fail(protocolError, "A frame's length is not encoded in the shortest way")
	}
	if size > uint64(c.options.MaxFrame) {
		return c.fail(messageTooBig, "A frame is larger than is taken here")
	}
	n := headerSize(f.header[1])
	copy(f.mask[:], f.header[n-4:n])
	f.opcode, f.left, f.at, f.inside = f.header[0]&0x0F, int(size), 0, true
	if f.opcode < closing {
		f.message = f.header[0]&fin == 0
	}
	return nil
}

func (f *frames) size() (n uint64, shortest bool) {
	switch short := f.header[1] &^ masked; short {
	case 126:
		n = uint64(binary.BigEndian.Uint16(f.header[2:]))
		return n, n > maxControl
	case 127:
		n = binary.BigEndian.Uint64(f.header[2:])
		return n, n > 0xFFFF
	default:
		return uint64(short), true
	}
}

// unmask appends b without its mask.
func (f *frames) unmask(dst, b []byte) []byte {
	var key [8]byte
	for i := range key {
		key[i] = f.mask[(int(f.at)+i)&3]
	}
	f.at = uint8((int(f.at) + len(b)) & 3)
	n := len(dst)
	dst = append(dst, b...)
	own := dst[n:]
	k := binary.NativeEndian.Uint64(key[:])
	for len(own) >= 8 {
		binary.NativeEndian.PutUint64(own, binary.NativeEndian.Uint64(own)^k)
		own = own[8:]
	}
	for i := range own {
		own[i] ^= key[i]
	}
	return dst
}

// appendHead appends the header of an unmasked, unfragmented frame.
func appendHead(dst []byte, opcode byte, size int) []byte {
	dst = append(dst, fin|opcode)
	switch {
	case size <= maxControl:
		return append(dst, byte(size))
	case size <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(size))
	}
	return binary.BigEndian.AppendUint64(append(dst, 127), uint64(size))
}

// appendClose appends a close frame; its text is cut to what fits.
func appendClose(dst []byte, code uint16, why string) []byte {
	if code == noStatus {
		return appendHead(dst, closing, 0)
	}
	why = why[:min(len(why), maxControl-2)]
	dst = appendHead(dst, closing, 2+len(why))
	return append(binary.BigEndian.AppendUint16(dst, code), why...)
}

// closeCode is the code of a close frame's payload, if that is valid.
func closeCode(payload []byte) (code uint16, ok bool) {
	if len(payload) == 0 {
		return noStatus, true
	}
	if len(payload) == 1 {
		return 0, false
	}
	code = binary.BigEndian.Uint16(payload)
	ok = code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006 || code >= 3000 && code <= 4999
	return code, ok && utf8.Valid(payload[2:])
}
