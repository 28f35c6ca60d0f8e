package packet

// Ack is a PUBACK, PUBREC, PUBREL or PUBCOMP: the four have one layout.
type Ack struct {
	// Kind says which of the four.
	Kind Type
	// ID is the packet identifier of the PUBLISH, never 0.
	ID uint16
	// Reason is the reason code; Success before MQTT 5.
	Reason byte
	// ReasonString is for people; nil is absent.
	ReasonString []byte
	// User holds the user properties.
	User []Pair
}

// Type is p.Kind.
func (p *Ack) Type() Type { return p.Kind }

// ackHeader is the fixed header of one of the four: only PUBREL has a flag set
// [MQTT-3.6.1-1].
func ackHeader(t Type) header {
	if t == TypePubrel {
		return header{t, 0b0010}
	}
	return header{t, 0}
}

// Decode reads one whole packet of any of the four types.
func (p *Ack) Decode(b []byte, v Version) error {
	if id, ok := bareAck(b); ok {
		p.Kind, p.ID, p.Reason, p.ReasonString, p.User = TypeOf(b[0]), id, Success, nil, spare(p.User)
		return nil
	}
	return p.decode(b, v)
}

// bareAck is the identifier in the shortest form of the four, which is that of nearly all.
func bareAck(b []byte) (id uint16, ok bool) {
	if len(b) != 4 || b[1] != 2 || b[0] != byte(TypePuback)<<4 && b[0] != byte(TypePubrec)<<4 &&
		b[0] != byte(TypePubrel)<<4|0b0010 && b[0] != byte(TypePubcomp)<<4 {
		return 0, false
	}
	id = uint16(b[2])<<8 | uint16(b[3])
	return id, id != 0
}

// decode is Decode for every form.
func (p *Ack) decode(b []byte, v Version) error {
	if len(b) == 0 {
		return errShort
	}
	*p = Ack{Kind: TypeOf(b[0]), User: spare(p.User)}
	if p.Kind < TypePuback || p.Kind > TypePubcomp {
		return errType
	}
	r, err := open(b, v, ackHeader(p.Kind))
	if err != nil {
		return err
	}
	p.ID = r.id()
	if v == V5 && len(r.b) > 0 {
		p.decode5(&r)
	}
	return r.done()
}

// decode5 reads what MQTT 5 adds; each part may be left out with all behind it.
func (p *Ack) decode5(r *reader) {
	p.Reason = r.byte()
	r.check(ReasonBelongs(p.Kind, p.Reason), errReason) // [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]
	if len(r.b) > 0 {
		p.ReasonString, p.User = r.reasonAndUser(p.Kind, p.User)
	}
}

// reasonAndUser reads a list that may hold a reason string and user properties.
func (r *reader) reasonAndUser(t Type, user []Pair) (reason []byte, _ []Pair) {
	l := r.list(1 << t)
	for p, ok := l.next(); ok; p, ok = l.next() {
		if p.ID == ReasonString {
			reason = p.Value
		} else {
			user = append(user, Pair{p.Key, p.Value})
		}
	}
	r.check(l.err == nil, l.err)
	return reason, user
}

// Append writes the packet behind dst, in the shortest of its forms.
func (p *Ack) Append(dst []byte, v Version) []byte {
	if v != V5 || p.ReasonString == nil && len(p.User) == 0 {
		return AppendAck(dst, p.Kind, p.ID, p.Reason, v)
	}
	dst, at := begin(dst, ackHeader(p.Kind))
	w := beginList(append(dst, byte(p.ID>>8), byte(p.ID), p.Reason))
	w.bytes(ReasonString, p.ReasonString)
	w.user(p.User)
	return end(w.end(), at)
}

// AppendAck appends an acknowledgement without properties.
func AppendAck(dst []byte, t Type, id uint16, reason byte, v Version) []byte {
	h := ackHeader(t)
	first := byte(t)<<4 | h.flags
	if v != V5 || reason == Success {
		return append(dst, first, 2, byte(id>>8), byte(id))
	}
	return append(dst, first, 3, byte(id>>8), byte(id), reason)
}
