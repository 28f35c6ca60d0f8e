package warm

// units are the steps in which a chunk may count time, coarsest first, nanoseconds.
var units = [...]int64{1_000_000_000, 1_000_000, 1000, 1}

// unitOf returns the index of the coarsest unit that divides every time's distance
// from the first.
func unitOf(ts []int64) byte {
	u := byte(0)
	for _, t := range ts {
		for d := t - ts[0]; d%units[u] != 0; {
			u++
		}
	}
	return u
}

// appendTimes writes the sorted times behind the first as differences of
// differences, counted in the coarsest unit that loses nothing. scratch is used up.
func appendTimes(dst []byte, ts, scratch []int64) []byte {
	u := unitOf(ts)
	dst = append(dst, u)
	scratch = scratch[:0]
	var last int64
	for i := 1; i < len(ts); i++ {
		d := (ts[i] - ts[i-1]) / units[u]
		scratch = append(scratch, d-last)
		last = d
	}
	return appendPacked(dst, scratch)
}

// readTimes fills ts, whose first is known, and returns the rest of b. Times that
// step back or stand still are damage.
func readTimes(b []byte, ts []int64) ([]byte, error) {
	if len(b) == 0 || int(b[0]) >= len(units) {
		return nil, ErrChunk
	}
	unit := units[b[0]]
	b, err := readPacked(b[1:], ts[1:])
	if err != nil {
		return nil, err
	}
	var d int64
	for i := 1; i < len(ts); i++ {
		d += ts[i]
		ts[i] = ts[i-1] + d*unit
		if ts[i] <= ts[i-1] {
			return nil, ErrChunk
		}
	}
	return b, nil
}
