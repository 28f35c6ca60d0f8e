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
	r := New(0, 7)
	var mark Mark
	m := &msg.Message{Topic: []byte("plant/line"), Time: 90, QoS: 1, Retain: true}
	r.Event(100, 3, Connected, []byte("press"), 0)
	r.Outcome(100, 4, Sent, 17)
	r.Outcome(100, 5, Dropped|Shared, uint16(fault.QueueFull))
	r.Message(100, m, &Message{From: Client, Conn: 3, ID: 9, Stream: 2, Receivers: 2}, &mark)
	r.Acked(101, 4, 17)
	r.Message(101, m, &Message{From: Will, Publisher: []byte("gone"), Refused: true}, &mark)
	r.Message(101, m, &Message{From: Logged, At: msg.Position{Seq: 8, Index: 6}}, &mark)
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
	if from, forgot, bytes := r.Window(); from != 100 || forgot != 0 || bytes != SegmentSize {
		t.Error(from, forgot, bytes)
	}
}

// TestTheNewestIsThere writes many times what the ring holds: what is read is the end of
// what was written, whole, and what was forgotten is counted.
func TestTheNewestIsThere(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	r := New(3*SegmentSize, 1)
	marks := make([]Mark, 50)
	var wrote []string
	for n := range 20_000 {
		topic := fmt.Sprintf("t/%d/%s", n%50, strings.Repeat("x", n%50*15))
		for k := range n % 5 {
			r.Outcome(int64(n), uint32(k), Queued, uint16(n))
		}
		i := Message{From: Client, Conn: uint32(n + 1)}
		if rnd.IntN(3) == 0 {
			i.Conn, i.Publisher = 0, []byte(strings.Repeat("p", rnd.IntN(900)+1))
		}
		mark := &marks[n%50]
		if rnd.IntN(3) == 0 {
			mark = nil
		}
		r.Message(int64(n), &msg.Message{Topic: []byte(topic), Time: int64(n)}, &i, mark)
		wrote = append(wrote, fmt.Sprint(n+1, Cut(topic), i.Conn, Cut(string(i.Publisher)), n%5))
	}
	var read []string
	all, _ := r.Copy(0, 100)
	Read(all, &Visitor{Message: func(_ int64, m *Recorded) {
		read = append(read, fmt.Sprint(m.Number, string(m.Topic), m.Conn, string(m.Publisher), len(m.Outcomes)+m.Missing))
	}})
	_, forgot, bytes := r.Window()
	if int(forgot)+len(read) != len(wrote) || bytes != 3*SegmentSize {
		t.Errorf("%d forgotten and %d read of %d, %d bytes", forgot, len(read), len(wrote), bytes)
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
	r := New(0, 1)
	r.Message(1, &msg.Message{Topic: []byte(a)}, &Message{From: Inside}, nil)
	if got := told(r); !strings.Contains(got[0], Cut(a)) {
		t.Error(got)
	}
}

// BenchmarkMessage is one message with one outcome and its acknowledgement.
func BenchmarkMessage(b *testing.B) {
	r := New(16<<20, 1)
	var mark Mark
	m := &msg.Message{Topic: []byte("plant/line/press/state"), QoS: 1}
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		n++
		r.Outcome(n>>4, 4, Sent, 17)
		r.Message(n>>4, m, &Message{From: Client, Conn: 3, ID: 9}, &mark)
		r.Acked(n>>4, 4, 17)
	}
}
