package packet

import "bytes"

var (
	errNoFilter   = protocol("A SUBSCRIBE or UNSUBSCRIBE names no topic filter [MQTT-3.8.3-2] [MQTT-3.10.3-2].")
	errOptions    = malformed("Reserved bits of the subscription options are set [MQTT-3.8.3-5].")
	errSubQoS     = malformed("A subscription asks for QoS 3 [MQTT-3.8.3-5].")
	errHandling   = protocol("A subscription has retain handling 3.")
	errNoLocal    = protocol("A shared subscription has no local set [MQTT-3.8.3-4].")
	sharedFilters = []byte("$share/")
)

// Subscribe is the SUBSCRIBE packet.
type Subscribe struct {
	// ID is the packet identifier, never 0.
	ID uint16
	// SubscriptionID is the subscription identifier; 0 is none.
	SubscriptionID uint32
	// Filters are what it asks for, at least one.
	Filters []Subscription
	// User holds the user properties.
	User []Pair
	// Most is how many filters Decode takes; 0 is any.
	Most int
}

// Subscription is one topic filter with its options.
type Subscription struct {
	// Filter is UTF-8; its form as a topic filter is for the caller to check.
	Filter []byte
	// QoS is the highest wanted: 0, 1 or 2.
	QoS byte
	// NoLocal keeps the client's own messages away.
	NoLocal bool
	// RetainAsPublished leaves the RETAIN flag as the publisher set it.
	RetainAsPublished bool
	// RetainHandling: retained messages come 0 always, 1 for a new subscription,
	// 2 never.
	RetainHandling byte
}

// Type is TypeSubscribe.
func (p *Subscribe) Type() Type { return TypeSubscribe }

// Decode reads one whole packet.
func (p *Subscribe) Decode(b []byte, v Version) error {
	*p = Subscribe{Most: p.Most, Filters: spare(p.Filters), User: spare(p.User)}
	r, err := open(b, v, header{TypeSubscribe, 0b0010}) // [MQTT-3.8.1-1]
	if err != nil {
		return err
	}
	p.ID = r.id()
	if v == V5 {
		p.decode5(&r)
	}
	r.check(len(r.b) > 0, errNoFilter)
	for len(r.b) > 0 {
		r.check(p.Most == 0 || len(p.Filters) < p.Most, errManyFilters)
		p.Filters = append(p.Filters, r.subscription(v))
	}
	return r.done()
}

func (p *Subscribe) decode5(r *reader) {
	l := r.list(inSub)
	for prop, ok := l.next(); ok; prop, ok = l.next() {
		if prop.ID == SubscriptionIdentifier {
			p.SubscriptionID = prop.Num
		} else {
			p.User = append(p.User, Pair{prop.Key, prop.Value})
		}
	}
	r.check(l.err == nil, l.err)
}

func (r *reader) subscription(v Version) (s Subscription) {
	s.Filter = r.text()
	o := r.byte()
	s.QoS = o & 3
	r.check(s.QoS < 3, errSubQoS)
	if v != V5 {
		r.check(o&^3 == 0 || v == V31, errOptions)
		return s
	}
	s.NoLocal, s.RetainAsPublished, s.RetainHandling = o&4 != 0, o&8 != 0, o>>4&3
	r.check(o&0xC0 == 0, errOptions)
	r.check(s.RetainHandling < 3, errHandling)
	r.check(!s.NoLocal || !bytes.HasPrefix(s.Filter, sharedFilters), errNoLocal)
	return s
}

// Append writes the packet behind dst.
func (p *Subscribe) Append(dst []byte, v Version) []byte {
	dst, at := begin(dst, header{TypeSubscribe, 0b0010})
	dst = append(dst, byte(p.ID>>8), byte(p.ID))
	if v == V5 {
		w := beginList(dst)
		w.num(SubscriptionIdentifier, p.SubscriptionID, p.SubscriptionID != 0)
		w.user(p.User)
		dst = w.end()
	}
	for _, s := range p.Filters {
		dst = append(appendBytes(dst, s.Filter), s.options(v))
	}
	return end(dst, at)
}

func (s Subscription) options(v Version) byte {
	o := s.QoS
	if v != V5 {
		return o
	}
	if s.NoLocal {
		o |= 4
	}
	if s.RetainAsPublished {
		o |= 8
	}
	return o | s.RetainHandling<<4
}
