package feed

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

// A run has what was picked, whether it holds the entry or copies of a few of its messages.
func TestARunHasWhatWasPicked(t *testing.T) {
	var entry []msg.Message
	bytes := 0
	for i := range 20 {
		m := msg.Message{Topic: fmt.Appendf(nil, "t/%d", i), Payload: make([]byte, 100), QoS: 1, Time: int64(100 - i%3)}
		entry = append(entry, m)
		bytes += m.Bytes()
	}
	for _, picks := range [][]uint32{{3}, {0, 7, 19}, {1, 2, 3, 4, 5, 6, 7, 8, 9}} {
		var r Run
		r.Pick(msg.Position{Seq: 5, Index: 2}, entry, picks, bytes)
		if r.Count() != len(picks) {
			t.Fatalf("%d of %d", r.Count(), len(picks))
		}
		if few := len(picks) < 5; few != (r.Size < bytes) {
			t.Errorf("a run of %d messages holds %d bytes of %d", len(picks), r.Size, bytes)
		}
		n := 0
		r.Each(func(at msg.Position, m *msg.Message) bool {
			i := picks[n]
			if want := (msg.Position{Seq: 5, Index: 2 + i}); at != want || string(m.Topic) != string(entry[i].Topic) || m.Time < entry[i].Time {
				t.Errorf("%v %s, want %v %s", at, m.Topic, want, entry[i].Topic)
			}
			n++
			return true
		})
		if n != len(picks) {
			t.Errorf("%d of %d are shown", n, len(picks))
		}
	}
}
