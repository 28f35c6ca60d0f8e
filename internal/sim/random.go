package sim

// random is a small generator of its own (SplitMix64), so that a seed means the
// same data for ever.
type random uint64

func newRandom(seed uint64, part int) random {
	r := random(seed ^ 0x9E3779B97F4A7C15*uint64(part+1))
	r.next()
	return r
}

func (r *random) next() uint64 {
	*r += 0x9E3779B97F4A7C15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// unit is uniform in [0, 1).
func (r *random) unit() float64 { return float64(r.next()>>11) / (1 << 53) }

// noise is bell-shaped around 0 with a standard deviation of about 1: the sum of
// four uniform parts of one draw.
func (r *random) noise() float64 {
	z := r.next()
	sum := int64(z&0xFFFF) + int64(z>>16&0xFFFF) + int64(z>>32&0xFFFF) + int64(z>>48)
	return float64(sum-2*0xFFFF) * (1.732 / 65536)
}
