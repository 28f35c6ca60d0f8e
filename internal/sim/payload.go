package sim

import "strconv"

// group is one of the three kinds of message a machine sends.
type group byte

const (
	process group = iota
	production
	condition
	groups = 3
)

var groupNames = [groups]string{"process", "production", "condition"}

// rhythm is the order in which a machine sends its groups.
var rhythm = [...]group{process, process, production, process, process, condition}

// PointsPerMessage is how many values each message holds beside its time stamp.
const PointsPerMessage = 5

// appendPayload appends the machine's readings as one JSON object. stamp is the
// value of ts, quoted where need be.
func (m *machine) appendPayload(dst []byte, g group, stamp []byte) []byte {
	dst = append(append(dst, `{"ts":`...), stamp...)
	switch g {
	case process:
		dst = m.appendProcess(dst)
	case production:
		dst = m.appendProduction(dst)
	default:
		dst = m.appendCondition(dst)
	}
	return append(dst, '}')
}

func (m *machine) appendProcess(dst []byte) []byte {
	for i := range m.kind.process {
		x := &m.kind.process[i]
		dst = appendNumber(dst, x.name, m.value(x), x.decimals)
	}
	return dst
}

// value reads a metric. What speed drives shows material and wear only as far as
// the machine moves, and without a base is still when it stands.
func (m *machine) value(x *metric) float64 {
	noise := x.noise * m.rand.noise()
	product := x.shift*m.shift + x.wear*m.wear*m.wear
	if x.speed != 0 {
		product *= m.speed
	}
	if x.base == 0 {
		noise *= m.speed
	}
	return x.base + x.heat*m.heat + x.speed*m.speed + product + noise
}

func (m *machine) appendProduction(dst []byte) []byte {
	dst = strconv.AppendUint(appendKey(dst, "good"), m.good, 10)
	dst = strconv.AppendUint(appendKey(dst, "scrap"), m.scrap, 10)
	dst = appendNumber(dst, "scrap_rate", 100*m.scrapRate, 2)
	dst = strconv.AppendInt(append(appendKey(dst, "batch"), `"B`...), int64(100_000+m.batch), 10)
	dst = append(dst, '"')
	return appendText(dst, "shift", shiftNames[shiftIndex(m.now)])
}

func (m *machine) appendCondition(dst []byte) []byte {
	dst = appendText(dst, "state", stateNames[m.state])
	dst = strconv.AppendBool(appendKey(dst, "running"), m.state == running)
	dst = appendNumber(dst, "wear", 100*min(m.wear, 1), 1)
	dst = appendNumber(dst, "vibration", 0.3+m.speed*(1.1+5*m.wear*m.wear)+0.05*m.rand.noise(), 2)
	return appendNumber(dst, "power", m.kind.power*(0.08+0.35*(1-m.heat)+m.speed*(0.8+0.2*m.wear)+0.01*m.rand.noise()), 2)
}

func appendKey(dst []byte, key string) []byte {
	dst = append(append(dst, ',', '"'), key...)
	return append(dst, '"', ':')
}

func appendText(dst []byte, key, v string) []byte {
	dst = append(appendKey(dst, key), '"')
	return append(append(dst, v...), '"')
}

var powers = [...]float64{1, 10, 100, 1000, 10000}

// appendNumber appends v with a fixed number of decimals, rounded.
func appendNumber(dst []byte, key string, v float64, decimals int) []byte {
	dst = appendKey(dst, key)
	n := uint64(max(v, -v)*powers[decimals] + 0.5)
	if v < 0 && n > 0 {
		dst = append(dst, '-')
	}
	unit := uint64(powers[decimals])
	dst = strconv.AppendUint(dst, n/unit, 10)
	if decimals == 0 {
		return dst
	}
	dst = append(dst, '.')
	for rest := n % unit; unit > 1; {
		unit /= 10
		dst = append(dst, byte('0'+rest/unit))
		rest %= unit
	}
	return dst
}
