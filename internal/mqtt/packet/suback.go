package packet

var (
	errNoCodes   = protocol("A SUBACK or UNSUBACK holds no reason code.")
	errSubackOld = protocol("A SUBACK has a return code other than 0, 1, 2 and 0x80 [MQTT-3.9.3-2].")
)

// Suback is the SUBACK packet.
type Suback struct {
	// ID is the packet identifier of the SUBSCRIBE.
	ID uint16
	// Reasons hold the reason code of each topic filter, in the order they were
	// asked: the QoS granted or a refusal.
	Reasons []byte
	// ReasonString is for people; nil is absent.
	ReasonString []byte
	// User holds the user properties.
	User []Pair
}

// Type is TypeSuback.
func (p *Suback) Type() Type { return TypeSuback }

// Decode reads one whole packet.
func (p *Suback) Decode(b []byte, v Version) error {
	*p = Suback{User: spare(p.User)}
	r, err := open(b, v, header{TypeSuback, 0})
	if err != nil {
		return err
	}
	p.ID = r.id()
	if v == V5 {
		p.ReasonString, p.User = r.reasonAndUser(TypeSuback, p.User)
	}
	p.Reasons = r.reasons(TypeSuback)
	for _, c := range p.Reasons {
		r.check(v == V5 || c <= GrantedQoS2 || c == UnspecifiedError, errSubackOld)
	}
	return r.done()
}

// reasons takes all that is left as reason codes, at least one.
func (r *reader) reasons(t Type) []byte {
	codes := r.take(len(r.b))
	r.check(len(codes) > 0, errNoCodes)
	for _, c := range codes {
		r.check(ReasonBelongs(t, c), errReason)
	}
	return codes
}

// Append writes the packet behind dst. Before MQTT 5 every refusal is 0x80.
func (p *Suback) Append(dst []byte, v Version) []byte {
	dst, at := begin(dst, header{TypeSuback, 0})
	dst = append(dst, byte(p.ID>>8), byte(p.ID))
	if v == V5 {
		w := beginList(dst)
		w.bytes(ReasonString, p.ReasonString)
		w.user(p.User)
		return end(append(w.end(), p.Reasons...), at)
	}
	for _, c := range p.Reasons {
		if c >= UnspecifiedError {
			c = UnspecifiedError
		}
		dst = append(dst, c)
	}
	return end(dst, at)
}
