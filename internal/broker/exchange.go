package broker

import (
	"sync"

	"github.com/millrace/millrace/internal/msg"
)

// parcel carries the messages of one turn from one loop to another, in the
// record layout. The receiving loop recycles it.
type parcel struct {
	records []byte
	base    int64
	count   int
}

const keepParcel = 256 << 10

var parcels = sync.Pool{New: func() any { return new(parcel) }}

// exchange is one loop's outgoing parcels, one for each other loop.
type exchange struct {
	peers []*worker // by loop
	out   []*parcel // by loop; nil while the turn has nothing for it
}

func newExchange(peers []*worker) exchange {
	return exchange{peers: peers, out: make([]*parcel, len(peers))}
}

func (x *exchange) add(to int, m *msg.Message) {
	p := x.out[to]
	if p == nil {
		p = parcels.Get().(*parcel)
		p.base = m.Time
		x.out[to] = p
	}
	at := m.Time
	m.Time = max(at, p.base)
	p.records = msg.AppendRecord(p.records, m, p.base)
	m.Time = at
	p.count++
}

// endTurn sends one parcel to each loop that has something coming.
func (x *exchange) endTurn() {
	for to, p := range x.out {
		if p != nil {
			x.out[to] = nil
			x.peers[to].loop.Post(p)
		}
	}
}

// unpack calls f with each message of the parcel and recycles it.
func (p *parcel) unpack(f func(m *msg.Message)) {
	var m msg.Message
	for rest := p.records; len(rest) > 0; {
		var err error
		if rest, err = msg.ReadRecord(rest, &m, p.base); err != nil {
			break // cannot be: the records were written by this process
		}
		f(&m)
	}
	if cap(p.records) > keepParcel {
		p.records = nil
	}
	*p = parcel{records: p.records[:0]}
	parcels.Put(p)
}
