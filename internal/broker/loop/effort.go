package loop

const (
	// effortBits is how long work is added up: 67 ms, in ns.
	effortBits = 26
	// A connection is busy that makes more work in that time than a quarter of the
	// average, but not with less than littleWork, and in any case with much more. So
	// those who are not busy make a quarter of all work at most.
	littleWork, muchWork = 32, 1024
)

// effort tells the busy connections of a loop, the crowd, from those who have little to
// say. The former are served after the latter.
type effort struct {
	period uint16
	work   int // of all connections in this period
	active int // how many they are
	limit  int // of one, by the period before
}

// spent is what a connection has made of work, and in which period: 16 bits each. Of one
// that closes, it is the bytes that were discarded.
type spent uint32

func (s spent) period() uint16 { return uint16(s >> 16) }

func (s spent) work() int { return int(s & 0xFFFF) }

func (s *spent) set(period uint16, work int) { *s = spent(period)<<16 | spent(min(work, 0xFFFF)) }

// busy counts work of c and says whether it is one of the crowd. Who is stays so until
// it has made little for one period.
func (e *effort) busy(c *Conn, work int, now int64) bool {
	e.turnTo(uint16(now >> effortBits))
	e.work += work
	was, before := c.flags.busy, c.spent
	if before.period() == e.period {
		work += before.work()
	} else {
		was = was && before.period()+1 == e.period && before.work() > e.limit/2
		e.active++
	}
	c.spent.set(e.period, work)
	return was || work > e.limit
}

// turnTo begins another period, when it is one.
func (e *effort) turnTo(period uint16) {
	if period == e.period && e.limit > 0 {
		return
	}
	average := e.work / max(e.active, 1)
	*e = effort{period: period, limit: min(max(average/4, littleWork), muchWork)}
}
