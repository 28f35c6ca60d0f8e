package session

// exact holds the packet identifiers of received QoS 2 messages until PUBREL, so
// that a PUBLISH which comes again is known for what it is [MQTT-4.3.3-10]. An
// identifier costs two bits; pages are there while one of theirs is in use. Its
// zero value is empty.
type exact struct {
	pages []*exactPage // by the identifier's upper byte; nil until the first
	spare *exactPage   // emptied and kept, so that identifiers in turn cost no memory
	count int
}

// exactPage has one bit for each identifier with the same upper byte.
type exactPage struct {
	held     [4]uint64 // the message was taken
	answered [4]uint64 // its PUBREC was sent
	count    int
}

// add takes an identifier that is not held.
func (e *exact) add(id uint16) {
	if e.pages == nil {
		e.pages = make([]*exactPage, 256)
	}
	p := e.pages[id>>8]
	if p == nil {
		if p = e.spare; p == nil {
			p = new(exactPage)
		}
		e.pages[id>>8], e.spare = p, nil
	}
	p.held[id>>6&3] |= 1 << (id & 63)
	p.count++
	e.count++
}

// state says whether the identifier is held and whether its PUBREC was sent.
func (e *exact) state(id uint16) (held, answered bool) {
	p := e.page(id)
	if p == nil {
		return false, false
	}
	bit := uint64(1) << (id & 63)
	return p.held[id>>6&3]&bit != 0, p.answered[id>>6&3]&bit != 0
}

// answer notes that the PUBREC of a held identifier was sent.
func (e *exact) answer(id uint16) {
	if p := e.page(id); p != nil {
		p.answered[id>>6&3] |= 1 << (id & 63)
	}
}

// release forgets an identifier; false says that it was not held.
func (e *exact) release(id uint16) bool {
	if held, _ := e.state(id); !held {
		return false
	}
	p, bit := e.pages[id>>8], uint64(1)<<(id&63)
	p.held[id>>6&3] &^= bit
	p.answered[id>>6&3] &^= bit
	e.count--
	if p.count--; p.count == 0 {
		e.pages[id>>8], e.spare = nil, p
	}
	return true
}

func (e *exact) page(id uint16) *exactPage {
	if e.pages == nil {
		return nil
	}
	return e.pages[id>>8]
}
