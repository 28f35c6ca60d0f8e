package msg

// Batch collects, in order, the messages of one event loop's turn that one
// stream keeps, already in the log's record layout. The loop owns it until it
// hands it over; the log owns it until it calls back; then the loop may Reset
// and use it again.
type Batch struct {
	// Records are Count records one after another, times relative to Base.
	Records []byte
	// Ends holds the end offset of each record in Records.
	Ends []uint32
	// Base is the time every record's time is relative to, ns since 1970 UTC: the first
	// message's, or an earlier one that the owner has set before.
	Base int64
	// MaxTime is the largest message time in the batch, ns since 1970 UTC.
	MaxTime int64
	// Tokens are the owner's own: what it needs to answer the publishers.
	Tokens []uint64
	// Later are the owner's own, too: the messages, in order, that it routes only
	// when it has the batch back.
	Later []Later
	// Number is the owner's own, too: which of its batches this is.
	Number uint64
}

// Later is a message of a batch and whom it is from, as its owner knows them.
type Later struct {
	// Place is the message's place in the batch.
	Place uint32
	// From is the owner's own.
	From uint64
}

// Record returns the record at that place.
func (b *Batch) Record(place uint32) []byte {
	from := uint32(0)
	if place > 0 {
		from = b.Ends[place-1]
	}
	return b.Records[from:b.Ends[place]]
}

// Count returns how many messages the batch holds.
func (b *Batch) Count() int { return len(b.Ends) }

// Add copies m into the batch. A message older than the batch's base is
// recorded with that time: a log's times never step back inside an
// entry by more than the clock did.
func (b *Batch) Add(m *Message, token uint64) {
	if len(b.Ends) == 0 {
		b.MaxTime = m.Time
	}
	if len(b.Ends) == 0 && b.Base == 0 {
		b.Base = m.Time
		if m.Origin != 0 {
			b.Base -= originSlack
		}
	}
	t := m.Time
	m.Time = max(t, b.Base)
	b.MaxTime = max(b.MaxTime, m.Time)
	b.Records = AppendRecord(b.Records, m, b.Base)
	m.Time = t
	b.Ends = append(b.Ends, uint32(len(b.Records)))
	b.Tokens = append(b.Tokens, token)
}

// originSlack is by how much the time of a batch's first message may lie ahead of the
// others, ns: what has an origin may bear a time of its own, a little ahead of the clock.
const originSlack = 1e6

// Reset empties the batch and keeps its memory unless one large turn grew it
// past keep bytes.
func (b *Batch) Reset(keep int) {
	if cap(b.Records) > keep {
		b.Records = nil
	}
	*b = Batch{Records: b.Records[:0], Ends: b.Ends[:0], Tokens: b.Tokens[:0], Later: b.Later[:0]}
}
