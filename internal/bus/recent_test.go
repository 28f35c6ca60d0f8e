package bus

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/nats-io/nats.go"
)

// TestTheNewestAreKeptForReadersAtTheTail appends as a log does whose readers come and stay away.
func TestTheNewestAreKeptForReadersAtTheTail(t *testing.T) {
	var r recent
	has := func(step string, want map[uint64]bool) {
		t.Helper()
		for seq, there := range want {
			if got := r.find(seq); (got != nil) != there || there && string(got) != fmt.Sprint(seq) {
				t.Errorf("%s: entry %d is %q", step, seq, got)
			}
		}
	}
	keep := func(from, to uint64) {
		for seq := from; seq <= to; seq++ {
			r.keep(seq, fmt.Append(nil, seq))
		}
	}
	keep(1, 10)
	has("nobody reads", map[uint64]bool{1: false, 10: false})
	r.wanted(11)
	keep(11, 100)
	has("a reader that stays away", map[uint64]bool{11: true, 10 + recentAhead: true, 11 + recentAhead: false, 100: false})
	r.wanted(101)
	keep(101, 102)
	keep(104, 104) // 103 is a repeat's
	has("with a gap", map[uint64]bool{11: false, 14: true, 101: true, 103: false, 104: true, 105: false})
	keep(102, 102)
	has("told twice", map[uint64]bool{102: true, 104: true})
	r.purge(110)
	keep(105, 111)
	has("purged before it was told", map[uint64]bool{104: false, 110: false, 111: true})
	r.clear()
	has("cleared", map[uint64]bool{111: false})
	r.wanted(200)
	for seq := uint64(200); seq < 210; seq++ {
		r.keep(seq, make([]byte, recentBytes/4))
	}
	if r.bytes > recentBytes || len(r.entries) != 4 || r.find(209) == nil || r.find(205) != nil {
		t.Errorf("%d bytes of %d large entries", r.bytes, len(r.entries))
	}
}

func TestWhatIsKeptIsACopy(t *testing.T) {
	var r recent
	r.wanted(1)
	entry := []byte("before")
	r.keep(1, entry)
	copy(entry, "after!")
	if got := r.find(1); string(got) != "before" {
		t.Errorf("got %q", got)
	}
}

func TestAReaderAtTheTailAsksTheEngineNothing(t *testing.T) {
	b := start(t, Options{Dir: t.TempDir(), Durability: Process})
	l := openLog(t, b, LogConfig{Name: "telemetry"})
	e, asked := b.now.Load(), make(chan *nats.Msg, 1000)
	sub, err := e.calls.ChanSubscribe("$JS.API.DIRECT.GET.telemetry", asked)
	must(t, err)
	must(t, e.calls.Flush())
	got := make(chan string)
	go func() {
		_ = l.Read(t.Context(), 1, func(seq uint64, entry []byte) error {
			got <- fmt.Sprintf("%d %s", seq, entry)
			return nil
		})
	}()
	for l.recent.until.Load() == 0 { // it is on its way to the tail
		runtime.Gosched()
	}
	for i := range 200 {
		seq, err := appendWait(l, "", false, fmt.Appendf(nil, "entry %d", i))
		must(t, err)
		if want := fmt.Sprintf("%d entry %d", seq, i); <-got != want {
			t.Fatalf("want %q", want)
		}
	}
	must(t, e.reads.Publish("$JS.API.DIRECT.GET.telemetry", []byte("last"))) // behind all that was asked
	if m := <-asked; string(m.Data) != "last" {
		t.Errorf("the engine was asked for %s", m.Data)
	}
	must(t, sub.Unsubscribe())
}
