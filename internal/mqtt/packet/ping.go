package packet

// Pingreq is the PINGREQ packet.
type Pingreq struct{}

// Type is TypePingreq.
func (Pingreq) Type() Type { return TypePingreq }

// Decode reads one whole packet.
func (Pingreq) Decode(b []byte, v Version) error { return decodeEmpty(b, v, TypePingreq) }

// Append writes the packet behind dst.
func (Pingreq) Append(dst []byte, _ Version) []byte { return append(dst, byte(TypePingreq)<<4, 0) }

// Pingresp is the PINGRESP packet.
type Pingresp struct{}

// Type is TypePingresp.
func (Pingresp) Type() Type { return TypePingresp }

// Decode reads one whole packet.
func (Pingresp) Decode(b []byte, v Version) error { return decodeEmpty(b, v, TypePingresp) }

// Append writes the packet behind dst.
func (Pingresp) Append(dst []byte, _ Version) []byte { return append(dst, byte(TypePingresp)<<4, 0) }

func decodeEmpty(b []byte, v Version, t Type) error {
	r, err := open(b, v, header{t, 0})
	if err != nil {
		return err
	}
	return r.done()
}
