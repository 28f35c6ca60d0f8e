package packet

// Unsuback is the UNSUBACK packet.
type Unsuback struct {
	// ID is the packet identifier of the UNSUBSCRIBE.
	ID uint16
	// Reasons hold the reason code of each topic filter; none before MQTT 5.
	Reasons []byte
	// ReasonString is for people; nil is absent.
	ReasonString []byte
	// User holds the user properties.
	User []Pair
}

// Type is TypeUnsuback.
func (p *Unsuback) Type() Type { return TypeUnsuback }

// Decode reads one whole packet.
func (p *Unsuback) Decode(b []byte, v Version) error {
	*p = Unsuback{User: spare(p.User)}
	r, err := open(b, v, header{TypeUnsuback, 0})
	if err != nil {
		return err
	}
	p.ID = r.id()
	if v == V5 {
		p.ReasonString, p.User = r.reasonAndUser(TypeUnsuback, p.User)
		p.Reasons = r.reasons(TypeUnsuback)
	}
	return r.done()
}

// Append writes the packet behind dst.
func (p *Unsuback) Append(dst []byte, v Version) []byte {
	dst, at := begin(dst, header{TypeUnsuback, 0})
	dst = append(dst, byte(p.ID>>8), byte(p.ID))
	if v != V5 {
		return end(dst, at)
	}
	w := beginList(dst)
	w.bytes(ReasonString, p.ReasonString)
	w.user(p.User)
	return end(append(w.end(), p.Reasons...), at)
}
