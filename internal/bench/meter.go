package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/millrace/millrace/internal/mqtt/packet"
)

const (
	slowest = int64(10 * time.Minute)
	digits  = 3 // significant decimal digits of a percentile
)

// meter is one loop's counters and histograms.
type meter struct {
	counts
	measuring bool
	latency   *hdrhistogram.Histogram // due → received
	puback    *hdrhistogram.Histogram // due → acknowledged
	connect   *hdrhistogram.Histogram // due → CONNACK
	lateness  int64                   // how late we sent at most, ns, while measuring
	last      int64                   // when the last delivery came, ns since 1970
}

// counts only grow.
type counts struct {
	sent, acked, received uint64
	refused               uint64 // acknowledged with an error
	strange               uint64 // packets that fit nothing
	stalls                uint64 // times a closed loop went on without a delivery
	connected, failed     uint64
	retired               uint64 // connections that we ended, to come again
	bytesIn, bytesOut     uint64
	fallen                uint64 // connections that were lost and are to come back
	again                 uint64 // messages published once more
	forgotten             uint64 // sessions that the broker has not kept
}

func newMeter() meter {
	h := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, slowest, digits) }
	return meter{latency: h(), puback: h(), connect: h()}
}

func record(h *hdrhistogram.Histogram, ns int64) {
	// A value within the histogram's range is never refused.
	_ = h.RecordValue(min(max(ns, 1), slowest))
}

func (m *meter) delivery(ns int64) {
	m.received++
	if m.measuring {
		record(m.latency, ns)
	}
}

func (m *meter) ack(ns int64, reason byte) {
	m.acked++
	if reason >= packet.UnspecifiedError {
		m.refused++
	}
	if m.measuring {
		record(m.puback, ns)
	}
}

func (m *meter) late(ns int64) {
	if m.measuring {
		m.lateness = max(m.lateness, ns)
	}
}

func (c counts) plus(o counts) counts {
	return counts{
		sent: c.sent + o.sent, acked: c.acked + o.acked, received: c.received + o.received,
		refused: c.refused + o.refused, strange: c.strange + o.strange, stalls: c.stalls + o.stalls,
		connected: c.connected + o.connected, failed: c.failed + o.failed, retired: c.retired + o.retired,
		bytesIn: c.bytesIn + o.bytesIn, bytesOut: c.bytesOut + o.bytesOut,
		fallen: c.fallen + o.fallen, again: c.again + o.again, forgotten: c.forgotten + o.forgotten,
	}
}
