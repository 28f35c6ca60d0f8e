package session

// exact holds the packet identifiers of received QoS 2 messages until PUBREL, so
// that a PUBLISH which comes again is known for what it is [MQTT-4.3.3-10]. It
// outlives the connection. An identifier costs three bits; pages are there while
// one of theirs is in use. Its zero value is empty.
type exact struct {
	pages  []*exactPage // by the identifier's upper byte; nil until the first
	spare  *exactPage   // emptied and kept, so that identifiers in turn cost no memory
	count  int
	former int // of them from an earlier connection, and not sent again on this one
}

// exactPage has some bits for each identifier with the same upper byte.
type exactPage struct {
	held     [4]uint64 // the message was taken
	answered [4]uint64 // its PUBREC was sent
	former   [4]uint64 // it came on an earlier connection alone
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
	if p := e.page(id); p != nil && p.held[id>>6&3]&(1<<(id&63)) != 0 {
		p.answered[id>>6&3] |= 1 << (id & 63)
	}
}

// repeat notes that a held identifier came again: it counts for this connection.
func (e *exact) repeat(id uint16) {
	p, bit := e.page(id), uint64(1)<<(id&63)
	if p != nil && p.former[id>>6&3]&bit != 0 {
		p.former[id>>6&3] &^= bit
		e.former--
	}
}

// restart begins another connection: its client's receive maximum is whole.
func (e *exact) restart() {
	for _, p := range e.pages {
		if p != nil {
			p.former = p.held
		}
	}
	e.former = e.count
}

// release forgets an identifier; false says that it was not held.
func (e *exact) release(id uint16) bool {
	if held, _ := e.state(id); !held {
		return false
	}
	e.repeat(id)
	p, bit := e.pages[id>>8], uint64(1)<<(id&63)
	p.held[id>>6&3] &^= bit
	p.answered[id>>6&3] &^= bit
	e.count--
	if p.count--; p.count == 0 {
		e.pages[id>>8], e.spare = nil, p
	}
	return true
}

// each calls f with every identifier that is held, smallest first.
func (e *exact) each(f func(id uint16, answered bool)) {
	for page, p := range e.pages {
		for low := 0; p != nil && low < 256; low++ {
			if bit := uint64(1) << (low & 63); p.held[low>>6]&bit != 0 {
				f(uint16(page<<8|low), p.answered[low>>6]&bit != 0)
			}
		}
	}
}

func (e *exact) page(id uint16) *exactPage {
	if e.pages == nil {
		return nil
	}
	return e.pages[id>>8]
}
