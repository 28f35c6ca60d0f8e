package packet

import "encoding/binary"

// PropertyID names an MQTT 5 property (section 2.2.2.2).
type PropertyID byte

// The properties.
const (
	PayloadFormat          PropertyID = 0x01
	MessageExpiry          PropertyID = 0x02
	ContentType            PropertyID = 0x03
	ResponseTopic          PropertyID = 0x08
	CorrelationData        PropertyID = 0x09
	SubscriptionIdentifier PropertyID = 0x0B
	SessionExpiry          PropertyID = 0x11
	AssignedClientID       PropertyID = 0x12
	ServerKeepAlive        PropertyID = 0x13
	AuthMethod             PropertyID = 0x15
	AuthData               PropertyID = 0x16
	RequestProblem         PropertyID = 0x17
	WillDelay              PropertyID = 0x18
	RequestResponse        PropertyID = 0x19
	ResponseInformation    PropertyID = 0x1A
	ServerReference        PropertyID = 0x1C
	ReasonString           PropertyID = 0x1F
	ReceiveMaximum         PropertyID = 0x21
	TopicAliasMaximum      PropertyID = 0x22
	TopicAlias             PropertyID = 0x23
	MaximumQoS             PropertyID = 0x24
	RetainAvailable        PropertyID = 0x25
	UserProperty           PropertyID = 0x26
	MaximumPacketSize      PropertyID = 0x27
	WildcardAvailable      PropertyID = 0x28
	SubscriptionIDsAllowed PropertyID = 0x29
	SharedAvailable        PropertyID = 0x2A
)

// Property is one property.
type Property struct {
	// ID says which.
	ID PropertyID
	// Num is the value of a numeric one.
	Num uint32
	// Value is the value of a text or binary one, and of a user property.
	Value []byte
	// Key is a user property's name.
	Key []byte
}

// Pair is a user property.
type Pair struct{ Key, Value []byte }

// form is how a property's value is written and what it may be.
type form byte

const (
	formNone form = iota
	formFlag      // one byte, 0 or 1
	form16
	form16NotZero
	formAlias // like form16NotZero, with a fault of its own
	form32
	form32NotZero
	formVarNotZero
	formText
	formResponse // text without wildcards
	formBinary
	formPair
)

const (
	inWill    = 1 // type 0 is reserved: its bit stands for the will's properties
	inConnect = 1 << TypeConnect
	inConnack = 1 << TypeConnack
	inPublish = 1 << TypePublish
	inSub     = 1 << TypeSubscribe
	inDisc    = 1 << TypeDisconnect
	inAuth    = 1 << TypeAuth
	inAcks    = 1<<TypePuback | 1<<TypePubrec | 1<<TypePubrel | 1<<TypePubcomp | 1<<TypeSuback | 1<<TypeUnsuback
	inAll     = inWill | inConnect | inConnack | inPublish | inSub | inDisc | inAuth | inAcks | 1<<TypeUnsubscribe
)

// properties is table 2-4 of the specification.
var properties = [0x2B]struct {
	form form
	in   uint16
}{
	PayloadFormat:          {formFlag, inPublish | inWill},
	MessageExpiry:          {form32, inPublish | inWill},
	ContentType:            {formText, inPublish | inWill},
	ResponseTopic:          {formResponse, inPublish | inWill},
	CorrelationData:        {formBinary, inPublish | inWill},
	SubscriptionIdentifier: {formVarNotZero, inPublish | inSub},
	SessionExpiry:          {form32, inConnect | inConnack | inDisc},
	AssignedClientID:       {formText, inConnack},
	ServerKeepAlive:        {form16, inConnack},
	AuthMethod:             {formText, inConnect | inConnack | inAuth},
	AuthData:               {formBinary, inConnect | inConnack | inAuth},
	RequestProblem:         {formFlag, inConnect},
	WillDelay:              {form32, inWill},
	RequestResponse:        {formFlag, inConnect},
	ResponseInformation:    {formText, inConnack},
	ServerReference:        {formText, inConnack | inDisc},
	ReasonString:           {formText, inConnack | inAcks | inDisc | inAuth},
	ReceiveMaximum:         {form16NotZero, inConnect | inConnack},
	TopicAliasMaximum:      {form16, inConnect | inConnack},
	TopicAlias:             {formAlias, inPublish},
	MaximumQoS:             {formFlag, inConnack},
	RetainAvailable:        {formFlag, inConnack},
	UserProperty:           {formPair, inAll},
	MaximumPacketSize:      {form32NotZero, inConnect | inConnack},
	WildcardAvailable:      {formFlag, inConnack},
	SubscriptionIDsAllowed: {formFlag, inConnack},
	SharedAvailable:        {formFlag, inConnack},
}

// NextProperty takes the first property off b, which is a property list without
// its length, such as [Publish.Properties]. Its slices point into b.
func NextProperty(b []byte) (p Property, rest []byte, err error) {
	r := reader{b: b}
	p = r.property()
	return p, r.b, r.err
}

// Find returns the first property of that kind in the list b.
func Find(b []byte, id PropertyID) (p Property, ok bool) {
	var err error
	for len(b) > 0 {
		if p, b, err = NextProperty(b); err != nil {
			break
		}
		if p.ID == id {
			return p, true
		}
	}
	return Property{}, false
}

func (r *reader) property() (p Property) {
	p.ID = PropertyID(r.byte())
	if int(p.ID) >= len(properties) || properties[p.ID].form == formNone {
		r.fail(errUnknown)
		return p
	}
	switch properties[p.ID].form {
	case formFlag:
		p.Num = uint32(r.byte())
		r.check(p.Num <= 1, errRange)
	case form16:
		p.Num = uint32(r.uint16())
	case form16NotZero:
		p.Num = uint32(r.uint16())
		r.check(p.Num != 0, errRange)
	case formAlias:
		p.Num = uint32(r.uint16())
		r.check(p.Num != 0, errAlias)
	case form32:
		p.Num = r.uint32()
	case form32NotZero:
		p.Num = r.uint32()
		r.check(p.Num != 0, errRange)
	case formVarNotZero:
		p.Num = r.uvarint()
		r.check(p.Num != 0, errRange)
	case formText:
		p.Value = r.text()
	case formResponse:
		p.Value = r.text()
		r.check(!wild(p.Value), errResponse)
	case formBinary:
		p.Value = r.bytes()
	case formPair:
		p.Key, p.Value = r.text(), r.text()
	}
	return p
}

// list reads the properties of one packet and checks that each belongs there and
// comes once.
type list struct {
	reader
	in     uint16
	seen   uint64
	length int
}

// list takes a property list with its length off r.
func (r *reader) list(in uint16) list {
	b := r.take(int(r.uvarint()))
	return list{reader: reader{b: b}, in: in, length: len(b)}
}

// next returns false at the end of the list and after a failure.
func (l *list) next() (p Property, ok bool) {
	if len(l.b) == 0 {
		return p, false
	}
	p = l.property()
	if l.err != nil {
		return p, false
	}
	l.check(properties[p.ID].in&l.in != 0, errNotHere)
	many := p.ID == UserProperty || p.ID == SubscriptionIdentifier && l.in == inPublish
	l.check(many || l.seen&(1<<p.ID) == 0, errTwice)
	l.seen |= 1 << p.ID
	return p, l.err == nil
}

// offset is how far into the list the next property begins.
func (l *list) offset() int { return l.length - len(l.b) }

// AppendProperty appends p as property lists hold it.
func AppendProperty(dst []byte, p Property) []byte {
	dst = append(dst, byte(p.ID))
	if int(p.ID) >= len(properties) {
		return dst
	}
	switch properties[p.ID].form {
	case formFlag:
		return append(dst, byte(p.Num))
	case form16, form16NotZero, formAlias:
		return binary.BigEndian.AppendUint16(dst, uint16(p.Num))
	case form32, form32NotZero:
		return binary.BigEndian.AppendUint32(dst, p.Num)
	case formVarNotZero:
		return appendUvarint(dst, int(min(p.Num, MaxRemaining)))
	case formPair:
		dst = appendBytes(dst, p.Key)
	}
	return appendBytes(dst, p.Value)
}

// writer appends a property list; its methods leave out what has its default.
type writer struct {
	dst []byte
	at  int // where the list's length goes
}

func beginList(dst []byte) writer { return writer{append(dst, 0), len(dst)} }

func (w *writer) end() []byte { return end(w.dst, w.at) }

// num writes a numeric property if set.
func (w *writer) num(id PropertyID, v uint32, set bool) {
	if set {
		w.dst = AppendProperty(w.dst, Property{ID: id, Num: v})
	}
}

// bytes writes a text or binary property unless it is nil.
func (w *writer) bytes(id PropertyID, v []byte) {
	if v != nil {
		w.dst = AppendProperty(w.dst, Property{ID: id, Value: v})
	}
}

func (w *writer) user(pairs []Pair) {
	for _, p := range pairs {
		w.dst = AppendProperty(w.dst, Property{ID: UserProperty, Key: p.Key, Value: p.Value})
	}
}
