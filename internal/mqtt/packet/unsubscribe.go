package packet

// Unsubscribe is the UNSUBSCRIBE packet.
type Unsubscribe struct {
	// ID is the packet identifier, never 0.
	ID uint16
	// Filters are the topic filters to end, at least one.
	Filters [][]byte
	// User holds the user properties.
	User []Pair
	// Most is how many filters Decode takes; 0 is any.
	Most int
}

// Type is TypeUnsubscribe.
func (p *Unsubscribe) Type() Type { return TypeUnsubscribe }

// Decode reads one whole packet.
func (p *Unsubscribe) Decode(b []byte, v Version) error {
	*p = Unsubscribe{Most: p.Most, Filters: spare(p.Filters), User: spare(p.User)}
	r, err := open(b, v, header{TypeUnsubscribe, 0b0010}) // [MQTT-3.10.1-1]
	if err != nil {
		return err
	}
	p.ID = r.id()
	if v == V5 {
		_, p.User = r.reasonAndUser(TypeUnsubscribe, p.User)
	}
	r.check(len(r.b) > 0, errNoFilter)
	for len(r.b) > 0 {
		r.check(p.Most == 0 || len(p.Filters) < p.Most, errManyFilters)
		p.Filters = append(p.Filters, r.text())
	}
	return r.done()
}

// Append writes the packet behind dst.
func (p *Unsubscribe) Append(dst []byte, v Version) []byte {
	dst, at := begin(dst, header{TypeUnsubscribe, 0b0010})
	dst = append(dst, byte(p.ID>>8), byte(p.ID))
	if v == V5 {
		w := beginList(dst)
		w.user(p.User)
		dst = w.end()
	}
	for _, f := range p.Filters {
		dst = appendBytes(dst, f)
	}
	return end(dst, at)
}
