package sim

import (
	"fmt"
	"strconv"
	"time"

	"github.com/millrace/millrace/internal/mqtt/topic"
)

// PlantOptions are what the model depends on, and all it depends on.
type PlantOptions struct {
	// Devices is how many machines there are; 0 is 40, two lines.
	Devices int
	// Rate is messages a second of all machines together; 0 is 2 for each.
	Rate float64
	// Seed chooses the data.
	Seed uint64
	// Faults is how willing machines are to fail: 1 is normal, 0 is never.
	Faults float64
	// Speed is how many seconds of plant life pass in one second; 0 is 10.
	Speed float64
	// Start is the time stamp of the first message.
	Start time.Time
	// EpochMS stamps milliseconds since 1970 in place of RFC 3339.
	EpochMS bool
	// Enterprise begins the topics, as their first level; empty is "volta". It is
	// part of a topic name, and brokers keep names that begin with $ to themselves.
	Enterprise string
}

// mostPerDevice is how many messages a second a device may send: time stamps have
// milliseconds, and no two of a topic may be alike.
const mostPerDevice = 1000

// longestEnterprise is how many bytes the topics' first level may have.
const longestEnterprise = 1024

func (o *PlantOptions) defaults() error {
	if o.Devices == 0 {
		o.Devices = 2 * perLine
	}
	if o.Rate == 0 {
		o.Rate = 2 * float64(o.Devices)
	}
	if o.Speed == 0 {
		o.Speed = 10
	}
	if o.Enterprise == "" {
		o.Enterprise = "volta"
	}
	switch {
	case o.Devices < 0 || o.Devices > 1_000_000:
		return fmt.Errorf("sim: %d devices: must be 1 to 1,000,000", o.Devices)
	case !(o.Rate > 0 && o.Rate <= mostPerDevice*float64(o.Devices)):
		return fmt.Errorf("sim: rate %g: must be above 0 and at most %d messages/s a device (%d)", o.Rate, mostPerDevice, mostPerDevice*o.Devices)
	case !(o.Speed > 0 && o.Speed <= 3600):
		return fmt.Errorf("sim: speed %g: must be above 0 and at most 3600", o.Speed)
	case !(o.Faults >= 0 && o.Faults <= 1000):
		return fmt.Errorf("sim: faults %g: must be 0 to 1000", o.Faults)
	case len(o.Enterprise) > longestEnterprise:
		return fmt.Errorf("sim: enterprise: must have at most %d bytes", longestEnterprise)
	case topic.ValidName([]byte(o.Enterprise)) != nil || o.Enterprise[0] == '$':
		return fmt.Errorf("sim: enterprise %q: must be text without +, # and NUL that does not begin with $", o.Enterprise)
	}
	return nil
}

// Plant is the model. It is not safe for use by several goroutines.
type Plant struct {
	o        PlantOptions
	machines []*machine
	topics   [][]byte // groups for each machine
	start    int64    // ns since 1970
	next     int64    // number of the next message
	second   int64    // whose stamp is cached
	stamp    []byte
}

// Message is one reading. Topic and Payload are valid until the next one is made.
type Message struct {
	// Device is the machine's index, TopicIndex that of Topic in [Plant.Topics].
	Device, TopicIndex int
	Topic              []byte
	Payload            []byte
	// Time is the time stamp, ns since 1970 UTC, a whole millisecond.
	Time int64
}

// NewPlant builds the factory.
func NewPlant(o PlantOptions) (*Plant, error) {
	if err := o.defaults(); err != nil {
		return nil, err
	}
	p := &Plant{o: o, start: o.Start.UnixMilli() * int64(time.Millisecond), second: -1 << 62}
	for line := 0; len(p.machines) < o.Devices; line++ {
		p.addLine(line, min(perLine, o.Devices-len(p.machines)))
	}
	return p, nil
}

// addLine builds a line of n machines: one of each station first, so that a short
// line is still a line.
func (p *Plant) addLine(line, n int) {
	var stations [len(kinds)][]*machine
	for round := 0; n > 0; round++ {
		for k := range kinds {
			if round >= kinds[k].perLine || n == 0 {
				continue
			}
			m := p.addMachine(line, &kinds[k], round+1)
			stations[k] = append(stations[k], m)
			n--
		}
	}
	connect(stations[:])
}

func (p *Plant) addMachine(line int, k *kind, number int) *machine {
	index := len(p.machines)
	m := &machine{kind: k, number: number, rand: newRandom(p.o.Seed, index), faults: p.o.Faults, buffer: bufferStart}
	m.wear = 0.6 * m.rand.unit()
	m.heat = 0.3 * m.rand.unit()
	p.machines = append(p.machines, m)
	const linesPerSite = 10
	for _, g := range groupNames {
		p.topics = append(p.topics, fmt.Appendf(nil, "%s/plant%d/%s/line%d/%s/%s%d/%s",
			p.o.Enterprise, 1+line/linesPerSite, k.area, 1+line%linesPerSite, k.cell, k.name, number, g))
	}
	return m
}

// connect gives each machine one of the station before it to follow, and each of
// those somebody to pass its parts to.
func connect(stations [][]*machine) {
	var before []*machine
	for _, now := range stations {
		for i, m := range now {
			m.share = 1 / float64(len(now))
			if len(before) > 0 {
				m.up = before[i%len(before)]
				m.up.down = append(m.up.down, m)
			}
		}
		if len(now) == 0 {
			continue
		}
		for i := len(now); i < len(before); i++ {
			before[i].down = append(before[i].down, now[i%len(now)])
		}
		before = now
	}
}

// Devices is how many machines there are.
func (p *Plant) Devices() int { return len(p.machines) }

// Topics are all topics the plant publishes to, by [Message.TopicIndex].
func (p *Plant) Topics() [][]byte { return p.topics }

// Kind is the kind of machine a device is, such as "coater".
func (p *Plant) Kind(device int) string { return p.machines[device].kind.name }

// Due is how long after the start message i is to be sent.
func (p *Plant) Due(i int64) time.Duration {
	return time.Duration(float64(i)/p.o.Rate*float64(time.Second) + 0.5)
}

// Next makes the next message.
func (p *Plant) Next(msg *Message) {
	i := p.next
	p.next++
	due := p.Due(i)
	device := int(i % int64(len(p.machines)))
	m := p.machines[device]
	m.step(due.Seconds() * p.o.Speed)
	g := rhythm[(m.sent+device)%len(rhythm)]
	m.sent++
	msg.Device, msg.TopicIndex = device, device*groups+int(g)
	msg.Topic = p.topics[msg.TopicIndex]
	ms := (p.start + int64(due)) / int64(time.Millisecond)
	msg.Time = ms * int64(time.Millisecond)
	msg.Payload = m.appendPayload(msg.Payload[:0], g, p.stampOf(ms))
}

// stampOf writes the time stamp; the part down to the second is kept.
func (p *Plant) stampOf(ms int64) []byte {
	if p.o.EpochMS {
		p.stamp = strconv.AppendInt(p.stamp[:0], ms, 10)
		return p.stamp
	}
	second, rest := ms/1000, ms%1000
	const fixed = len(`"2006-01-02T15:04:05.`)
	if second != p.second {
		p.second = second
		p.stamp = time.Unix(second, 0).UTC().AppendFormat(p.stamp[:0], `"2006-01-02T15:04:05.`)
	}
	p.stamp = append(p.stamp[:fixed], byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10), 'Z', '"')
	return p.stamp
}
