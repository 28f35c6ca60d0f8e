package packet

var errAuthMethod = protocol("An AUTH lacks its authentication method.")

// Auth is the AUTH packet of MQTT 5.
type Auth struct {
	// Reason is Success, ContinueAuth or ReAuthenticate.
	Reason byte
	// Method is the authentication method; nil only with Success.
	Method []byte
	// Data and ReasonString are nil when absent.
	Data, ReasonString []byte
	// User holds the user properties.
	User []Pair
}

// Type is TypeAuth.
func (p *Auth) Type() Type { return TypeAuth }

// Decode reads one whole packet.
func (p *Auth) Decode(b []byte, v Version) error {
	*p = Auth{User: spare(p.User)}
	if v != V5 {
		return errVersion
	}
	r, err := open(b, v, header{TypeAuth, 0}) // [MQTT-3.15.1-1]
	if err != nil || len(r.b) == 0 {
		return err
	}
	p.Reason = r.byte()
	r.check(ReasonBelongs(TypeAuth, p.Reason), errReason) // [MQTT-3.15.2-1]
	l := r.list(inAuth)
	for prop, ok := l.next(); ok; prop, ok = l.next() {
		switch prop.ID {
		case AuthMethod:
			p.Method = prop.Value
		case AuthData:
			p.Data = prop.Value
		case ReasonString:
			p.ReasonString = prop.Value
		case UserProperty:
			p.User = append(p.User, Pair{prop.Key, prop.Value})
		}
	}
	r.check(l.err == nil, l.err)
	r.check(p.Method != nil || p.Reason == Success, errAuthMethod)
	return r.done()
}

// Append writes the packet behind dst; before MQTT 5 there is none and dst comes
// back as it was.
func (p *Auth) Append(dst []byte, v Version) []byte {
	if v != V5 {
		return dst
	}
	dst, at := begin(dst, header{TypeAuth, 0})
	if p.Reason == Success && p.Method == nil {
		return end(dst, at)
	}
	w := beginList(append(dst, p.Reason))
	w.bytes(AuthMethod, p.Method)
	w.bytes(AuthData, p.Data)
	w.bytes(ReasonString, p.ReasonString)
	w.user(p.User)
	return end(w.end(), at)
}
