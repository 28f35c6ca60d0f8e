package feed

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/internal/broker/backlog"
	"github.com/millrace/millrace/internal/msg"
)

// wants sends x/… to loop 0, y/… to loop 1, and both to the groups that loop 1 keeps.
func wants(topic []byte) (loops, keepers []int) {
	switch topic[0] {
	case 'x':
		return []int{0}, []int{1}
	case 'y':
		return []int{1}, []int{1}
	}
	return nil, nil
}

// say is what each loop gets: where its piece ends, a mark, and its messages.
func say(pieces []*Piece) (all []string) {
	for to, p := range pieces {
		if p == nil {
			continue
		}
		line := fmt.Sprintf("%d to %v:", to, p.Next)
		if p.Marked {
			line += fmt.Sprintf(" mark %v at %d, forget %d", p.At, p.Mark, p.Forget)
		}
		p.Each(func(at msg.Position, m *msg.Message) bool {
			line += fmt.Sprintf(" %v %s", at, m.Topic)
			return true
		})
		all = append(all, line)
	}
	return all
}

// Each loop gets what it has readers for, each message once; it hears how far the tail is
// now and then; marks are for all.
func TestATailIsDealtToLoops(t *testing.T) {
	began := time.Unix(1000, 0)
	tail := NewTail(1, 3, backlog.Spacer{Step: backlog.Tally{Messages: 4}}, wants, func() uint64 { return 7 })
	tail.told = began
	seq, stamp := uint64(0), int64(0)
	for _, e := range []struct {
		topics string
		after  time.Duration
		want   []string
	}{
		{"x/1 y/1 z/1", 0, []string{"0 to 1:3: 1:0 x/1", "1 to 1:3: 1:0 x/1 1:1 y/1"}},
		{"z/1", 0, nil},
		{"$x/1 z/1", 0, []string{"0 to 3:2: mark 3:0 at 4, forget 7", "1 to 3:2: mark 3:0 at 4, forget 7", "2 to 3:2: mark 3:0 at 4, forget 7"}},
		{"y/2", time.Second, []string{"0 to 4:1:", "1 to 4:1: 4:0 y/2", "2 to 4:1:"}},
		{"z/1", time.Second, nil},
	} {
		var ms []msg.Message
		for _, name := range strings.Fields(e.topics) {
			stamp++
			ms = append(ms, msg.Message{Topic: []byte(name), QoS: 1, Time: stamp})
		}
		seq++
		pieces := tail.Take(msg.Position{Seq: seq}, ms, began.Add(e.after))
		if got := say(pieces); !slices.Equal(got, e.want) {
			t.Errorf("entry %d, %s: %q, want %q", seq, e.topics, got, e.want)
		}
	}
	tail = NewTail(1, 3, backlog.Spacer{}, wants, nil)
	tail.told = began
	if got := say(tail.Take(msg.Position{Seq: 1}, []msg.Message{{Topic: []byte("x/1")}}, began)); got != nil {
		t.Errorf("a message of QoS 0 comes: %q", got)
	}
}

// A loop remembers about a megabyte of the tail, and says from where on.
func TestALoopRemembersTheLastOfATail(t *testing.T) {
	var s Recent
	took := func(seq uint64, bytes int) {
		p := &Piece{Stream: 1, Last: int64(seq)}
		if p.Next = (msg.Position{Seq: seq, Index: 1}); bytes > 0 {
			p.Add(msg.Position{Seq: seq}, &msg.Message{Topic: []byte("x"), Payload: make([]byte, bytes)})
		}
		s.Took(p)
	}
	from := func(seq uint64) (seqs []uint64) {
		for p := range s.From(msg.Position{Seq: seq, Index: 1}) {
			seqs = append(seqs, p.Next.Seq)
		}
		return seqs
	}
	for seq := range uint64(5) {
		took(seq+1, recentBytes/3)
	}
	took(6, 0)
	if got := from(0); !slices.Equal(got, []uint64{4, 5}) || s.Reaches(msg.Position{Seq: 3}) || !s.Reaches(msg.Position{Seq: 3, Index: 1}) {
		t.Errorf("it has %d, from %v on", got, s.since)
	}
	if got := from(4); !slices.Equal(got, []uint64{5}) {
		t.Errorf("behind the fourth: %d", got)
	}
	if s.Next() != (msg.Position{Seq: 6, Index: 1}) || s.Mark() != (backlog.Mark{At: s.Next(), Time: 6}) {
		t.Errorf("it is at %v, %+v", s.Next(), s.Mark())
	}
	if s.Meet(9, 7); s.Next().Seq != 6 {
		t.Error("a piece is under way")
	}
	if s.Meet(9, 6); s.Next() != (msg.Position{Seq: 10}) {
		t.Error("it has taken all that was posted:", s.Next())
	}
	if s.Meet(3, 6); s.Next() != (msg.Position{Seq: 10}) {
		t.Error("it goes back:", s.Next())
	}
}
