package session

// Runs are runs of bytes that queues of a loop have outgrown or emptied, for those that
// grow: what fills and drains again and again is no garbage. Its zero value has none.
type Runs struct {
	list  [mostRuns][]byte
	count int
	idle  int // looks since one was needed
}

const (
	mostRuns = 8
	// A run is kept for others from leastRun to longRun bytes.
	leastRun = 4 << 10
	// idleRuns is after how many looks without need all are let go of.
	idleRuns = 16
)

// give takes a run that nobody uses.
func (r *Runs) give(b []byte) {
	if cap(b) < leastRun || cap(b) > longRun || r.count == mostRuns {
		return
	}
	r.list[r.count] = b[:0]
	r.count++
}

// take returns an empty run of at least size bytes, and not of so many more that one queue
// sat on what it does not need; nil when there is none.
func (r *Runs) take(size int) []byte {
	for i, b := range r.list[:r.count] {
		if cap(b) >= size && cap(b) <= 4*size {
			r.count--
			r.list[i], r.list[r.count] = r.list[r.count], nil
			r.idle = 0
			return b
		}
	}
	return nil
}

// Look is called a few times a second: what nobody needs is let go of after a while.
func (r *Runs) Look() {
	if r.idle++; r.idle >= idleRuns {
		*r = Runs{}
	}
}
