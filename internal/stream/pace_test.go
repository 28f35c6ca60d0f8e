package stream

import (
	"math/rand/v2"
	"testing"
)

// line is a log that answers after a fixed time, fed by publishers of a kind; it
// counts entries and waiting under the pacer alone.
type line struct {
	pacer
	now      int64
	waiting  int
	inFlight []int64 // when each is answered
	entries  int
	messages int
	worst    int64 // ns that a first message waited to be sent
	since    int64
}

const answerTime = 150_000 // ns

// until lets time pass to t, sending whenever the pacer says so.
func (l *line) until(t int64) {
	for l.now < t {
		for len(l.inFlight) > 0 && l.inFlight[0] <= l.now {
			l.inFlight = l.inFlight[1:]
		}
		if l.waiting > 0 && len(l.inFlight) < maxInFlight && l.wait(l.now, l.waiting, 0) == 0 {
			l.worst = max(l.worst, l.now-l.since)
			l.sent(l.now)
			l.inFlight = append(l.inFlight, l.now+answerTime)
			l.entries++
			l.waiting = 0
		}
		l.now += 1000
	}
}

func (l *line) publish() {
	l.arrived(l.now, 1, l.waiting > 0 || len(l.inFlight) > 0)
	if l.waiting == 0 {
		l.since = l.now
	}
	l.waiting++
	l.messages++
}

func TestALonePublisherNeverWaits(t *testing.T) {
	l := line{now: 1e9}
	for range 2000 {
		l.publish()
		l.until(l.now + answerTime + 40_000) // the next follows the answer
	}
	if l.worst > 0 || l.entries != l.messages {
		t.Fatalf("%d entries for %d messages, worst wait %d ns", l.entries, l.messages, l.worst)
	}
}

func TestACrowdSharesEntries(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	l := line{now: 1e9}
	for range 20_000 {
		l.publish()
		l.until(l.now + int64(r.ExpFloat64()*100_000)) // 10,000 messages a second
	}
	perEntry := float64(l.messages) / float64(l.entries)
	if perEntry < 4 || l.worst > spacing+1000 {
		t.Fatalf("%.1f messages an entry, worst wait %d ns", perEntry, l.worst)
	}
}

func TestAFewSlowPublishersAreNotSpaced(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	l := line{now: 1e9}
	for range 5000 {
		l.publish()
		l.until(l.now + int64(r.ExpFloat64()*1e6)) // 1,000 messages a second
	}
	if l.worst > spacing || float64(l.entries) < 0.8*float64(l.messages) {
		t.Fatalf("%d entries for %d messages, worst wait %d ns", l.entries, l.messages, l.worst)
	}
}

func TestALoneOneAfterACrowdIsSoonUnspaced(t *testing.T) {
	l := line{now: 1e9}
	for range 5000 {
		l.publish()
		l.until(l.now + 20_000)
	}
	if !l.crowd() {
		t.Fatal("50,000 messages a second are no crowd")
	}
	l.until(l.now + 2_000_000)
	n := 0
	for ; l.crowd(); n++ {
		l.publish()
		l.until(l.now + 1_000_000)
	}
	if n > 40 {
		t.Fatalf("spaced for %d messages more", n)
	}
}

func TestEnoughGoesAtOnce(t *testing.T) {
	p := pacer{lastSend: 1000, rate: 1, overlap: 1, lastArrival: 1000}
	for _, c := range []struct {
		name            string
		now             int64
		messages, bytes int
		wait            int64
	}{
		{"few", 1000, 1, 100, spacing},
		{"few, later", 1000 + 100_000, 1, 100, spacing - 100_000},
		{"few, after the spacing", 1000 + spacing, 1, 100, 0},
		{"many", 1000, enough, 100, 0},
		{"large", 1000, 1, enoughBytes, 0},
	} {
		if got := p.wait(c.now, c.messages, c.bytes); got != c.wait {
			t.Errorf("%s: wait %d, want %d", c.name, got, c.wait)
		}
	}
}
