package broker

import (
	"slices"
	"sync"

	"github.com/millrace/millrace/internal/msg"
)

// parcel carries the messages of one turn from one loop to another, in the
// record layout. The receiving loop recycles it.
type parcel struct {
	records []byte // for every receiver there
	shared  []byte // for one member of a group, each with its offer
	offers  []offer
	base    int64
}

// keepParcel is what a parcel keeps of its memory for the next turn: as much as a whole
// turn of large messages comes to.
const keepParcel = 1 << 20

var parcels = sync.Pool{New: func() any { return new(parcel) }}

// exchange is one loop's outgoing parcels, one for each other loop.
type exchange struct {
	peers []*worker // by loop
	out   []*parcel // by loop; nil while the turn has nothing for it
	most  int64     // bytes that may wait for one loop
	// behind says that more waits for some loop: publishers are read no further.
	behind bool
}

func newExchange(peers []*worker) exchange {
	return exchange{peers: peers, out: make([]*parcel, len(peers)), most: peers[0].options.parcelBytes()}
}

// add sends the message to the receivers on another loop.
func (x *exchange) add(to int, m *msg.Message) {
	p := x.parcel(to, m)
	p.records = p.append(p.records, m)
}

// offer sends the message to members of a group on another loop.
func (x *exchange) offer(to int, o offer, m *msg.Message) {
	p := x.parcel(to, m)
	p.shared = p.append(p.shared, m)
	p.offers = append(p.offers, o)
}

// parcel is what goes to that loop in this turn.
func (x *exchange) parcel(to int, m *msg.Message) *parcel {
	p := x.out[to]
	if p == nil {
		p = parcels.Get().(*parcel)
		p.base = m.Time
		x.out[to] = p
	}
	return p
}

func (p *parcel) append(dst []byte, m *msg.Message) []byte {
	at := m.Time
	m.Time = max(at, p.base)
	dst = msg.AppendRecord(dst, m, p.base)
	m.Time = at
	return dst
}

// endTurn sends one parcel to each loop that has something coming.
func (x *exchange) endTurn() {
	for to, p := range x.out {
		if p != nil {
			x.out[to] = nil
			x.behind = x.peers[to].incoming.Add(p.size()) > x.most || x.behind
			x.peers[to].loop.Post(p)
		}
	}
}

// review sees whether the loops that were behind still are.
func (x *exchange) review() {
	x.behind = slices.ContainsFunc(x.peers, func(w *worker) bool { return w.incoming.Load() > x.most })
}

func (p *parcel) size() int64 { return int64(len(p.records) + len(p.shared)) }

// unpack calls f with each message for every receiver.
func (p *parcel) unpack(f func(m *msg.Message)) {
	var m msg.Message
	for rest := p.records; len(rest) > 0; {
		var err error
		if rest, err = msg.ReadRecord(rest, &m, p.base); err != nil {
			break // cannot be: the records were written by this process
		}
		f(&m)
	}
}

// unpackOffers calls f with each message for one member of a group.
func (p *parcel) unpackOffers(f func(o offer, m *msg.Message)) {
	var m msg.Message
	rest := p.shared
	for _, o := range p.offers {
		var err error
		if rest, err = msg.ReadRecord(rest, &m, p.base); err != nil {
			break // cannot be: the records were written by this process
		}
		f(o, &m)
	}
}

// recycle gives the parcel's memory back.
func (p *parcel) recycle() {
	if cap(p.records)+cap(p.shared) > keepParcel {
		p.records, p.shared = nil, nil
	}
	clear(p.offers)
	*p = parcel{records: p.records[:0], shared: p.shared[:0], offers: p.offers[:0]}
	parcels.Put(p)
}
