package packet

// MaxRemaining is the largest remaining length the protocol can express.
const MaxRemaining = 268_435_455

// Frame says how long the packet at the head of b is, fixed header included.
//
//   - 0 and no error: b is too short to tell
//   - size > len(b): the packet is not whole yet
//   - size <= len(b): b[:size] is one whole packet
//
// It refuses a reserved type, a length of more than four bytes, and a packet of
// more than max bytes, each as soon as it shows. max 0 is the protocol's own limit.
func Frame(b []byte, max int) (size int, err error) {
	if len(b) > 1 && b[1] < 0x80 && b[0] > 0x0F && (max <= 0 || 2+int(b[1]) <= max) { // short, as most are
		return 2 + int(b[1]), nil
	}
	return frame(b, max)
}

// frame is Frame for every packet.
func frame(b []byte, max int) (size int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	if b[0]>>4 == 0 {
		return 0, errType
	}
	length, n, err := uvarint(b[1:])
	if err != nil || n == 0 {
		return 0, err
	}
	size = 1 + n + int(length)
	if max > 0 && size > max {
		return 0, errTooLarge
	}
	return size, nil
}

// uvarint reads a variable byte integer of n bytes; n is 0 when b ends before it.
func uvarint(b []byte) (v uint32, n int, err error) {
	for i, c := range b {
		if i == 4 {
			break
		}
		v |= uint32(c&0x7F) << (7 * i)
		if c < 0x80 {
			return v, i + 1, nil
		}
	}
	if len(b) >= 4 {
		return 0, 0, errVarint
	}
	return 0, 0, nil
}

// appendUvarint appends v, which is at most MaxRemaining.
func appendUvarint(dst []byte, v int) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// uvarintSize is how many bytes appendUvarint takes.
func uvarintSize(v int) int {
	switch {
	case v < 1<<7:
		return 1
	case v < 1<<14:
		return 2
	case v < 1<<21:
		return 3
	}
	return 4
}

// header is what a packet's fixed header must be.
type header struct {
	kind  Type
	flags byte
}

// open checks the fixed header of the whole packet b and returns a reader of what
// follows it.
func open(b []byte, v Version, want header) (reader, error) {
	if len(b) == 0 {
		return reader{}, errShort
	}
	// MQTT 3.1 gives the flags of other packets than PUBLISH no meaning.
	if b[0]>>4 != byte(want.kind) || b[0]&0x0F != want.flags && v != V31 {
		return reader{}, errFlags
	}
	return body(b, v)
}

func body(b []byte, v Version) (reader, error) {
	if len(b) > 1 && b[1] < 0x80 && int(b[1]) == len(b)-2 {
		return reader{b: b[2:]}, nil
	}
	return longBody(b, v)
}

// longBody is body for every packet.
func longBody(b []byte, v Version) (reader, error) {
	length, n, err := uvarint(b[1:])
	switch {
	case err != nil:
		return reader{}, err
	case n == 0 || 1+n+int(length) != len(b):
		return reader{}, errLength
	case v == V5 && n != uvarintSize(int(length)):
		return reader{}, errMinimal
	}
	return reader{b: b[1+n:]}, nil
}

// begin appends a fixed header whose length end fills in; it returns where.
func begin(dst []byte, h header) (out []byte, at int) {
	return append(dst, byte(h.kind)<<4|h.flags, 0), len(dst) + 1
}

// end writes, at one byte that was kept free for it, the length of all that
// follows, moving that when the length needs more bytes.
func end(dst []byte, at int) []byte {
	n := len(dst) - at - 1
	extra := uvarintSize(n) - 1
	if extra > 0 {
		dst = append(dst, 0, 0, 0)[:len(dst)+extra]
		copy(dst[at+1+extra:], dst[at+1:len(dst)-extra])
	}
	appendUvarint(dst[:at], n)
	return dst
}
