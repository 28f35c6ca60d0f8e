package sim

// state of a machine.
type state byte

const (
	warmUp state = iota
	running
	starved
	blocked
	changeover
	failed
)

var stateNames = [...]string{"warm-up", "running", "starved", "blocked", "changeover", "fault"}

const (
	lineRate      = 5.0   // parts a second of a line at full speed
	bufferSize    = 900.0 // parts that fit in front of a machine
	bufferStart   = 120.0
	batchSeconds  = 900.0 // of mixing
	shiftSeconds  = 8 * 3600.0
	handOver      = 300.0 // seconds at the begin of a shift
	toolAlmost    = 0.9   // wear at which a tool is changed when nothing may fail
	chanceFault   = 1 / 14400.0
	baseScrap     = 0.004
	worstScrap    = 0.6
	upstreamShare = 0.6 // of the shift that comes with the material
)

// machine is one machine; times are in seconds of the model.
type machine struct {
	kind   *kind
	number int
	rand   random
	up     *machine   // whose parts it takes; nil at the head of the line
	down   []*machine // who takes its parts
	share  float64    // of the line's rate
	faults float64    // how willing it is to fail

	state                    state
	now, until               float64 // when it was last stepped; when its state ends
	heat, speed, wear, drift float64
	shift, deviation         float64 // of its product: signed, and in all
	buffer                   float64 // parts waiting in front of it
	partGood, partScrap      float64 // fractions not yet counted
	good, scrap              uint64
	scrapRate                float64 // of the last minutes, 0 to 1
	batch, lot               int     // batch in work; batch it was told of
	lotShift                 float64 // the batch's own deviation, at the mixer
	lotAt                    float64 // when the batch in work changes
	sent                     int     // messages made
}

// step moves the machine to the model time t.
func (m *machine) step(t float64) {
	dt := t - m.now
	if dt <= 0 {
		return
	}
	m.now = t
	m.advanceBatch(dt)
	m.advanceState(dt)
	m.advancePhysics(dt)
	m.produce(dt)
}

// approach moves v towards target with the time constant tau.
func approach(v, target, dt, tau float64) float64 { return v + (target-v)*(dt/(tau+dt)) }

// advanceBatch begins batches at the mixer; each later machine follows a minute
// after the one before it.
func (m *machine) advanceBatch(dt float64) {
	if m.up == nil {
		if m.now >= m.lotAt {
			m.lotAt = m.now + batchSeconds*(0.8+0.4*m.rand.unit())
			m.lotShift = 0.5 * m.rand.noise()
			m.changeBatch(m.batch + 1)
		}
		return
	}
	if m.up.batch != m.lot {
		m.lot, m.lotAt = m.up.batch, m.now+60
	}
	if m.lot != m.batch && m.now >= m.lotAt {
		m.changeBatch(m.lot)
	}
}

func (m *machine) changeBatch(to int) {
	first := m.batch == 0
	m.batch = to
	m.drift *= 0.3 // set up anew
	if m.state == running && !first {
		m.enter(changeover, 10+20*m.rand.unit())
	}
}

func (m *machine) enter(s state, seconds float64) { m.state, m.until = s, m.now+seconds }

// advanceState decides what the machine does.
func (m *machine) advanceState(dt float64) {
	switch m.state {
	case warmUp:
		if m.heat > 0.97 {
			m.enter(running, 0)
		}
	case failed:
		if m.now >= m.until {
			m.wear, m.drift = 0, 0
			m.enter(warmUp, 0)
		}
	case changeover:
		if m.now >= m.until {
			m.enter(running, 0)
		}
	default:
		m.flow()
		m.maybeFail(dt)
	}
}

// flow tells running from starved and blocked, with some hysteresis.
func (m *machine) flow() {
	full := len(m.down) > 0
	for _, d := range m.down {
		full = full && d.buffer > bufferSize
	}
	switch {
	case m.up != nil && m.buffer < 5*m.share:
		m.state = starved
	case full:
		m.state = blocked
	case m.state == starved && m.buffer < 40*m.share:
	default:
		m.state = running
	}
}

// maybeFail lets a worn tool end in a fault, or a running machine fail by chance.
// Where nothing may fail, a worn tool is changed in time.
func (m *machine) maybeFail(dt float64) {
	if m.faults <= 0 {
		if m.wear >= toolAlmost {
			m.wear = 0
			m.enter(changeover, 60)
		}
		return
	}
	if m.wear >= 1 || m.state == running && m.rand.unit() < m.faults*chanceFault*dt {
		m.enter(failed, 120+240*m.rand.unit())
	}
}

// advancePhysics moves temperature, speed, wear and drift.
func (m *machine) advancePhysics(dt float64) {
	heat, speed := 1.0, 0.0
	if m.state == failed {
		heat = 0.6
	}
	if m.state == running {
		speed, _ = shiftAt(m.now)
	}
	m.heat = approach(m.heat, heat, dt, m.kind.warmUp)
	m.speed = approach(m.speed, speed, dt, 8)
	m.wear += m.speed * dt / m.kind.life * (0.7 + 0.6*m.rand.unit()) * max(m.faults, 0.5)
	m.drift += 0.004 * m.rand.noise() * min(dt, 60)
	m.drift = min(max(m.drift, -1), 1)
	m.shift = m.lotShift + m.drift
	if m.up != nil {
		m.shift += upstreamShare * m.up.shift
	}
	cold := 1 - m.heat
	m.deviation = max(m.shift, -m.shift) + 0.9*m.wear*m.wear + 4*cold*cold
}

// produce moves parts from the buffer in front to the buffers behind.
func (m *machine) produce(dt float64) {
	parts := m.speed * m.share * lineRate * dt
	if m.up != nil {
		parts = min(parts, m.buffer)
		m.buffer -= parts
	}
	_, extra := shiftAt(m.now)
	bad := m.deviation
	if m.up != nil {
		bad += 0.4 * m.up.deviation
	}
	rate := min(baseScrap+extra+0.03*bad*bad, worstScrap)
	m.scrapRate = approach(m.scrapRate, rate, dt, 120)
	m.count(parts, rate)
}

func (m *machine) count(parts, rate float64) {
	m.partScrap += parts * rate
	m.partGood += parts * (1 - rate)
	scrap, good := uint64(m.partScrap), uint64(m.partGood)
	m.partScrap -= float64(scrap)
	m.partGood -= float64(good)
	m.scrap += scrap
	m.good += good
	m.pass(parts * (1 - rate))
}

// pass shares good parts among the machines behind that have room.
func (m *machine) pass(parts float64) {
	open := 0
	for _, d := range m.down {
		if d.buffer <= bufferSize {
			open++
		}
	}
	for _, d := range m.down {
		if d.buffer <= bufferSize {
			d.buffer += parts / float64(open)
		}
	}
}

var shiftNames = [...]string{"early", "late", "night"}

func shiftIndex(t float64) int { return int(t/shiftSeconds) % len(shiftNames) }

// shiftAt is how fast people work at that time and how much more scrap they make.
// The model begins with the early shift.
func shiftAt(t float64) (speed, scrap float64) {
	i := shiftIndex(t)
	speed = [...]float64{1, 0.98, 0.93}[i]
	scrap = [...]float64{0, 0.001, 0.004}[i]
	if into := t - float64(int(t/shiftSeconds))*shiftSeconds; t >= shiftSeconds && into < handOver {
		speed *= 0.6
	}
	return speed, scrap
}
