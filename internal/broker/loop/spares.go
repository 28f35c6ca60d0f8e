package loop

const (
	// keepBytes bounds the output buffers that a loop keeps for reuse, keepCap each.
	keepBytes = 32 << 20
	keepCap   = 1 << 20
	newCap    = 2 << 10
	// largeLeft is how much of a read must be left for a place that is used again.
	largeLeft = 4 << 10
	// roomyLeft is more room than a few bytes may keep.
	roomyLeft = 256 << 10
	// keepHeld bounds what it keeps of the places for a connection's buffers.
	keepHeld = 16 << 10
	// fewSpares is how many are looked at for one that has room.
	fewSpares = 8
	// trimTicks is after how many ticks the loop looks what was not needed.
	trimTicks = 16
)

// spares are buffers that nobody uses now. Its zero value has none.
type spares struct {
	list  [][]byte
	bytes int
	least int // how many there were always, since trim
	ticks int
}

func (s *spares) take() []byte {
	n := len(s.list) - 1
	if n < 0 {
		return make([]byte, 0, newCap)
	}
	b := s.list[n]
	s.list[n] = nil
	s.list = s.list[:n]
	s.bytes -= cap(b)
	s.least = min(s.least, n)
	return b
}

// takeFor is take for n bytes: of those that were given last the first with room for them.
func (s *spares) takeFor(n int) []byte {
	last := len(s.list) - 1
	for i := last; i >= 0 && i > last-fewSpares; i-- {
		if cap(s.list[i]) >= n {
			s.list[i], s.list[last] = s.list[last], s.list[i]
			return s.take()
		}
	}
	return make([]byte, 0, n)
}

func (s *spares) give(b []byte) {
	if cap(b) == 0 || cap(b) > keepCap || s.bytes+cap(b) > keepBytes {
		return
	}
	s.list = append(s.list, b[:0])
	s.bytes += cap(b)
}

// tick frees, now and then, the buffers that nobody has needed meanwhile.
func (s *spares) tick() {
	if s.ticks++; s.ticks < trimTicks {
		return
	}
	for _, b := range s.list[:s.least] {
		s.bytes -= cap(b)
	}
	rest := copy(s.list, s.list[s.least:])
	clear(s.list[rest:])
	if s.list = s.list[:rest]; rest == 0 {
		s.list = nil
	}
	s.ticks, s.least = 0, len(s.list)
}
