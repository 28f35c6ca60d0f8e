package recorder

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/millrace/millrace/internal/fault"
	"github.com/millrace/millrace/internal/msg"
)

func told(r *Ring) (lines []string) {
	var all []Segment
	for after, more := uint64(0), true; more; after = all[len(all)-1].Number {
		var some []Segment
		some, more = r.Copy(after, 3)
		all = append(all, some...)
	}
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	Read(all, &Visitor{
		Message: func(at int64, m *Recorded) {
			say("%d: message %d %s by %d%s id %d of %d, stream %d at %v, refused %v %v: %v", at, m.Number, m.Topic, m.Conn, m.Publisher, m.ID, m.Time, m.Stream, m.At, m.Refused, m.Code, m.Outcomes)
		},
		Acked: func(at int64, conn uint32, id uint16) { say("%d: acked %d by %d", at, id, conn) },
		Sent: func(at int64, conn uint32, id uint16, since int64) {
			say("%d: sent %d to %d since %d", at, id, conn, since)
		},
		Lost: func(at int64, conn uint32, code fault.Code, n int, topic []byte, since int64) {
			say("%d: lost %d of %d since %d: %s, %v", at, n, conn, since, topic, code)
		},
		Event: func(at int64, conn uint32, what What, text []byte, code fault.Code) {
			say("%d: event %d of %d: %s, %v", at, what, conn, text, code)
		},
	})
	return lines
}

func TestWhatIsNotedIsRead(t *testing.T) {
	r := New(0, 7, 100)
	var mark Mark
	m := &msg.Message{Topic: []byte("plant/line"), Time: 90, QoS: 1, Retain: true}
	r.Event(100, 3, Connected, []byte("press"), 0)
	r.Outcome(4, Sent, 17)
	r.Outcome(5, Dropped|Shared, uint16(fault.QueueFull))
	r.Message(100, m, Heading(Client, m, 9, 2), 3, 2, &mark)
	r.Acked(101, 4, 17)
	m.Publisher = []byte("gone")
	r.MessageBy(101, m, Heading(Will, m, 0, 0).Because(fault.Internal), 0, &mark)
	r.Logged(101, m, 0, msg.Position{Seq: 8, Index: 6}, &mark)
	r.Sent(102, 5, 18, 88)
	r.Lost(102, 5, fault.Expired, 1, m.Topic, 80)
	r.Lost(102, 5, fault.MemoryGuard, 70000, nil, 0)
	want := `100: event 1 of 3: press, internal
100: message 7 plant/line by 3 id 9 of 90, stream 2 at 0:0, refused false internal: [{4 0 false 17 internal} {5 2 true 0 queue_full}]
101: acked 17 by 4
101: message 8 plant/line by 0gone id 0 of 90, stream 0 at 0:0, refused true internal: []
101: message 9 plant/line by 0 id 0 of 90, stream 0 at 8:6, refused false internal: []
102: sent 18 to 5 since 88
102: lost 1 of 5 since 80: plant/line, expired
102: lost 70000 of 5 since 0: , memory_guard`
	if got := strings.Join(told(r), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if from, forgot := r.Window(); from != 100 || forgot != 0 || len(r.segments) != 1 {
		t.Error(from, forgot)
	}
}

// TestTheNewestIsThere writes many times what the ring holds: what is read is the end of
// what was written, whole, and what was forgotten is counted.
func TestTheNewestIsThere(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	r := New(3*SegmentSize, 1, 0)
	marks := make([]Mark, 50)
	var wrote []string
	for n := range 20_000 {
		topic := fmt.Sprintf("t/%d/%s", n%50, strings.Repeat("x", n%50*15))
		for k := range n % 5 {
			r.Outcome(uint32(k), Queued, uint16(n))
		}
		m, conn := &msg.Message{Topic: []byte(topic), Time: int64(n)}, uint32(n+1)
		if rnd.IntN(3) == 0 {
			conn, m.Publisher = 0, []byte(strings.Repeat("p", rnd.IntN(900)+1))
		}
		mark := &marks[n%50]
		if rnd.IntN(3) == 0 {
			mark = nil
		}
		if conn == 0 {
			r.MessageBy(int64(n), m, Heading(Inside, m, 0, 0), 0, mark)
		} else {
			r.Message(int64(n), m, Heading(Client, m, 0, 0), conn, 0, mark)
		}
		wrote = append(wrote, fmt.Sprint(n+1, Cut(topic), conn, Cut(string(m.Publisher)), n%5))
	}
	var read []string
	all, _ := r.Copy(0, 100)
	Read(all, &Visitor{Message: func(_ int64, m *Recorded) {
		read = append(read, fmt.Sprint(m.Number, string(m.Topic), m.Conn, string(m.Publisher), len(m.Outcomes)+m.Missing))
	}})
	_, forgot := r.Window()
	if int(forgot)+len(read) != len(wrote) || len(r.segments) != 3 {
		t.Errorf("%d forgotten and %d read of %d, %d segments", forgot, len(read), len(wrote), len(r.segments))
	}
	for i, line := range wrote[len(wrote)-len(read):] {
		if read[i] != line {
			t.Fatalf("message %d is\n%s, not\n%s", i, read[i], line)
		}
	}
}

func TestTextsAreCut(t *testing.T) {
	a, b := strings.Repeat("a", 5000), strings.Repeat("a", 5000)+"b"
	if Cut(a) == Cut(b) || len(Cut(a)) > longestText || Cut("short") != "short" {
		t.Error(Cut(a), Cut(b))
	}
	r := New(0, 1, 0)
	m := &msg.Message{Topic: []byte(a)}
	r.Message(1, m, Heading(Inside, m, 0, 0), 0, 0, nil)
	if got := told(r); !strings.Contains(got[0], Cut(a)) {
		t.Error(got)
	}
}

// TestRunsAreWhatWasWritten writes messages that are often alike, some of one kind again
// and again, and reads each of them as it was.
func TestRunsAreWhatWasWritten(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	rnd := rand.New(rand.NewPCG(seed, 2))
	r := New(100*SegmentSize, 1, 0)
	marks := make([]Mark, 2)
	var in, out, acked uint16 = 65_000, 65_300, 65_500
	var wrote []string
	number, now := 0, int64(0)
	for range 40_000 {
		if rnd.IntN(50) == 0 {
			now++
		}
		if rnd.IntN(5) == 0 {
			acked = max(acked+1, 1)
			if rnd.IntN(10) == 0 {
				acked++
			}
			r.Acked(now, 4, acked)
			wrote = append(wrote, fmt.Sprint("acked ", now, acked))
			continue
		}
		which, qos, receivers := rnd.IntN(20)/19, byte(rnd.IntN(10)/9), uint32(rnd.IntN(30)/29)
		m := &msg.Message{Topic: fmt.Append(nil, "topic/", which), Time: now, QoS: qos}
		line := ""
		for k := range rnd.IntN(10) / 4 {
			o, detail := Sent, uint16(0)
			if qos > 0 {
				out = max(out+1, 1)
				detail = out
			}
			if rnd.IntN(20) == 0 {
				o, detail = Dropped, 7
			}
			r.Outcome(uint32(k), o, detail)
			line += fmt.Sprint(" ", k, o, detail)
		}
		id := uint16(0)
		if qos > 0 {
			in = max(in+1, 1)
			id = in
		}
		r.Message(now, m, Heading(Client, m, id, 0), 3, receivers, &marks[which])
		number++
		wrote = append(wrote, fmt.Sprint("message ", number, now, which, qos, receivers, id, line))
	}
	var read []string
	all, _ := r.Copy(0, 100)
	Read(all, &Visitor{
		Message: func(at int64, m *Recorded) {
			line := ""
			for _, o := range m.Outcomes {
				line += fmt.Sprint(" ", o.Conn, o.Outcome, o.ID+uint16(o.Code))
			}
			read = append(read, fmt.Sprint("message ", m.Number, at, string(m.Topic[len("topic/"):]), m.QoS, m.Receivers, m.ID, line))
		},
		Acked: func(at int64, _ uint32, id uint16) { read = append(read, fmt.Sprint("acked ", at, id)) },
	})
	for i := range min(len(read), len(wrote)) {
		if strings.ReplaceAll(read[i], " ", "") != strings.ReplaceAll(wrote[i], " ", "") {
			t.Fatalf("record %d is\n%s, not\n%s", i, read[i], wrote[i])
		}
	}
	if len(read) != len(wrote) {
		t.Fatalf("%d of %d", len(read), len(wrote))
	}
	if bytes := len(r.segments) * SegmentSize; bytes >= len(wrote)*messageSize {
		t.Errorf("%d bytes for %d records: no runs", bytes, len(wrote))
	}
}

// BenchmarkMessage is one message with one outcome and its acknowledgement; in bursts of 64,
// one like the other, and each of its own.
func BenchmarkMessage(b *testing.B) {
	for name, alike := range map[string]int64{"bursts": 6, "single": 0} {
		b.Run(name, func(b *testing.B) {
			r := New(16<<20, 1, 0)
			var mark Mark
			m := &msg.Message{Topic: []byte("plant/line/press/state"), QoS: 1}
			b.ReportAllocs()
			n := int64(0)
			for b.Loop() {
				n++
				m.Time = n >> alike
				r.Outcome(4, Sent, uint16(n))
				r.Message(m.Time, m, Heading(Client, m, uint16(n), 0), 3, 1, &mark)
				if alike == 0 {
					r.Acked(m.Time, 4, uint16(n))
				}
			}
		})
	}
}
