package packet

// Disconnect is the DISCONNECT packet. Its zero value is a normal disconnection.
type Disconnect struct {
	// Reason is the reason code.
	Reason byte
	// HasSessionExpiry says that SessionExpiry, in seconds, replaces the one of
	// CONNECT; from a client only.
	HasSessionExpiry bool
	SessionExpiry    uint32
	// ReasonString and ServerReference are nil when absent.
	ReasonString, ServerReference []byte
	// User holds the user properties.
	User []Pair
}

// Type is TypeDisconnect.
func (p *Disconnect) Type() Type { return TypeDisconnect }

// Decode reads one whole packet.
func (p *Disconnect) Decode(b []byte, v Version) error {
	*p = Disconnect{User: spare(p.User)}
	r, err := open(b, v, header{TypeDisconnect, 0}) // [MQTT-3.14.1-1]
	if err != nil {
		return err
	}
	if v == V5 && len(r.b) > 0 {
		p.decode5(&r)
	}
	return r.done()
}

func (p *Disconnect) decode5(r *reader) {
	p.Reason = r.byte()
	r.check(ReasonBelongs(TypeDisconnect, p.Reason), errReason) // [MQTT-3.14.2-1]
	if len(r.b) == 0 {
		return
	}
	l := r.list(inDisc)
	for prop, ok := l.next(); ok; prop, ok = l.next() {
		switch prop.ID {
		case SessionExpiry:
			p.HasSessionExpiry, p.SessionExpiry = true, prop.Num
		case ReasonString:
			p.ReasonString = prop.Value
		case ServerReference:
			p.ServerReference = prop.Value
		case UserProperty:
			p.User = append(p.User, Pair{prop.Key, prop.Value})
		}
	}
	r.check(l.err == nil, l.err)
}

// Append writes the packet behind dst, in the shortest of its forms.
func (p *Disconnect) Append(dst []byte, v Version) []byte {
	dst, at := begin(dst, header{TypeDisconnect, 0})
	bare := !p.HasSessionExpiry && p.ReasonString == nil && p.ServerReference == nil && len(p.User) == 0
	switch {
	case v != V5 || bare && p.Reason == Success:
		return end(dst, at)
	case bare:
		return end(append(dst, p.Reason), at)
	}
	w := beginList(append(dst, p.Reason))
	w.num(SessionExpiry, p.SessionExpiry, p.HasSessionExpiry)
	w.bytes(ReasonString, p.ReasonString)
	w.bytes(ServerReference, p.ServerReference)
	w.user(p.User)
	return end(w.end(), at)
}
