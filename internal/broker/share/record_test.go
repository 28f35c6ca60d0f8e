package share

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/millrace/millrace/internal/msg"
)

var limits = Limits{Messages: 10, Bytes: 1 << 20}

// first gives every message to the oldest member.
func first(free []*Member[int], _ *msg.Message) *Member[int] { return free[0] }

// sample is a group that has taken five messages, of which one is acknowledged, one is with
// a member and three wait.
func sample() *Group[int] {
	g := New[int](limits, []Place{{1, at(0)}, {2, at(7)}})
	g.Here(1, 2)
	for n := range 5 {
		g.Take(Place{1, at(n)}, &msg.Message{Topic: []byte("t")})
	}
	for range 2 {
		g.Next(first)
	}
	g.Ack(1, Place{1, at(0)})
	return g
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	g := sample()
	if !g.Changed() {
		t.Error("nothing has changed")
	}
	b := g.Append(nil)
	again, err := Read[int](limits, b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Append(nil), b) || g.Changed() {
		t.Error("it is another")
	}
	if got := []msg.Position{again.From(1), again.Needed(1), again.From(2)}; !reflect.DeepEqual(got, []msg.Position{at(1), at(1), at(7)}) {
		t.Errorf("%v", got)
	}
	for n := range b {
		if _, err := Read[int](limits, b[:n]); err == nil {
			t.Errorf("%d of %d bytes are a record", n, len(b))
		}
	}
	if _, err := Read[int](limits, append(b, 0)); err == nil {
		t.Error("a byte too many was read")
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(sample().Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := Read[int](limits, b)
		if err != nil {
			return
		}
		if again, err := Read[int](limits, g.Append(nil)); err != nil || !bytes.Equal(again.Append(nil), g.Append(nil)) {
			t.Fatalf("%+v, %v", again, err)
		}
	})
}

// What the log is not to keep goes, but for what a member has.
func TestWhatTheLogIsNotToKeepGoes(t *testing.T) {
	g := sample()
	if n, skipped := g.Forgo(Place{1, at(4)}); n != 2 || skipped || g.Waiting() != 1 || g.Open() != 2 {
		t.Errorf("%d went, skipped %v; %d of %d wait", n, skipped, g.Waiting(), g.Open())
	}
	if n, skipped := g.Forgo(Place{1, at(9)}); n != 1 || !skipped || g.From(1) != at(9) || g.Needed(1) != at(1) {
		t.Errorf("%d went, skipped %v; from %v", n, skipped, g.From(1))
	}
	if !g.Ack(1, Place{1, at(1)}) || g.Open() != 0 || g.held != 0 || g.bytes != 0 {
		t.Errorf("%d are held, %d bytes", g.held, g.bytes)
	}
}

// What the log has lost is given up; what a member has is not.
func TestWhatTheLogHasLostIsGivenUp(t *testing.T) {
	g, err := Read[int](limits, sample().Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	g.Here(1, 5)
	if !g.Lacks(1) || g.Lose(1, at(2)) != 1 || g.Lacks(1) || g.Open() != 0 {
		t.Errorf("%d are open", g.Open())
	}
}
